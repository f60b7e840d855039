"""Keystone v3 as far as a client needs it: version documents, tokens with a catalogue, the token's own reading."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from providers.openstack.sandbox import keystone_manage
from providers.openstack.sandbox import keystone_store as store
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import DOMAIN, REGION, Project, stamp
from providers.openstack.sandbox.problems import UNAUTHENTICATED, Problem, bad_request, missing

_SERVICES = (
    ("identity", "keystone", "/identity/v3"),
    ("compute", "nova", "/compute/v2.1"),
    ("network", "neutron", "/network"),
    ("image", "glance", "/image"),
    ("volumev3", "cinder", "/volume/v3/{project}"),
    ("object-store", "swift", "/object-store/v1/AUTH_{project}"),
    ("dns", "designate", "/dns"),
    ("key-manager", "barbican", "/key-manager"),
    ("load-balancer", "octavia", "/load-balancer"),
)
_LIFETIME = dt.timedelta(hours=24)


def versions(call: Call) -> Answer:
    """Answer the unversioned root: 300 with the one version."""
    href = f"{call.base}/v3/"
    return Answer(300, {"versions": {"values": [_document(href)]}}, {"Location": href})


def version(call: Call) -> Answer:
    """Answer /v3."""
    return Answer(200, {"version": _document(f"{call.base}/v3/")})


def _document(href: str) -> dict[str, Any]:
    media = {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": href}],
        "media-types": [media],
    }


def issue(call: Call) -> Answer:
    """Give a token for the password; scoped to the project, with the catalogue."""
    project = _authenticate(call)
    token = call.cloud.token()
    call.cloud.tokens[token] = project
    root = call.base.removesuffix("/identity")
    return Answer(201, {"token": _token(project, root)}, {"X-Subject-Token": token, "Vary": "X-Auth-Token"})


def read(call: Call) -> Answer:
    """Say what a token is good for."""
    subject = call.headers.get("X-Subject-Token", "")
    project = call.cloud.tokens.get(subject)
    if project is None:
        raise missing("Could not find token.")
    root = call.base.removesuffix("/identity")
    return Answer(200, {"token": _token(project, root)}, {"X-Subject-Token": subject, "Vary": "X-Auth-Token"})


def _authenticate(call: Call) -> Project:
    auth = call.payload.get("auth") if isinstance(call.payload, dict) else None
    if not isinstance(auth, dict) or "identity" not in auth:
        raise bad_request("'auth' is a required property")
    identity, cloud = auth["identity"], call.cloud
    scope = auth.get("scope", {})
    wanted = scope.get("project", {}) if isinstance(scope, dict) else {}
    match identity.get("methods"):
        case ["token"]:
            known = cloud.tokens.get(str(identity.get("token", {}).get("id")))
            user = store.table(cloud, "users").get(known.user_id) if known is not None else None
            found = store.session(cloud, user, wanted or {"id": known.id}) if user and known else None
        case ["application_credential"]:
            found = store.by_credential(cloud, identity.get("application_credential", {}))
        case _:
            user = store.by_password(cloud, identity.get("password", {}).get("user", {}))
            found = store.session(cloud, user, wanted) if user is not None else None
    if found is None:
        raise Problem(401, UNAUTHENTICATED)
    return found


def _token(project: Project, root: str) -> dict[str, Any]:
    user = {"domain": DOMAIN, "id": project.user_id, "name": project.user, "password_expires_at": None}
    expiry = dt.datetime.now(tz=dt.UTC) + _LIFETIME
    return {
        "methods": ["password"],
        "user": user,
        "audit_ids": [secrets.token_urlsafe(16)],
        "expires_at": expiry.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        "issued_at": stamp(micro=True) + "Z",
        "project": {"domain": DOMAIN, "id": project.id, "name": project.name},
        "is_domain": False,
        "roles": [{"id": name, "name": name} for name in project.roles],
        "catalog": [
            _entry(kind, name, root + path.format(project=project.id)) for kind, name, path in _SERVICES
        ],
    }


def _entry(kind: str, name: str, url: str) -> dict[str, Any]:
    endpoints = [
        {"id": f"{name}-{face}", "interface": face, "region_id": REGION, "url": url, "region": REGION}
        for face in ("public", "internal", "admin")
    ]
    return {"endpoints": endpoints, "id": name, "type": kind, "name": name}


OPEN = (
    Route("GET", "/", versions),
    Route("GET", "/v3", version),
    Route("GET", "/v3/", version),
    Route("POST", "/v3/auth/tokens", issue),
)
ROUTES = (Route("GET", "/v3/auth/tokens", read), *keystone_manage.ROUTES)
