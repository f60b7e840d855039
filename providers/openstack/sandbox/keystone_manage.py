"""What administrators keep in Keystone: projects, users, groups, roles, grants; and everybody's application credentials."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from providers.openstack.sandbox import keystone_store as store
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body
from providers.openstack.sandbox.problems import Problem, bad_request, conflict, missing


@dataclass(frozen=True, slots=True)
class Kept:
    """One collection: its singular, what a body of it starts with, and what is only sent."""

    one: str
    many: str
    start: Mapping[str, Any]
    takes: tuple[str, ...]
    extra: tuple[str, ...] | None = None
    """What the answer to a change tells once more, as what Keystone has no columns for."""


_KEPT: Final = (
    Kept(
        "project",
        "projects",
        {"domain_id": "default", "description": "", "enabled": True, "is_domain": False, "tags": []},
        ("name", "domain_id", "description", "enabled", "is_domain", "parent_id", "tags", "options"),
        extra=(),
    ),
    Kept(
        "user",
        "users",
        {"domain_id": "default", "enabled": True, "password_expires_at": None},
        ("name", "domain_id", "description", "enabled", "email", "default_project_id", "password", "options"),
        extra=("description", "email"),
    ),
    Kept(
        "group", "groups", {"domain_id": "default", "description": ""}, ("name", "domain_id", "description")
    ),
    Kept(
        "role",
        "roles",
        {"domain_id": None, "description": None},
        ("name", "domain_id", "description", "options"),
    ),
)


_DUPLICATE: Final = {
    "project": "it is not permitted to have two projects with either the same name or same id in the same domain: "
    "name is {name}, project id {id}",
    "role": "Duplicate entry found with name {name}",
}
"""How a name that is taken is told, where not as of users and groups."""


def nameless(kind: str) -> Problem:
    """Say that a name is missing."""
    return bad_request(
        f"Invalid input for field/attribute {kind}. Value: {{}}. 'name' is a required property"
    )


def administrator(call: Call, rule: str) -> None:
    """Refuse everybody else, in Keystone's words."""
    if not call.project.is_admin:
        raise Problem(403, f"You are not authorized to perform the requested action: identity:{rule}.")


def _find(call: Call, many: str, key: str) -> Body:
    found = store.table(call.cloud, many).get(key)
    if found is None:
        raise missing(f"Could not find {many.removesuffix('s')}: {key}.")
    return found


def _shown(call: Call, kept: Kept, body: Body) -> Body:
    links = {"self": f"{call.base}/v3/{kept.many}/{body['id']}"}
    options = {"options": body.get("options", {})} if "options" in kept.takes else {}
    return {**store.public(body), **options, "links": links}


def _listed(kept: Kept, call: Call) -> Answer:
    administrator(call, f"list_{kept.many}")
    query = {k: v for k, v in call.query.items() if k in {"name", "domain_id", "enabled"}}
    bodies = store.table(call.cloud, kept.many).values()
    found = [b for b in bodies if all(str(b.get(k)).lower() == v.lower() for k, v in query.items())]
    links = {"next": None, "self": call.full_url, "previous": None}
    return Answer(200, {kept.many: [_shown(call, kept, b) for b in found], "links": links})


def _create(kept: Kept, call: Call) -> Answer:
    administrator(call, f"create_{kept.one}")
    body = _checked(call, kept)
    if "name" not in body:
        raise nameless(kept.one)
    made = {"id": call.cloud.new_id().replace("-", ""), **kept.start, **body}
    if kept.one == "project":
        made.setdefault("parent_id", made["domain_id"])
    _check_free(call, kept, made)
    return Answer(201, {kept.one: _shown(call, kept, store.add(call.cloud, kept.many, made))})


def _checked(call: Call, kept: Kept) -> Body:
    payload = call.payload if isinstance(call.payload, dict) else {}
    if not isinstance(payload.get(kept.one), dict):
        raise bad_request(f"'{kept.one}' is a required property")
    body = dict(payload[kept.one])
    if "password" in body:
        body["_password"] = body.pop("password")
    return body


def _check_free(call: Call, kept: Kept, body: Body) -> None:
    for known in store.table(call.cloud, kept.many).values():
        same = known["name"] == body["name"] and known["domain_id"] == body["domain_id"]
        if same and known["id"] != body["id"]:
            what = _DUPLICATE.get(
                kept.one, "Duplicate entry found with name {name} at domain ID {domain_id}"
            ).format(**body)
            raise conflict(f"Conflict occurred attempting to store {kept.one} - {what}.")


def _show(kept: Kept, call: Call, key: str) -> Answer:
    if kept.many != "projects" or key != call.project.id:
        administrator(call, f"get_{kept.one}")
    return Answer(200, {kept.one: _shown(call, kept, _find(call, kept.many, key))})


def _update(kept: Kept, call: Call, key: str) -> Answer:
    administrator(call, f"update_{kept.one}")
    found, body = _find(call, kept.many, key), _checked(call, kept)
    if body.get("domain_id", found["domain_id"]) != found["domain_id"]:
        raise bad_request("Cannot change Domain ID.")
    _check_free(call, kept, {**found, **body})
    found.update(body)
    extra = {name: found[name] for name in kept.extra or () if name in found}
    shown = _shown(call, kept, found)
    return Answer(200, {kept.one: shown if kept.extra is None else {**shown, "extra": extra}})


def _delete(kept: Kept, call: Call, key: str) -> Answer:
    administrator(call, f"delete_{kept.one}")
    _find(call, kept.many, key)
    store.forget(call.cloud, kept.many, key)
    return Answer(204)


def _routes(kept: Kept) -> tuple[Route, ...]:
    root = f"/v3/{kept.many}"
    one = f"{root}/<key>"
    return (
        Route("GET", root, partial(_listed, kept)),
        Route("POST", root, partial(_create, kept)),
        Route("GET", one, partial(_show, kept)),
        Route("PATCH", one, partial(_update, kept)),
        Route("DELETE", one, partial(_delete, kept)),
    )


def domains(call: Call) -> Answer:
    """List the domains."""
    administrator(call, "list_domains")
    name = call.query.get("name")
    found = [
        {**store.public(d), "links": {"self": f"{call.base}/v3/domains/{d['id']}"}}
        for d in store.table(call.cloud, "domains").values()
        if name in {None, d["name"]}
    ]
    return Answer(200, {"domains": found, "links": {"next": None, "self": call.full_url, "previous": None}})


def grant(call: Call, where: str, scope: str, kind: str, who: str, role: str) -> Answer:
    """Give a role, take it back, or say whether it is there."""
    administrator(call, {"PUT": "create_grant", "DELETE": "revoke_grant"}.get(call.method, "check_grant"))
    for many, key in ((where, scope), (kind, who), ("roles", role)):
        _find(call, many, key)
    ends = (call.cloud, f"{where}/{scope}", f"{kind}/{who}", role)
    if call.method == "PUT":
        store.grant(*ends)
        return Answer(204)
    there = store.revoke(*ends) if call.method == "DELETE" else store.granted(*ends)
    if not there:
        what = "Could not find role assignment with role"
        raise missing(f"{what}: {role}, user or group: {who}, project, domain, or system: {scope}.")
    return Answer(204)


def assignments(call: Call) -> Answer:
    """List who has which role where, of one user or project where that is asked."""
    administrator(call, "list_role_assignments")
    entries = [_assignment(call, entry) for entry in call.cloud.table("identity_grants").values()]
    asked = {
        k: v for k, v in call.query.items() if k in {"user.id", "group.id", "role.id", "scope.project.id"}
    }
    found = [e for e in entries if all(_at(e, path) == value for path, value in asked.items())]
    links = {"next": None, "self": call.full_url, "previous": None}
    return Answer(200, {"role_assignments": found, "links": links})


def _at(entry: Body, path: str) -> Any:
    value: Any = entry
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _assignment(call: Call, entry: Body) -> Body:
    where, _, scope = entry["scope"].partition("/")
    kind, _, who = entry["who"].partition("/")
    return {
        "links": {"assignment": f"{call.base}/v3/{entry['id']}"},
        "scope": {where.removesuffix("s"): {"id": scope}},
        kind.removesuffix("s"): {"id": who},
        "role": {"id": entry["role"]},
    }


def membership(call: Call, group: str, user: str) -> Answer:
    """Put a user into a group, take one out, or say whether one is in."""
    rule = {"PUT": "add_user_to_group", "DELETE": "remove_user_from_group"}
    administrator(call, rule.get(call.method, "check_user_in_group"))
    _find(call, "groups", group)
    _find(call, "users", user)
    if call.method == "PUT":
        store.join(call.cloud, group, user)
        return Answer(204)
    ends = (call.cloud, group, user)
    there = store.part(*ends) if call.method == "DELETE" else store.joined(*ends)
    if not there:
        raise missing(f"User '{user}' not found in group '{group}'")
    return Answer(204)


def members(call: Call, group: str) -> Answer:
    """List the users in a group."""
    administrator(call, "list_users_in_group")
    _find(call, "groups", group)
    kept = next(k for k in _KEPT if k.many == "users")
    mine = [u for u in store.table(call.cloud, "users").values() if store.joined(call.cloud, group, u["id"])]
    links = {"next": None, "self": call.full_url, "previous": None}
    return Answer(200, {"users": [_shown(call, kept, u) for u in mine], "links": links})


def _own(call: Call, user: str) -> None:
    if user != call.project.user_id:
        administrator(call, "get_application_credential")


def credentials(call: Call, user: str) -> Answer:
    """List a user's application credentials, without their secrets."""
    _own(call, user)
    mine = [c for c in store.table(call.cloud, "application_credentials").values() if c["user_id"] == user]
    found = [c for c in mine if call.query.get("name") in {None, c["name"]}]
    links = {"next": None, "self": call.full_url, "previous": None}
    return Answer(200, {"application_credentials": [_credential(call, c) for c in found], "links": links})


def _credential(call: Call, body: Body) -> Body:
    links = {"self": f"{call.base}/v3/application_credentials/{body['id']}"}
    return {**store.public(body), "links": links}


def create_credential(call: Call, user: str) -> Answer:
    """Make one for the token's own project; its secret is told now and never again."""
    if user != call.project.user_id:
        raise Problem(
            403,
            "You are not authorized to perform the requested action: identity:create_application_credential.",
        )
    body = call.payload["application_credential"]
    if "name" not in body:
        raise nameless("application_credential")
    known = [c for c in store.table(call.cloud, "application_credentials").values() if c["user_id"] == user]
    if any(c["name"] == body["name"] for c in known):
        what = f"Duplicate entry found with name {body['name']}"
        raise conflict(f"Conflict occurred attempting to store application_credential - {what}.")
    secret = body.get("secret") or secrets.token_urlsafe(64)
    made = {
        "id": call.cloud.new_id().replace("-", ""),
        "name": body["name"],
        "description": body.get("description"),
        "user_id": user,
        "project_id": call.project.id,
        "system": None,
        "expires_at": body.get("expires_at"),
        "unrestricted": body.get("unrestricted"),
        "roles": _roles(call, body.get("roles")),
        "_secret": secret,
    }
    told = _credential(call, store.add(call.cloud, "application_credentials", made))
    return Answer(201, {"application_credential": {**told, "secret": secret}})


def _roles(call: Call, wanted: list[Body] | None) -> list[Body]:
    known = {role["name"]: role for role in store.table(call.cloud, "roles").values()}
    names = call.project.roles if wanted is None else [_role_name(call, role) for role in wanted]
    if not set(names) <= set(call.project.roles):
        raise bad_request("Invalid application credential: Could not find role assignment with role")
    implied = {
        "admin": ("manager", "member", "reader"),
        "manager": ("member", "reader"),
        "member": ("reader",),
    }
    every = dict.fromkeys([n for name in names for n in (name, *implied.get(name, ()))])
    return [{**store.public(known[name]), "options": {"immutable": True}} for name in every]


def _role_name(call: Call, role: Body) -> str:
    return str(role.get("name") or _find(call, "roles", role["id"])["name"])


def _credential_of(call: Call, user: str, key: str) -> Body:
    _own(call, user)
    found = store.table(call.cloud, "application_credentials").get(key)
    if found is None or found["user_id"] != user:
        raise missing(f"Could not find Application Credential: {key}.")
    return found


def show_credential(call: Call, user: str, key: str) -> Answer:
    """Show one, without its secret."""
    return Answer(200, {"application_credential": _credential(call, _credential_of(call, user, key))})


def delete_credential(call: Call, user: str, key: str) -> Answer:
    """Delete one: nobody gets in with it any more."""
    store.forget(call.cloud, "application_credentials", _credential_of(call, user, key)["id"])
    return Answer(204)


_GRANT = "/v3/<any(projects, domains):where>/<scope>/<any(users, groups):kind>/<who>/roles/<role>"
_MEMBER = "/v3/groups/<group>/users/<user>"
_CREDENTIALS = "/v3/users/<user>/application_credentials"
ROUTES = (
    *(route for kept in _KEPT for route in _routes(kept)),
    Route("GET", "/v3/domains", domains),
    *(Route(method, _GRANT, grant) for method in ("GET", "PUT", "DELETE")),
    *(Route(method, _MEMBER, membership) for method in ("GET", "PUT", "DELETE")),
    Route("GET", "/v3/groups/<group>/users", members),
    Route("GET", "/v3/role_assignments", assignments),
    Route("GET", _CREDENTIALS, credentials),
    Route("POST", _CREDENTIALS, create_credential),
    Route("GET", f"{_CREDENTIALS}/<key>", show_credential),
    Route("DELETE", f"{_CREDENTIALS}/<key>", delete_credential),
)
