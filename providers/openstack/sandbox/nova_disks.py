"""Volumes of a server: those that it starts from or has from the start, and how any of them is held."""

from __future__ import annotations

from typing import Any

from providers.openstack.sandbox import cinder
from providers.openstack.sandbox.calls import Call
from providers.openstack.sandbox.cloud import Body, stamp
from providers.openstack.sandbox.problems import bad_request, missing


def hold(call: Call, server: Body, volume: Body, *, goes: bool = False) -> Body:
    """Give a volume to a server: reserved now, in use a while later; `goes` means that it is deleted with it."""
    letter = chr(ord("b") + len(server["_volumes"]))
    attachment = {"volume": volume["id"], "id": call.cloud.new_id(), "bdm": call.cloud.new_id(), "goes": goes}
    attachment["device"] = f"/dev/sd{letter}"
    server["_volumes"].append(attachment)
    volume["status"] = "reserved"
    holder = {
        "id": volume["id"],
        "attachment_id": attachment["id"],
        "volume_id": volume["id"],
        "server_id": server["id"],
        "host_name": None,
        "device": attachment["device"],
        "attached_at": stamp(micro=True),
    }
    call.cloud.later(call.cloud.transition / 2, lambda: volume.update(status="in-use", attachments=[holder]))
    return attachment


def check(call: Call, mappings: list[Body], *, image: str) -> None:
    """Refuse mappings from which nothing can start, or that name what is not there."""
    if not image and not any(m.get("boot_index") == 0 for m in mappings):
        raise bad_request(
            "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid."
        )
    tables = {"volume": "volumes", "image": "images", "snapshot": "snapshots"}
    for entry in mappings:
        source = entry.get("source_type")
        if source in tables and entry.get("uuid") not in call.cloud.table(tables[source]):
            raise bad_request(f"Block Device Mapping is Invalid: failed to get {source} {entry.get('uuid')}.")
        if source == "image" and not entry.get("volume_size"):
            raise bad_request(
                "Block Device Mapping is Invalid: specify a non-zero volume_size when using a volume-backed image"
            )


def connect(call: Call, server: Body, mappings: list[Body]) -> None:
    """Make the volumes that are to be made, and give all of them to the server."""
    for entry in mappings:
        hold(call, server, _volume(call, entry), goes=bool(entry.get("delete_on_termination")))


def _volume(call: Call, entry: Body) -> Body:
    key = str(entry["uuid"])
    if entry["source_type"] == "volume":
        lost = missing(f"Volume {key} could not be found.")
        return call.find("volumes", key, lost)
    source: Body = {"imageRef": key} if entry["source_type"] == "image" else {"snapshot_id": key}
    held: Any = call.cloud.table("snapshots").get(key, {})
    size = int(entry.get("volume_size") or held.get("size", 1))
    return cinder.added(call, {"name": "", "volume_type": entry.get("volume_type"), **source}, size)
