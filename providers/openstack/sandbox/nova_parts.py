"""What belongs to a server: its metadata, tags, actions, volumes, interfaces."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body
from providers.openstack.sandbox.nova_base import check_schema, check_type, group_names, ports_of
from providers.openstack.sandbox.nova_disks import hold
from providers.openstack.sandbox.nova_servers import become, find
from providers.openstack.sandbox.problems import bad_request, conflict, missing
from providers.openstack.sandbox.quotas import check_servers


def _require(server: Body, action: str, *states: str) -> None:
    """Refuse an action in a wrong state, as Nova does: first the state, then the task."""
    state, task = server["OS-EXT-STS:vm_state"], server["OS-EXT-STS:task_state"]
    start = f"Cannot '{action}' instance {server['id']} while it is in"
    if state not in states:
        raise conflict(f"{start} vm_state {state}")
    if task is not None:
        raise conflict(f"{start} task_state {task}")


_LIVE = ("active", "paused", "suspended", "stopped")


def read_metadata(call: Call, key: str) -> Answer:
    """Show all metadata."""
    return Answer(200, {"metadata": find(call, key)["metadata"]})


def merge_metadata(call: Call, key: str) -> Answer:
    """Add and change items."""
    return _metadata(call, key, keep=True)


def replace_metadata(call: Call, key: str) -> Answer:
    """Replace all items."""
    return _metadata(call, key, keep=False)


def _metadata(call: Call, key: str, *, keep: bool) -> Answer:
    server = find(call, key)
    given = call.body("metadata")
    for name, value in given.items():
        check_type(name, value, str)
    _require(server, "update metadata", *_LIVE)
    server["metadata"] = {**server["metadata"], **given} if keep else given
    return Answer(200, {"metadata": server["metadata"]})


def drop_metadata(call: Call, key: str, name: str) -> Answer:
    """Remove one item."""
    server = find(call, key)
    if name not in server["metadata"]:
        raise missing("Metadata item was not found")
    _require(server, "delete metadata", *_LIVE)
    del server["metadata"][name]
    return Answer(204)


def read_tags(call: Call, key: str) -> Answer:
    """Show all tags."""
    return Answer(200, {"tags": find(call, key)["tags"]})


def replace_tags(call: Call, key: str) -> Answer:
    """Replace all tags."""
    server = find(call, key)
    tags = call.payload["tags"]
    for index, tag in enumerate(tags):
        if re.search("[,/]", tag):
            what = f"'{tag}' does not match '^[^,/]*$'"
            raise bad_request(f"Invalid input for field/attribute {index}. Value: {tag}. {what}")
    _require(server, "update tags", *_LIVE)
    server["tags"] = list(dict.fromkeys(tags))
    return Answer(200, {"tags": server["tags"]})


def act(call: Call, key: str) -> Answer:
    """Do one of the actions that a body can name."""
    server = find(call, key)
    name, arguments = next(iter(call.payload.items()))
    action = _ACTIONS.get(name)
    if action is None:
        raise bad_request(f"There is no such action: {name}")
    return action(call, server, arguments)


def _resize(call: Call, server: Body, arguments: Any) -> Answer:
    flavor = call.cloud.table("flavors").get(str(arguments.get("flavorRef")))
    if flavor is None:
        raise bad_request(f"Flavor {arguments.get('flavorRef')} could not be found.")
    _require(server, "resize", "active", "stopped")
    if flavor["id"] == server["_flavor"]["id"]:
        raise bad_request("When resizing, instances must change flavor!")
    check_servers(call, flavor, server["_flavor"])
    server["_before_resize"] = (server["_flavor"], server["OS-EXT-STS:vm_state"])
    become(server, "RESIZE", server["OS-EXT-STS:vm_state"], power=1, task="resize_prep")

    def finish() -> None:
        server["_flavor"] = flavor
        become(server, "VERIFY_RESIZE", "resized", power=1)

    call.cloud.later(call.cloud.transition, finish)
    return Answer(202)


def _confirm(call: Call, server: Body, _arguments: Any) -> Answer:
    _require(server, "confirmResize", "resized")
    stopped = server["_before_resize"][1] == "stopped"

    def finish() -> None:
        become(
            server,
            "SHUTOFF" if stopped else "ACTIVE",
            "stopped" if stopped else "active",
            power=4 if stopped else 1,
        )

    call.cloud.later(call.cloud.transition / 2, finish)
    return Answer(204)


def _revert(call: Call, server: Body, _arguments: Any) -> Answer:
    _require(server, "revertResize", "resized")
    server["_flavor"] = server["_before_resize"][0]
    _confirm(call, server, None)
    return Answer(202)


def _stop(_call: Call, server: Body, _arguments: Any) -> Answer:
    _require(server, "stop", "active")
    become(server, "SHUTOFF", "stopped", power=4)
    return Answer(202)


def _start(_call: Call, server: Body, _arguments: Any) -> Answer:
    _require(server, "start", "stopped")
    become(server, "ACTIVE", "active", power=1)
    return Answer(202)


def _reboot(_call: Call, server: Body, _arguments: Any) -> Answer:
    _require(server, "reboot", "active", "stopped")
    return Answer(202)


def _group(call: Call, arguments: Any) -> str:
    name = str(arguments.get("name"))
    for group in call.visible("security_groups"):
        if name in {group["id"], group["name"]} and group["_project"] == call.project.id:
            return str(group["id"])
    raise missing(f"Security group {name} not found for project {call.project.id}.")


def _add_group(call: Call, server: Body, arguments: Any) -> Answer:
    key = _group(call, arguments)
    for port in ports_of(call, server):
        if key in port["security_groups"]:
            raise bad_request(
                f"Invalid input for security_groups. Reason: Duplicate items in the list: '{key}'."
            )
        port["security_groups"].append(key)
    return Answer(202)


def _remove_group(call: Call, server: Body, arguments: Any) -> Answer:
    key = _group(call, arguments)
    ports = [port for port in ports_of(call, server) if key in port["security_groups"]]
    if not ports:
        raise missing(
            f"Security group {arguments.get('name')} not associated with the instance {server['id']}"
        )
    for port in ports:
        port["security_groups"].remove(key)
    return Answer(202)


_ACTIONS: dict[str, Callable[[Call, Body, Any], Answer]] = {
    "resize": _resize,
    "confirmResize": _confirm,
    "revertResize": _revert,
    "os-stop": _stop,
    "os-start": _start,
    "reboot": _reboot,
    "addSecurityGroup": _add_group,
    "removeSecurityGroup": _remove_group,
}


def attach(call: Call, key: str) -> Answer:
    """Attach a volume: the volume is reserved now and in use a while later."""
    server = find(call, key)
    body = call.body("volumeAttachment")
    types: dict[str, type] = {"volumeId": str, "device": str, "tag": str, "delete_on_termination": bool}
    check_schema(body, field="volumeAttachment", types=types, required=("volumeId",))
    _require(server, "attach_volume", *_LIVE)
    volume = call.find("volumes", body["volumeId"], missing(f"Volume {body['volumeId']} could not be found."))
    _check_free(volume)
    attachment = hold(call, server, volume)
    return Answer(200, {"volumeAttachment": {"id": volume["id"], **_brief(server, attachment)}})


def _check_free(volume: Body) -> None:
    if volume["attachments"]:
        holders = ", ".join(str(holder["server_id"]) for holder in volume["attachments"])
        raise bad_request(
            f"Invalid volume: volume {volume['id']} is already attached to instances: {holders}"
        )
    if volume["status"] != "available":
        raise bad_request(
            f"Invalid input received: Invalid volume: Volume {volume['id']} status must be available or downloading to "
            f"reserve, but the current status is {volume['status']}."
        )


def _brief(server: Body, attachment: Body) -> Body:
    return {
        "volumeId": attachment["volume"],
        "serverId": server["id"],
        "device": attachment["device"],
        "tag": None,
        "delete_on_termination": attachment["goes"],
    }


def _full(call: Call, server: Body, attachment: Body) -> Body:
    if call.version < (2, 89):
        return {"id": attachment["volume"], **_brief(server, attachment)}
    return {**_brief(server, attachment), "attachment_id": attachment["id"], "bdm_uuid": attachment["bdm"]}


def attachments(call: Call, key: str) -> Answer:
    """List the volumes of a server."""
    server = find(call, key)
    return Answer(200, {"volumeAttachments": [_full(call, server, a) for a in server["_volumes"]]})


def attachment(call: Call, key: str, volume: str) -> Answer:
    """Show one attachment."""
    server = find(call, key)
    return Answer(200, {"volumeAttachment": _full(call, server, _attached(server, volume))})


def _attached(server: Body, volume: str) -> Body:
    for known in server["_volumes"]:
        if known["volume"] == volume:
            return dict(known)
    raise missing(f"Instance {server['id']} is not attached to volume {volume}")


def detach(call: Call, key: str, volume: str) -> Answer:
    """Start detaching: 202 now, available a while later."""
    server = find(call, key)
    _attached(server, volume)
    _require(server, "detach_volume", *_LIVE, "resized")
    body = call.cloud.table("volumes")[volume]
    body["status"] = "detaching"

    def finish() -> None:
        server["_volumes"] = [a for a in server["_volumes"] if a["volume"] != volume]
        body.update(status="available", attachments=[])

    call.cloud.later(call.cloud.transition / 2, finish)
    return Answer(202)


def interfaces(call: Call, key: str) -> Answer:
    """List the ports of a server."""
    found = [
        {
            "net_id": port["network_id"],
            "port_id": port["id"],
            "mac_addr": port["mac_address"],
            "port_state": port["status"],
            "fixed_ips": port["fixed_ips"],
            "tag": None,
        }
        for port in ports_of(call, find(call, key))
    ]
    return Answer(200, {"interfaceAttachments": found})


def security_groups(call: Call, key: str) -> Answer:
    """List the groups of a server."""
    names = group_names(call, find(call, key))
    groups = [g for g in call.visible("security_groups") if g["name"] in names]
    brief = [{"id": g["id"], "name": g["name"], "tenant_id": g["tenant_id"], "rules": []} for g in groups]
    return Answer(200, {"security_groups": brief})


_ONE = "/v2.1/servers/<key>"
ROUTES = (
    Route("GET", f"{_ONE}/metadata", read_metadata),
    Route("POST", f"{_ONE}/metadata", merge_metadata),
    Route("PUT", f"{_ONE}/metadata", replace_metadata),
    Route("DELETE", f"{_ONE}/metadata/<name>", drop_metadata),
    Route("GET", f"{_ONE}/tags", read_tags),
    Route("PUT", f"{_ONE}/tags", replace_tags),
    Route("POST", f"{_ONE}/action", act),
    Route("GET", f"{_ONE}/os-volume_attachments", attachments),
    Route("POST", f"{_ONE}/os-volume_attachments", attach),
    Route("GET", f"{_ONE}/os-volume_attachments/<volume>", attachment),
    Route("DELETE", f"{_ONE}/os-volume_attachments/<volume>", detach),
    Route("GET", f"{_ONE}/os-interface", interfaces),
    Route("GET", f"{_ONE}/os-security-groups", security_groups),
)
