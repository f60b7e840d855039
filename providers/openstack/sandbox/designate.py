"""Designate as far as its API reference v2 tells: zones and record sets, PENDING and then ACTIVE.

Not proved against a real service: none was at hand.
"""

from __future__ import annotations

from typing import Final

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, Cloud, shown, stamp
from providers.openstack.sandbox.listing import page
from providers.openstack.sandbox.problems import Problem, bad_request, conflict, missing

_POOL: Final = "794ccc2c-d751-44fe-b57f-8894c9f5c842"
_ZONE: Final = ("name", "email", "ttl", "description", "type", "masters", "attributes")
_RECORD: Final = ("name", "type", "records", "ttl", "description")


def versions(call: Call) -> Answer:
    """Answer the root."""
    links = [{"rel": "self", "href": f"{call.base}/v2/"}]
    return Answer(200, {"versions": [{"id": "v2", "status": "CURRENT", "links": links}]})


def _links(call: Call, marker: str | None) -> dict[str, str]:
    own = {"self": call.full_url}
    if marker is None:
        return own
    return {**own, "next": f"{call.full_url.split('?')[0]}?limit={call.query.get('limit')}&marker={marker}"}


def _listed(call: Call, many: str, found: list[Body]) -> Answer:
    lost = Problem(400, "Invalid marker", type="InvalidMarker")
    chunk, marker = page(call, found, lost=lost, default=20)
    told = {many: [shown(body) for body in chunk], "links": _links(call, marker)}
    return Answer(200, {**told, "metadata": {"total_count": len(found)}})


def _settle(cloud: Cloud, body: Body, action: str) -> None:
    """Let the servers have it a while later."""
    body.update(status="PENDING", action=action, updated_at=stamp())
    cloud.later(cloud.transition / 2, lambda: body.update(status="ACTIVE", action="NONE"))


def _vanish(cloud: Cloud, table: str, body: Body) -> None:
    body.update(status="PENDING", action="DELETE")

    def go() -> None:
        cloud.table(table).pop(body["id"], None)

    cloud.later(cloud.transition / 2, go)


def _checked(call: Call, names: tuple[str, ...]) -> Body:
    body = dict(call.payload) if isinstance(call.payload, dict) else {}
    strange = [name for name in body if name not in names]
    if strange:
        raise bad_request(
            f"Provided object does not match schema: unexpected {', '.join(strange)}", "InvalidObject"
        )
    return body


def zones(call: Call) -> Answer:
    """List the project's zones."""
    own = [z for z in call.visible("zones") if z["project_id"] == call.project.id]
    return _listed(call, "zones", [z for z in own if call.query.get("name") in {None, z["name"]}])


def create_zone(call: Call) -> Answer:
    """Accept a zone: 202, PENDING."""
    body = _checked(call, _ZONE)
    if not str(body.get("name", "")).endswith("."):
        raise bad_request("Provided object does not match schema: name is not a domainname", "InvalidObject")
    if any(z["name"] == body["name"] for z in call.cloud.table("zones").values()):
        raise conflict("Duplicate Zone", "DuplicateZone")
    made = {
        "id": call.cloud.new_id(),
        "pool_id": _POOL,
        "project_id": call.project.id,
        "name": body["name"],
        "email": body.get("email"),
        "ttl": body.get("ttl", 3600),
        "serial": 1,
        "description": body.get("description"),
        "masters": body.get("masters", []),
        "type": body.get("type", "PRIMARY"),
        "version": 1,
        "created_at": stamp(),
        "_project": call.project.id,
    }
    _settle(call.cloud, made, "CREATE")
    return Answer(202, shown(call.cloud.add("zones", made)))


def _zone(call: Call, key: str) -> Body:
    return call.find("zones", key, missing("Could not find Zone", "ZoneNotFound"))


def show_zone(call: Call, key: str) -> Answer:
    """Show one."""
    return Answer(200, shown(_zone(call, key)))


def update_zone(call: Call, key: str) -> Answer:
    """Change one: 202."""
    found = _zone(call, key)
    found.update(_checked(call, ("email", "ttl", "description", "masters")), serial=found["serial"] + 1)
    _settle(call.cloud, found, "UPDATE")
    return Answer(202, shown(found))


def delete_zone(call: Call, key: str) -> Answer:
    """Start deleting one, with all that is in it."""
    found = _zone(call, key)
    for record in [r for r in call.cloud.table("recordsets").values() if r["zone_id"] == key]:
        _vanish(call.cloud, "recordsets", record)
    _vanish(call.cloud, "zones", found)
    return Answer(202, shown(found))


def recordsets(call: Call) -> Answer:
    """List the record sets of all zones."""
    return _listed(
        call, "recordsets", [r for r in call.visible("recordsets") if r["project_id"] == call.project.id]
    )


def create_recordset(call: Call, zone: str) -> Answer:
    """Accept records of one name and type: 202, PENDING."""
    kept, body = _zone(call, zone), _checked(call, _RECORD)
    if not str(body.get("name", "")).endswith(kept["name"]):
        raise bad_request("RecordSet is not contained within its parent zone", "InvalidRecordsetLocation")
    for known in call.cloud.table("recordsets").values():
        if (known["zone_id"], known["name"], known["type"]) == (zone, body["name"], body["type"]):
            raise conflict("Duplicate RecordSet", "DuplicateRecordset")
    made = {
        "id": call.cloud.new_id(),
        "zone_id": zone,
        "zone_name": kept["name"],
        "project_id": call.project.id,
        "name": body["name"],
        "type": body["type"],
        "records": list(body.get("records", ())),
        "ttl": body.get("ttl"),
        "description": body.get("description"),
        "version": 1,
        "created_at": stamp(),
        "_project": call.project.id,
    }
    _settle(call.cloud, made, "CREATE")
    return Answer(202, shown(call.cloud.add("recordsets", made)))


def _recordset(call: Call, key: str) -> Body:
    return call.find("recordsets", key, missing("Could not find RecordSet", "RecordsetNotFound"))


def show_recordset(call: Call, zone: str, key: str) -> Answer:
    """Show one."""
    del zone
    return Answer(200, shown(_recordset(call, key)))


def update_recordset(call: Call, zone: str, key: str) -> Answer:
    """Change one: 202."""
    del zone
    found = _recordset(call, key)
    found.update(_checked(call, ("records", "ttl", "description")))
    _settle(call.cloud, found, "UPDATE")
    return Answer(202, shown(found))


def delete_recordset(call: Call, zone: str, key: str) -> Answer:
    """Start deleting one."""
    del zone
    found = _recordset(call, key)
    _vanish(call.cloud, "recordsets", found)
    return Answer(202, shown(found))


_ONE, _SETS = "/v2/zones/<key>", "/v2/zones/<zone>/recordsets"
OPEN = (Route("GET", "/", versions), Route("GET", "/v2", versions), Route("GET", "/v2/", versions))
ROUTES = (
    Route("GET", "/v2/zones", zones),
    Route("POST", "/v2/zones", create_zone),
    Route("GET", _ONE, show_zone),
    Route("PATCH", _ONE, update_zone),
    Route("DELETE", _ONE, delete_zone),
    Route("GET", "/v2/recordsets", recordsets),
    Route("POST", _SETS, create_recordset),
    Route("GET", f"{_SETS}/<key>", show_recordset),
    Route("PUT", f"{_SETS}/<key>", update_recordset),
    Route("DELETE", f"{_SETS}/<key>", delete_recordset),
)
