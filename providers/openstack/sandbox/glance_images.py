"""Glance's own images: made without data, sent data or told where to fetch it, changed by JSON patches, deleted."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, stamp
from providers.openstack.sandbox.glance import image_body, lost
from providers.openstack.sandbox.problems import Problem, bad_request, conflict, forbidden, missing

_FORMATS: Final = ("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop")
_READ_ONLY: Final = frozenset(
    ("status", "size", "checksum", "os_hash_value", "id", "created_at", "updated_at")
)


def create(call: Call) -> Answer:
    """Make one without data: queued."""
    body = dict(call.payload) if isinstance(call.payload, dict) else {}
    _check(call, {name: value for name, value in body.items() if name != "id"})
    moment = stamp()
    image = {
        **{k: v for k, v in body.items() if k != "id"},
        "name": body.get("name"),
        "disk_format": body.get("disk_format"),
        "container_format": body.get("container_format"),
        "visibility": body.get("visibility", "shared"),
        "size": None,
        "virtual_size": None,
        "status": "queued",
        "checksum": None,
        "protected": body.get("protected", False),
        "min_ram": body.get("min_ram", 0),
        "min_disk": body.get("min_disk", 0),
        "owner": call.project.id,
        "os_hidden": body.get("os_hidden", False),
        "os_hash_algo": None,
        "os_hash_value": None,
        "id": body.get("id") or call.cloud.new_id(),
        "created_at": moment,
        "updated_at": moment,
        "tags": list(dict.fromkeys(body.get("tags", ()))),
        "_public": body.get("visibility") == "public",
        "_project": call.project.id,
    }
    return Answer(201, image_body(call.cloud.add("images", image)))


def _check(call: Call, body: Body) -> None:
    for name in _READ_ONLY:
        if name in body:
            raise forbidden(f"Attribute '{name}' is read-only.")
    if body.get("disk_format") not in (None, *_FORMATS):
        what = f"{body['disk_format']!r} is not one of {[None, *_FORMATS]}"
        raise bad_request(f"Provided object does not match schema 'image': {what}")
    if body.get("visibility") == "public" and not call.project.is_admin:
        raise forbidden("You are not authorized to complete publicize_image action.")


def _own(call: Call, key: str) -> Body:
    found = call.find("images", key, lost(key))
    if found["_project"] != call.project.id and not call.project.is_admin:
        raise forbidden("You are not permitted to modify this image.")
    return found


def upload(call: Call, key: str) -> Answer:
    """Take the data of a queued image; it is active at once."""
    found = _own(call, key)
    if found["status"] != "queued":
        raise conflict(f"Image status transition from {found['status']} to saving is not allowed")
    _fill(found, call.data)
    return Answer(204)


def _fill(found: Body, data: bytes) -> None:
    found.update(
        size=len(data),
        virtual_size=len(data),
        status="active",
        checksum=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        os_hash_algo="sha512",
        os_hash_value=hashlib.sha512(data).hexdigest(),
        stores="fs",
        updated_at=stamp(),
    )


def fetch(call: Call, key: str) -> Answer:
    """Pretend to fetch it from an address, which the simulator never calls: active after a while."""
    found = _own(call, key)
    method = (call.payload or {}).get("method", {})
    if method.get("name") != "web-download":
        raise bad_request(f"Unknown import method name '{method.get('name')}'.")
    found["status"] = "importing"
    content = str(method.get("uri")).encode()
    call.cloud.later(call.cloud.transition, lambda: _fill(found, content))
    return Answer(202)


def patch(call: Call, key: str) -> Answer:
    """Apply a JSON patch of the one level that images have."""
    found = _own(call, key)
    for change in call.payload if isinstance(call.payload, list) else ():
        _apply(call, found, change)
    found["updated_at"] = stamp()
    found["_public"] = found["visibility"] == "public"
    return Answer(200, image_body(found))


def _apply(call: Call, found: Body, change: Body) -> None:
    name = re.sub("~1", "/", str(change["path"])[1:]).replace("~0", "~")
    if name in {"disk_format", "container_format"} and found["status"] != "queued":
        raise forbidden(f"Attribute '{name}' is read-only.")
    _check(call, {name: change.get("value")})
    if change["op"] == "remove":
        if name not in found:
            what = "There was a conflict when trying to complete your request."
            raise conflict(f"{what}\nProperty {name} does not exist.")
        del found[name]
        return
    value: Any = change["value"]
    found[name] = list(dict.fromkeys(value)) if name == "tags" else value


def delete(call: Call, key: str) -> Answer:
    """Delete one that is not protected."""
    call.find("images", key, missing(f"Failed to find image {key} to delete"))
    found = _own(call, key)
    if found["protected"]:
        raise Problem(403, f"Image {key} is protected and cannot be deleted.")
    del call.cloud.table("images")[key]
    return Answer(204)


_ONE = "/v2/images/<key>"
ROUTES = (
    Route("POST", "/v2/images", create),
    Route("PUT", f"{_ONE}/file", upload),
    Route("POST", f"{_ONE}/import", fetch),
    Route("PATCH", _ONE, patch),
    Route("DELETE", _ONE, delete),
)
