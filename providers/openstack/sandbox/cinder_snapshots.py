"""Cinder's snapshots: creating, then available; deleted after a while; a volume with one cannot go."""

from __future__ import annotations

from functools import partial

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cinder import strings
from providers.openstack.sandbox.cloud import Body, Cloud, shown, stamp
from providers.openstack.sandbox.listing import links as page_links
from providers.openstack.sandbox.listing import page
from providers.openstack.sandbox.nova_base import check_schema
from providers.openstack.sandbox.problems import Problem, bad_request, missing


def _find(call: Call, key: str) -> Body:
    return call.find("snapshots", key, missing(f"Snapshot {key} could not be found."))


def _told(body: Body) -> Body:
    progress = "100%" if body["status"] == "available" else "0%"
    extended = {"project_id": body["_project"], "progress": progress}
    return {**shown(body), **{f"os-extended-snapshot-attributes:{k}": v for k, v in extended.items()}}


def create(call: Call, project: str) -> Answer:
    """Accept one of a volume that is free, or of one that is in use where `force` is set."""
    del project
    body = call.body("snapshot")
    types: dict[str, type] = {
        "volume_id": str,
        "name": str,
        "description": str,
        "force": object,
        "metadata": dict,
    }
    check_schema(body, field="snapshot", types=types, required=("volume_id",))
    key = body["volume_id"]
    volume = call.find("volumes", key, missing(f"Volume {key} could not be found."))
    if volume["status"] not in (("available", "in-use") if body.get("force") else ("available",)):
        raise bad_request(
            f"Invalid volume: Volume {key} status must be available, but current status is: {volume['status']}."
        )
    if len(call.cloud.owned("snapshots", call.project)) >= call.cloud.quotas.snapshots:
        most = call.cloud.quotas.snapshots
        raise Problem(413, f"SnapshotLimitExceeded: Maximum number of snapshots allowed ({most}) exceeded")
    made = {
        "id": call.cloud.new_id(),
        "created_at": stamp(micro=True),
        "updated_at": None,
        "name": body.get("name"),
        "description": body.get("description"),
        "volume_id": key,
        "status": "creating",
        "size": volume["size"],
        "metadata": dict(body.get("metadata") or {}),
        "group_snapshot_id": None,
        "consumes_quota": True,
        "user_id": call.project.user_id,
        "_project": call.project.id,
    }
    call.cloud.add("snapshots", made)
    moment = stamp(micro=True)
    call.cloud.later(call.cloud.transition / 2, lambda: made.update(status="available", updated_at=moment))
    return Answer(202, {"snapshot": shown(made)})


def listed(call: Call, project: str) -> Answer:
    """List in full, newest first."""
    del project
    name = call.query.get("name")
    own = [s for s in reversed(call.visible("snapshots")) if s["_project"] == call.project.id]
    kept = [s for s in own if name in {None, s["name"]}]
    chunk, marker = page(call, kept, lost=missing("Snapshot could not be found."), default=1000)
    return Answer(200, {"snapshots": [_told(s) for s in chunk], **page_links(call, "snapshots", marker)})


def show(call: Call, project: str, key: str) -> Answer:
    """Show one."""
    del project
    return Answer(200, {"snapshot": _told(_find(call, key))})


def update(call: Call, project: str, key: str) -> Answer:
    """Change name and description."""
    del project
    found, body = _find(call, key), call.body("snapshot")
    check_schema(body, field="snapshot", types={"name": str, "description": str}, required=())
    found.update(body)
    return Answer(200, {"snapshot": shown(found)})


def metadata(call: Call, project: str, key: str) -> Answer:
    """Read, merge (POST) or replace (PUT) the metadata."""
    del project
    found = _find(call, key)
    if call.method != "GET":
        given = strings(call.body("metadata"))
        found["metadata"] = {**found["metadata"], **given} if call.method == "POST" else given
    return Answer(200, {"metadata": found["metadata"]})


def delete(call: Call, project: str, key: str) -> Answer:
    """Start deleting."""
    del project
    found = _find(call, key)
    if found["status"] not in {"available", "error"}:
        raise bad_request("Invalid snapshot: Snapshot status must be available or error.")
    found["status"] = "deleting"
    call.cloud.later(call.cloud.transition / 2, partial(_vanish, call.cloud, key))
    return Answer(202)


def _vanish(cloud: Cloud, key: str) -> None:
    cloud.table("snapshots").pop(key, None)


_ROOT = "/v3/<project>/snapshots"
_ONE = f"{_ROOT}/<key>"
ROUTES = (
    Route("GET", f"{_ROOT}/detail", listed),
    Route("POST", _ROOT, create),
    Route("GET", _ONE, show),
    Route("PUT", _ONE, update),
    Route("DELETE", _ONE, delete),
    Route("GET", f"{_ONE}/metadata", metadata),
    Route("POST", f"{_ONE}/metadata", metadata),
    Route("PUT", f"{_ONE}/metadata", metadata),
)
