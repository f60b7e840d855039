"""Neutron's trunks: a parent port, sub-ports told apart by VLAN, and the refusals while it is disabled."""

from __future__ import annotations

from typing import Any

from providers.openstack.sandbox.attributes import COMMON, FLAG, REQUIRED, Attribute
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, Cloud, shown, stamp
from providers.openstack.sandbox.neutron_base import Collection, updated
from providers.openstack.sandbox.neutron_ports import PORTS
from providers.openstack.sandbox.problems import bad_request, conflict, missing


def holder(cloud: Cloud, port: str) -> tuple[str, Body] | None:
    """Give the trunk that uses a port, and as what: `parent` or `sub`."""
    for trunk in cloud.table("trunks").values():
        if trunk["port_id"] == port:
            return "parent", trunk
        if any(sub["port_id"] == port for sub in trunk["sub_ports"]):
            return "sub", trunk
    return None


def _create_trunk(call: Call, body: Body) -> Body:
    port = PORTS.find(call, body["port_id"])
    held = holder(call.cloud, port["id"])
    if held and held[0] == "sub":
        raise conflict(f"Port {port['id']} is in use by another trunk.", "TrunkPortInUse")
    if held or port["device_id"]:
        message = f"Port {port['id']} is currently in use and is not eligible for use as a parent port."
        raise conflict(message, "ParentPortInUse")
    trunk = {**body, "status": "DOWN", "sub_ports": [], "revision_number": 0}
    trunk["sub_ports"] = _checked(call, trunk, body["sub_ports"])
    return trunk


def _checked(call: Call, trunk: Body, asked: Any) -> list[Body]:
    subs: list[Body] = []
    for entry in asked:
        kind, number = entry.get("segmentation_type"), entry.get("segmentation_id")
        if kind not in {"vlan", "inherit"}:
            message = f"Invalid input for operation: Unknown segmentation_type '{kind}'."
            raise bad_request(message, "InvalidInput")
        port = PORTS.find(call, str(entry.get("port_id")))
        if holder(call.cloud, port["id"]):
            raise conflict(f"Port {port['id']} is in use by another trunk.", "TrunkPortInUse")
        if any(s["segmentation_id"] == number for s in (*trunk["sub_ports"], *subs)):
            message = f"segmentation_type {kind} and segmentation_id {number} already in use on trunk {trunk['id']}."
            raise conflict(message, "DuplicateSubPort")
        subs.append({"port_id": port["id"], "segmentation_type": kind, "segmentation_id": number})
    return subs


def _refuse_disabled(trunk: Body) -> None:
    if not trunk["admin_state_up"]:
        raise conflict(f"Trunk {trunk['id']} is currently disabled.", "TrunkDisabled")


def _delete_trunk(_call: Call, body: Body) -> None:
    _refuse_disabled(body)


TRUNKS = Collection(
    label="trunk",
    plural="trunks",
    attributes={
        **COMMON,
        "admin_state_up": FLAG,
        "port_id": Attribute(default=REQUIRED, put=False),
        "sub_ports": Attribute("list", default=[], put=False),
    },
    lost_type="TrunkNotFound",
    lost_message="Trunk {} could not be found.",
    create=_create_trunk,
    update=updated,
    delete=_delete_trunk,
)


def _subs(call: Call) -> list[Body]:
    given = call.payload.get("sub_ports") if isinstance(call.payload, dict) else None
    if not isinstance(given, list):
        raise bad_request("Invalid input for operation: sub_ports is missing.", "InvalidInput")
    return given


def add_subports(call: Call, key: str) -> Answer:
    """Add sub-ports; the answer is the trunk without an envelope."""
    trunk = TRUNKS.find(call, key)
    _refuse_disabled(trunk)
    trunk["sub_ports"] = [*trunk["sub_ports"], *_checked(call, trunk, _subs(call))]
    return _told(trunk)


def remove_subports(call: Call, key: str) -> Answer:
    """Take sub-ports away; all must be there."""
    trunk = TRUNKS.find(call, key)
    _refuse_disabled(trunk)
    held = {sub["port_id"] for sub in trunk["sub_ports"]}
    gone = [str(entry.get("port_id")) for entry in _subs(call)]
    for port in gone:
        if port not in held:
            raise missing(f"SubPort {port} on trunk {key} could not be found.", "SubPortNotFound")
    trunk["sub_ports"] = [sub for sub in trunk["sub_ports"] if sub["port_id"] not in gone]
    return _told(trunk)


def _told(trunk: Body) -> Answer:
    trunk["updated_at"] = stamp()
    return Answer(200, shown(trunk))


def list_subports(call: Call, key: str) -> Answer:
    """List the sub-ports of a trunk."""
    return Answer(200, {"sub_ports": TRUNKS.find(call, key)["sub_ports"]})


ROUTES = (
    Route("PUT", "/v2.0/trunks/<key>/add_subports", add_subports),
    Route("PUT", "/v2.0/trunks/<key>/remove_subports", remove_subports),
    Route("GET", "/v2.0/trunks/<key>/get_subports", list_subports),
)
