"""The rest of Nova: version documents, flavors, key pairs, limits, zones."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, stamp
from providers.openstack.sandbox.listing import links as page_links
from providers.openstack.sandbox.listing import page
from providers.openstack.sandbox.nova_base import MAXIMUM, MINIMUM, check_schema, flavor_body, links
from providers.openstack.sandbox.problems import Problem, bad_request, conflict, forbidden, missing
from providers.openstack.sandbox.quotas import COMPUTE_ROUTES

_KEY_NAME = "^[_\\-\\@\\. a-zA-Z0-9]+$"


def _document(call: Call) -> Body:
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": ".".join(str(part) for part in MAXIMUM),
        "min_version": ".".join(str(part) for part in MINIMUM),
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{call.base}/v2.1/"}],
    }


def versions(call: Call) -> Answer:
    """Answer the unversioned root."""
    return Answer(200, {"versions": [_document(call)]})


def version(call: Call) -> Answer:
    """Answer /v2.1."""
    media = {"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}
    return Answer(200, {"version": {**_document(call), "media-types": [media]}})


def flavors(call: Call, *, detail: bool) -> Answer:
    """List flavors, in the order of their ids."""
    seen = (f for f in call.cloud.table("flavors").values() if _usable(call, f))
    found = sorted(seen, key=lambda f: str(f["id"]))
    lost = bad_request(f"marker [{call.query.get('marker')}] not found")
    chunk, marker = page(call, found, lost=lost, default=1000)
    shown = [flavor_body(call, f) if detail else _brief(call, f) for f in chunk]
    return Answer(200, {"flavors": shown, **page_links(call, "flavors", marker)})


def _usable(call: Call, flavor: Body) -> bool:
    """Private ones are seen by those who have access, and by administrators who ask for them."""
    if flavor["_public"]:
        return True
    if call.project.is_admin:
        return call.query.get("is_public") in {"None", "False", "false"}
    return call.project.id in flavor["tenants"]


def _brief(call: Call, flavor: Body) -> Body:
    return {
        "id": flavor["id"],
        "name": flavor["name"],
        "links": links(call, "flavors", flavor["id"]),
        "description": None,
    }


def keypairs(call: Call) -> Answer:
    """List the caller's own key pairs."""
    own = [k for k in call.visible("keypairs") if k["user_id"] == call.project.user_id]
    short = [{"keypair": {n: k[n] for n in ("name", "public_key", "fingerprint", "type")}} for k in own]
    return Answer(200, {"keypairs": short})


def keypair(call: Call, key: str) -> Answer:
    """Show one key pair."""
    found = _find_key(call, key)
    times = {"created_at": found["_created"], "deleted": False, "deleted_at": None, "updated_at": None}
    return Answer(200, {"keypair": {**_public(found), **times, "id": found["_order"]}})


def _find_key(call: Call, key: str) -> Body:
    lost = missing(f"Keypair {key} not found for user {call.project.user_id}")
    return call.find("keypairs", f"{call.project.user_id}/{key}", lost)


def _public(found: Body) -> Body:
    return {name: found[name] for name in ("type", "name", "public_key", "fingerprint", "user_id")}


def create_keypair(call: Call) -> Answer:
    """Import a public key, or make a pair and tell its private key once; since 2.92 nothing is generated."""
    body = call.body("keypair")
    needed = ("name", "public_key") if call.version >= (2, 92) else ("name",)
    types: dict[str, type] = {"name": str, "public_key": str, "type": str, "user_id": str}
    check_schema(body, field="keypair", types=types, required=needed)
    _check_keypair(call, body)
    private, public = (None, body["public_key"]) if "public_key" in body else _pair()
    key = f"{call.project.user_id}/{body['name']}"
    if key in call.cloud.table("keypairs"):
        raise conflict(f"Key pair '{body['name']}' already exists.")
    if len(call.cloud.owned("keypairs", call.project)) >= call.cloud.quotas.key_pairs:
        raise forbidden("Quota exceeded, too many key pairs.")
    made = {
        "id": key,
        "name": body["name"],
        "type": body.get("type", "ssh"),
        "public_key": public,
        "fingerprint": _fingerprint(public),
        "user_id": call.project.user_id,
        "_project": call.project.id,
        "_created": stamp(micro=True),
    }
    call.cloud.add("keypairs", made)
    told = {} if private is None else {"private_key": private}
    return Answer(201, {"keypair": {**_public(made), **told}})


def _pair() -> tuple[str, str]:
    """What Nova makes: RSA of 2048 bits, the private key in the traditional form."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), f"{public.decode()} Generated-by-Nova"


def _check_keypair(call: Call, body: Body) -> None:
    name, kind = body["name"], body.get("type", "ssh")
    pattern = _KEY_NAME if call.version >= (2, 92) else ".*"
    if not re.match(pattern, name):
        what = f"{name!r} does not match {_KEY_NAME!r}"
        raise bad_request(f"Invalid input for field/attribute name. Value: {name}. {what}")
    if kind not in {"ssh", "x509"}:
        what = f"{kind!r} is not one of ['ssh', 'x509']"
        raise bad_request(f"Invalid input for field/attribute type. Value: {kind}. {what}")
    if "public_key" not in body and kind == "x509":
        raise bad_request("The sandbox makes no certificates: send a public_key")


def _fingerprint(public_key: str) -> str:
    refusal = bad_request("Keypair data is invalid: failed to generate fingerprint")
    parts = public_key.split()
    if len(parts) < 2:
        raise refusal
    try:
        digest = hashlib.md5(base64.b64decode(parts[1], validate=True), usedforsecurity=False).hexdigest()
    except (binascii.Error, ValueError) as error:
        raise refusal from error
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def delete_keypair(call: Call, key: str) -> Answer:
    """Delete one key pair."""
    del call.cloud.table("keypairs")[_find_key(call, key)["id"]]
    return Answer(204 if call.version >= (2, 2) else 202)


def zones(_call: Call) -> Answer:
    """Give the one availability zone."""
    zone = {"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}
    return Answer(200, {"availabilityZoneInfo": [zone]})


def asked_version(headers: Any) -> tuple[int, int]:
    """Read the microversion that a request asks for; 2.1 where it asks for none. Refuses what is not served."""
    header = str(headers.get("OpenStack-API-Version", ""))
    text = header.removeprefix("compute ") if header.startswith("compute ") else ""
    text = text or str(headers.get("X-OpenStack-Nova-API-Version", "")) or "2.1"
    if text == "latest":
        return MAXIMUM
    major, _, minor = text.partition(".")
    version = (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)
    if not MINIMUM <= version <= MAXIMUM:
        low, high = (".".join(str(p) for p in v) for v in (MINIMUM, MAXIMUM))
        raise Problem(
            406, f"Version {text} is not supported by the API. Minimum is {low} and maximum is {high}."
        )
    return version


OPEN = (Route("GET", "/", versions), Route("GET", "/v2.1", version), Route("GET", "/v2.1/", version))
ROUTES = (
    Route("GET", "/v2.1/flavors", lambda call: flavors(call, detail=False)),
    Route("GET", "/v2.1/flavors/detail", lambda call: flavors(call, detail=True)),
    Route("GET", "/v2.1/os-keypairs", keypairs),
    Route("POST", "/v2.1/os-keypairs", create_keypair),
    Route("GET", "/v2.1/os-keypairs/<key>", keypair),
    Route("DELETE", "/v2.1/os-keypairs/<key>", delete_keypair),
    *COMPUTE_ROUTES,
    Route("GET", "/v2.1/os-availability-zone", zones),
)
