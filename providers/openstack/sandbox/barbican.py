"""Barbican as far as its API reference tells: secrets with a payload, listed by name, one version each.

Not proved against a real service: none was at hand. What a client of openstacksdk needs is held to that client.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, stamp
from providers.openstack.sandbox.problems import Problem, bad_request, missing

_TABLE: Final = "barbican_secrets"
_CONTAINERS: Final = "barbican_containers"
_LARGEST: Final = 20_000
_LIMIT: Final = 10
_LISTED: Final = 100


def versions(call: Call) -> Answer:
    """Answer the root: 300 with the one version, as `GET /` of the API reference."""
    return Answer(300, {"versions": [_document(call)]})


def version(call: Call) -> Answer:
    """Answer /v1."""
    return Answer(200, {"version": _document(call)})


def _document(call: Call) -> dict[str, Any]:
    link = {"rel": "self", "href": f"{call.base}/v1/"}
    return {"id": "v1", "status": "CURRENT", "links": [link], "min_version": "1.0", "max_version": "1.1"}


def create(call: Call) -> Answer:
    """Keep a secret; its reference is all that is told."""
    body = call.payload if isinstance(call.payload, dict) else {}
    payload, kind = body.get("payload"), str(body.get("payload_content_type") or "")
    if not isinstance(payload, str) or not payload:
        raise bad_request("Provided object does not match schema 'Secret': 'payload' is too short")
    if len(payload.encode()) > _LARGEST:
        raise Problem(413, "Provided information too large to process: maximum payload size is 20000 bytes")
    if body.get("payload_content_encoding") == "base64":
        try:
            content = base64.b64decode(payload, validate=True)
        except (binascii.Error, ValueError) as error:
            raise bad_request("Problem with data in the payload: it is not base64") from error
    elif kind.startswith("text/plain"):
        content = payload.encode()
    else:
        raise bad_request("payload_content_encoding must be specified when payload_content_type is binary.")
    moment = stamp(micro=True)
    made = {
        "id": call.cloud.new_id(),
        "name": body.get("name"),
        "secret_type": body.get("secret_type", "opaque"),
        "status": "ACTIVE",
        "created": moment,
        "updated": moment,
        "expiration": body.get("expiration"),
        "content_types": {"default": kind},
        "algorithm": body.get("algorithm"),
        "bit_length": body.get("bit_length"),
        "mode": body.get("mode"),
        "creator_id": call.project.user_id,
        "_payload": content,
        "_project": call.project.id,
    }
    call.cloud.add(_TABLE, made)
    return Answer(201, {"secret_ref": _reference(call, made)})


def collection(call: Call) -> Answer:
    """List secrets, of one name where that is asked, ten a page where no limit is."""
    found = [s for s in call.visible(_TABLE) if call.query.get("name") in (None, s["name"])]
    if call.query.get("sort", "").startswith("created:desc"):
        found.reverse()
    start, limit = int(call.query.get("offset", 0)), min(int(call.query.get("limit", _LIMIT)), _LISTED)
    page = found[start : start + limit]
    answer: dict[str, Any] = {"secrets": [_shown(call, s) for s in page], "total": len(found)}
    if len(found) > start + limit:
        answer["next"] = f"{call.base}/v1/secrets?limit={limit}&offset={start + limit}"
    return Answer(200, answer)


def metadata(call: Call, key: str) -> Answer:
    """Describe one secret, without its payload."""
    return Answer(200, _shown(call, _find(call, key)))


def payload(call: Call, key: str) -> Answer:
    """Give what a secret holds, in the content type that it was stored with."""
    found = _find(call, key)
    kind, asked = found["content_types"]["default"], call.headers.get("Accept", "*/*")
    if asked.partition("/")[0] not in ("*", kind.partition("/")[0]):
        raise Problem(
            406, "Secret payload retrieval issue seen - the requested payload content type is not supported."
        )
    return Answer(200, found["_payload"], {"Content-Type": kind})


def delete(call: Call, key: str) -> Answer:
    """Forget one secret."""
    del call.cloud.table(_TABLE)[_find(call, key)["id"]]
    return Answer(204)


def _find(call: Call, key: str) -> Body:
    return call.find(_TABLE, key, missing("Secret not found."))


def _reference(call: Call, found: Body) -> str:
    return f"{call.base}/v1/secrets/{found['id']}"


def _shown(call: Call, found: Body) -> Body:
    told = {k: v for k, v in found.items() if not k.startswith("_") and k != "id"}
    return {**told, "secret_ref": _reference(call, found)}


def create_container(call: Call) -> Answer:
    """Keep a container of secrets that are there."""
    body = call.payload if isinstance(call.payload, dict) else {}
    references = body.get("secret_refs") or []
    for entry in references:
        key = str(entry.get("secret_ref")).rpartition("/")[2]
        if key not in call.cloud.table(_TABLE):
            raise missing("Secret provided for container doesn't exist.")
    moment = stamp(micro=True)
    made = {
        "id": call.cloud.new_id(),
        "name": body.get("name"),
        "type": body.get("type"),
        "status": "ACTIVE",
        "secret_refs": references,
        "created": moment,
        "updated": moment,
        "consumers": [],
        "creator_id": call.project.user_id,
        "_project": call.project.id,
    }
    call.cloud.add(_CONTAINERS, made)
    return Answer(201, {"container_ref": _container_reference(call, made)})


def _container_reference(call: Call, found: Body) -> str:
    return f"{call.base}/v1/containers/{found['id']}"


def _shown_container(call: Call, found: Body) -> Body:
    told = {k: v for k, v in found.items() if not k.startswith("_") and k != "id"}
    return {**told, "container_ref": _container_reference(call, found)}


def containers(call: Call) -> Answer:
    """List containers, ten a page where no limit is asked."""
    found = call.visible(_CONTAINERS)
    start, limit = int(call.query.get("offset", 0)), min(int(call.query.get("limit", _LIMIT)), _LISTED)
    page = [_shown_container(call, c) for c in found[start : start + limit]]
    answer: dict[str, Any] = {"containers": page, "total": len(found)}
    if len(found) > start + limit:
        answer["next"] = f"{call.base}/v1/containers?limit={limit}&offset={start + limit}"
    return Answer(200, answer)


def _find_container(call: Call, key: str) -> Body:
    return call.find(_CONTAINERS, key, missing("Container not found."))


def show_container(call: Call, key: str) -> Answer:
    """Show one."""
    return Answer(200, _shown_container(call, _find_container(call, key)))


def delete_container(call: Call, key: str) -> Answer:
    """Delete one; its secrets stay."""
    del call.cloud.table(_CONTAINERS)[_find_container(call, key)["id"]]
    return Answer(204)


OPEN = (Route("GET", "/", versions), Route("GET", "/v1", version), Route("GET", "/v1/", version))
ROUTES = (
    Route("POST", "/v1/secrets", create),
    Route("GET", "/v1/secrets", collection),
    Route("GET", "/v1/secrets/<key>", metadata),
    Route("GET", "/v1/secrets/<key>/payload", payload),
    Route("DELETE", "/v1/secrets/<key>", delete),
    Route("POST", "/v1/containers", create_container),
    Route("GET", "/v1/containers", containers),
    Route("GET", "/v1/containers/<key>", show_container),
    Route("DELETE", "/v1/containers/<key>", delete_container),
)
