"""Cinder's volumes: creating, then available; extended, attached (by Nova), deleted after a while."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cinder_types import named
from providers.openstack.sandbox.cloud import Body, Cloud, shown, stamp
from providers.openstack.sandbox.listing import links as page_links
from providers.openstack.sandbox.listing import page
from providers.openstack.sandbox.nova_base import check_schema, check_type
from providers.openstack.sandbox.problems import Problem, bad_request, missing
from providers.openstack.sandbox.quotas import VOLUME_ROUTES, check_volumes

MINIMUM, MAXIMUM = (3, 0), (3, 71)
_SERVICE = "17c324b3-5ea3-4c64-b4f6-d88c115cf340"
_CREATE: dict[str, type] = {
    "size": object,
    "name": str,
    "description": str,
    "metadata": dict,
    "volume_type": str,
    "availability_zone": str,
    "imageRef": str,
    "snapshot_id": str,
    "source_volid": str,
    "multiattach": object,
    "consistencygroup_id": str,
    "backup_id": str,
    "group_id": str,
}
_FILTERS = {
    "name",
    "status",
    "limit",
    "marker",
    "sort",
    "sort_key",
    "sort_dir",
    "all_tenants",
    "metadata",
    "offset",
}
_IMAGE_METADATA = ("checksum", "container_format", "disk_format", "min_disk", "min_ram", "size")
_DELETABLE = ("available", "error", "error_restoring", "error_extending", "error_managing")


def version(call: Call) -> Answer:
    """Answer /v3 (200) and the root (300) alike."""
    href = f"{call.base}/v3/"
    media = {"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}
    document = {
        "id": "v3.0",
        "status": "CURRENT",
        "version": ".".join(str(part) for part in MAXIMUM),
        "min_version": ".".join(str(part) for part in MINIMUM),
        "updated": "2023-08-31T00:00:00Z",
        "links": [{"rel": "self", "href": href}],
        "media-types": [media],
    }
    at_root = call.full_url.split("?")[0].rstrip("/") == call.base
    return Answer(300 if at_root else 200, {"versions": [document]})


def asked_version(headers: Any) -> tuple[int, int]:
    """Read the microversion that a request asks for; 3.0 where it asks for none. Refuses what is not served."""
    text = str(headers.get("OpenStack-API-Version", "volume 3.0")).removeprefix("volume ")
    if text == "latest":
        return MAXIMUM
    major, _, minor = text.partition(".")
    asked = (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)
    if not MINIMUM <= asked <= MAXIMUM:
        raise Problem(406, f"Version {text} is not supported by the API. Minimum is 3.0 and maximum is 3.71.")
    return asked


def _find(call: Call, key: str) -> Body:
    return call.find("volumes", key, missing(f"Volume {key} could not be found."))


def create(call: Call, project: str) -> Answer:
    """Accept a volume: 202, in state creating."""
    del project
    body = call.body("volume")
    check_schema(body, field="volume", types=_CREATE, required=())
    if "size" not in body:
        message = "The server could not comply with the request since it is either malformed or otherwise incorrect."
        raise bad_request(message)
    size = _size(body["size"])
    named(call, body.get("volume_type"))
    if body.get("imageRef") and body["imageRef"] not in call.cloud.table("images"):
        raise bad_request("Invalid image identifier or unable to access requested image.")
    _check_source(call, body, size)
    check_volumes(call, size)
    return Answer(202, {"volume": _body(call, added(call, body, size))})


def added(call: Call, body: Body, size: int) -> Body:
    """Keep a new volume; it is available a while later, unless somebody has taken it by then."""
    volume = call.cloud.add("volumes", _new(call, body, size, named(call, body.get("volume_type"))))
    call.cloud.later(call.cloud.transition, lambda: _ready(call, volume, body.get("imageRef")))
    return volume


def _check_source(call: Call, body: Body, size: int) -> None:
    for name, table, what in (
        ("snapshot_id", "snapshots", "Snapshot"),
        ("source_volid", "volumes", "Volume"),
    ):
        if body.get(name) is None:
            continue
        source = call.find(table, body[name], missing(f"{what} {body[name]} could not be found."))
        if size < source["size"]:
            raise bad_request(
                f"Invalid input received: Volume size '{size}'GB cannot be smaller than the "
                f"{what.lower()} size {source['size']}GB. They must be >= original {what.lower()} size."
            )


def _ready(call: Call, volume: Body, image: str | None) -> None:
    source = call.cloud.table("images").get(image or "")
    if source is not None:
        told = {name: str(source[name]) for name in _IMAGE_METADATA}
        volume["volume_image_metadata"] = {"image_id": source["id"], "image_name": source["name"], **told}
        volume["bootable"] = "true"
    if volume["status"] == "creating":
        volume.update(
            status="available", updated_at=stamp(micro=True), shared_targets=False, service_uuid=_SERVICE
        )


def _size(value: Any) -> int:
    start = f"Invalid input for field/attribute size. Value: {value}."
    if isinstance(value, str) and not re.fullmatch("[0-9]+", value):
        raise bad_request(f"{start} '{value}' does not match '^[0-9]+$'")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise bad_request(f"{start} {value!r} is not of type 'integer', 'string'")
    if int(value) < 1:
        raise bad_request(f"{start} {value} is less than the minimum of 1")
    return int(value)


def _new(call: Call, body: Body, size: int, kind: Body) -> Body:
    return {
        "id": call.cloud.new_id(),
        "status": "creating",
        "size": size,
        "availability_zone": body.get("availability_zone") or "nova",
        "created_at": stamp(micro=True),
        "updated_at": None,
        "name": body.get("name"),
        "description": body.get("description"),
        "volume_type": kind["name"],
        "snapshot_id": body.get("snapshot_id"),
        "source_volid": body.get("source_volid"),
        "metadata": dict(body.get("metadata") or {}),
        "user_id": call.project.user_id,
        "bootable": "false",
        "encrypted": False,
        "replication_status": None,
        "consistencygroup_id": None,
        "multiattach": bool(body.get("multiattach")),
        "attachments": [],
        "group_id": None,
        "shared_targets": True,
        "service_uuid": None,
        "volume_type_id": kind["id"],
        "consumes_quota": True,
        "_project": call.project.id,
    }


def _body(call: Call, volume: Body) -> Body:
    root, project = call.base, volume["_project"]
    links = [
        {"rel": "self", "href": f"{root}/v3/{project}/volumes/{volume['id']}"},
        {"rel": "bookmark", "href": f"{root}/{project}/volumes/{volume['id']}"},
    ]
    body = {**shown(volume), "links": links}
    if call.method == "GET":
        body["os-vol-tenant-attr:tenant_id"] = project
    return body


def listed(call: Call, *, detail: bool) -> Answer:
    """List volumes, newest first."""
    unknown = [name for name in call.query if name not in _FILTERS]
    if unknown:
        raise bad_request(f"Invalid filters {','.join(unknown)} are found in query options.")
    found = [v for v in reversed(call.visible("volumes")) if _matches(call, v)]
    lost = missing(f"Volume {call.query.get('marker')} could not be found.")
    chunk, marker = page(call, found, lost=lost, default=1000)
    shape = [
        _body(call, v) if detail else {n: _body(call, v)[n] for n in ("id", "name", "links")} for v in chunk
    ]
    return Answer(200, {"volumes": shape, **page_links(call, "volumes", marker)})


def brief(call: Call, project: str) -> Answer:
    """List ids and names."""
    del project
    return listed(call, detail=False)


def detailed(call: Call, project: str) -> Answer:
    """List in full."""
    del project
    return listed(call, detail=True)


def _matches(call: Call, volume: Body) -> bool:
    own = volume["_project"] == call.project.id or bool(call.query.get("all_tenants"))
    wanted = ((name, call.query.get(name)) for name in ("name", "status"))
    return own and all(value is None or volume[name] == value for name, value in wanted)


def show(call: Call, project: str, key: str) -> Answer:
    """Show one volume."""
    del project
    return Answer(200, {"volume": _body(call, _find(call, key))})


def update(call: Call, project: str, key: str) -> Answer:
    """Change name, description, metadata; nothing else may be sent."""
    del project
    volume, body = _find(call, key), call.body("volume")
    types: dict[str, type] = {"name": str, "description": str, "metadata": dict}
    check_schema(body, field="volume", types=types, required=())
    volume.update(body)
    return Answer(200, {"volume": _body(call, volume)})


def delete(call: Call, project: str, key: str) -> Answer:
    """Start deleting: 202 now, gone a while later; refused while attached."""
    del project
    volume = _find(call, key)
    kept = any(s["volume_id"] == key for s in call.cloud.table("snapshots").values())
    if volume["status"] not in _DELETABLE or volume["attachments"] or kept:
        raise bad_request(
            "Invalid volume: Volume status must be available or error or error_restoring or error_extending or "
            "error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a "
            "transfer, or be disassociated from snapshots after volume transfer."
        )
    volume["status"] = "deleting"
    call.cloud.later(call.cloud.transition / 2, partial(_vanish, call.cloud, key))
    return Answer(202)


def _vanish(cloud: Cloud, key: str) -> None:
    cloud.table("volumes").pop(key, None)


def act(call: Call, project: str, key: str) -> Answer:
    """Extend; nothing else is needed here."""
    del project
    volume = _find(call, key)
    arguments = call.payload.get("os-extend") if isinstance(call.payload, dict) else None
    if not isinstance(arguments, dict):
        raise bad_request(f"There is no such action: {next(iter(call.payload or {'': 0}))}")
    size = _size(arguments.get("new_size"))
    if volume["status"] not in {"available", "in-use"}:
        message = (
            f"Invalid volume: Volume {key} status must be '('available', 'in-use')' to extend, currently "
        )
        raise bad_request(message + f"{volume['status']}.")
    if size <= volume["size"]:
        raise bad_request(
            "Invalid input received: New size for extend must be greater than current size. "
            f"(current: {volume['size']}, extended: {size})."
        )
    check_volumes(call, size - volume["size"], count=False)
    before, volume["status"] = volume["status"], "extending"
    call.cloud.later(call.cloud.transition / 2, lambda: volume.update(status=before, size=size))
    return Answer(202)


def strings(given: Body) -> Body:
    """Refuse metadata whose values are no text."""
    for name, value in given.items():
        check_type(name, value, str)
    return given


def metadata(call: Call, project: str, key: str) -> Answer:
    """Read, merge (POST) or replace (PUT) the metadata."""
    del project
    volume = _find(call, key)
    if call.method != "GET":
        given = strings(call.body("metadata"))
        volume["metadata"] = {**volume["metadata"], **given} if call.method == "POST" else given
    return Answer(200, {"metadata": volume["metadata"]})


def drop_metadata(call: Call, project: str, key: str, name: str) -> Answer:
    """Remove one item."""
    del project
    if _find(call, key)["metadata"].pop(name, None) is None:
        raise missing(f"Volume {key} has no metadata with key {name}.")
    return Answer(200)


_ROOT = "/v3/<project>"
_ONE = f"{_ROOT}/volumes/<key>"
OPEN = (Route("GET", "/", version),)
ROUTES = (
    Route("GET", "/v3", version),
    Route("GET", "/v3/", version),
    *VOLUME_ROUTES,
    Route("GET", f"{_ROOT}/volumes", brief),
    Route("GET", f"{_ROOT}/volumes/detail", detailed),
    Route("POST", f"{_ROOT}/volumes", create),
    Route("GET", _ONE, show),
    Route("PUT", _ONE, update),
    Route("DELETE", _ONE, delete),
    Route("POST", f"{_ONE}/action", act),
    Route("GET", f"{_ONE}/metadata", metadata),
    Route("POST", f"{_ONE}/metadata", metadata),
    Route("PUT", f"{_ONE}/metadata", metadata),
    Route("DELETE", f"{_ONE}/metadata/<name>", drop_metadata),
)
