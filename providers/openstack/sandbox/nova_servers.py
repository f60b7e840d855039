"""Nova's servers: created in BUILD, ACTIVE after a while, listed, changed, deleted after another while."""

from __future__ import annotations

import base64
import re
import secrets
from typing import Any

from providers.openstack.sandbox import nova_disks
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, stamp
from providers.openstack.sandbox.group_store import ensure_default
from providers.openstack.sandbox.listing import links as page_links
from providers.openstack.sandbox.listing import page
from providers.openstack.sandbox.neutron_base import stamped
from providers.openstack.sandbox.neutron_nets import NETWORKS
from providers.openstack.sandbox.neutron_ports import PORTS, allocate, blank_port, drop_port
from providers.openstack.sandbox.nova_admin import check_hints
from providers.openstack.sandbox.nova_base import check_schema, check_type, flavor_body, links, server_body
from providers.openstack.sandbox.problems import Problem, bad_request, conflict, forbidden, missing
from providers.openstack.sandbox.quotas import check_network, check_servers

_LARGEST_HOST_MB = 32768
_META_LIMIT = 128
_CREATE: dict[str, type] = {
    "name": str,
    "imageRef": str,
    "flavorRef": object,
    "networks": object,
    "metadata": dict,
    "key_name": str,
    "user_data": str,
    "security_groups": list,
    "availability_zone": str,
    "config_drive": object,
    "description": str,
    "tags": list,
    "hostname": str,
    "adminPass": str,
    "min_count": object,
    "max_count": object,
    "block_device_mapping_v2": list,
    "OS-DCF:diskConfig": str,
    "accessIPv4": str,
    "accessIPv6": str,
    "personality": list,
    "return_reservation_id": object,
}
_UPDATE = {"name": str, "description": str, "accessIPv4": str, "accessIPv6": str, "hostname": str}
_PAGING = ("limit", "marker", "sort_key", "sort_dir")
_FILTERS = ("name", "status", "image", "tags", "all_tenants", "changes-since", "deleted", *_PAGING)


def lost(key: str) -> Problem:
    """Say that there is no such server."""
    return missing(f"Instance {key} could not be found.")


def find(call: Call, key: str) -> Body:
    """Give one server that the caller may see."""
    return call.find("servers", key, lost(key))


def create(call: Call) -> Answer:
    """Accept a server: 202 with little more than its id."""
    body = call.body("server")
    needed = ("name", "flavorRef", "networks") if call.version >= (2, 37) else ("name", "flavorRef")
    check_schema(body, field="server", types=_CREATE, required=needed)
    _check_metadata(body.get("metadata") or {})
    flavor = _flavor(call, body["flavorRef"])
    image = _image(call, body)
    _check_key(call, body)
    check_servers(call, flavor)
    groups = [_group(call, str(entry.get("name"))) for entry in body.get("security_groups") or ()]
    asked = body.get("networks") or []
    requests = asked if isinstance(asked, list) else _automatic(call, asked)
    _check_networks(call, requests)
    disks = body.get("block_device_mapping_v2") or []
    nova_disks.check(call, disks, image=image)
    joined = check_hints(call, call.payload.get("os:scheduler_hints"))
    server = {**_new(call, body, flavor=flavor, image=image), "server_groups": joined}
    call.cloud.add("servers", server)
    for request in requests:
        _connect(call, server, request, groups=groups)
    nova_disks.connect(call, server, disks)
    _schedule(call, server)
    told = {
        "id": server["id"],
        "links": links(call, "servers", server["id"]),
        "OS-DCF:diskConfig": "MANUAL",
        "security_groups": [
            {"name": e.get("name")} for e in body.get("security_groups") or ({"name": "default"},)
        ],
        "adminPass": body.get("adminPass") or secrets.token_urlsafe(9),
    }
    return Answer(202, {"server": told}, {"Location": told["links"][0]["href"]})


def _check_metadata(metadata: Body) -> None:
    for key, value in metadata.items():
        check_type(key, value, str)
    if len(metadata) > _META_LIMIT:
        raise forbidden(f"Maximum number of metadata items exceeds {_META_LIMIT}")


def _flavor(call: Call, key: Any) -> Body:
    found = call.cloud.table("flavors").get(str(key))
    if found is None:
        raise bad_request(f"Flavor {key} could not be found.")
    return found


def _image(call: Call, body: Body) -> str:
    key = body.get("imageRef")
    if not key:
        if body.get("block_device_mapping_v2"):
            return ""
        raise bad_request("Missing imageRef attribute")
    if not re.fullmatch(r"[0-9a-f-]{32,36}", key):
        what = f"{key!r} is not valid under any of the given schemas"
        raise bad_request(f"Invalid input for field/attribute imageRef. Value: {key}. {what}")
    if key not in call.cloud.table("images"):
        raise bad_request("Can not find requested image")
    return str(key)


def _check_key(call: Call, body: Body) -> None:
    if body.get("key_name") and f"{call.project.user_id}/{body['key_name']}" not in call.cloud.table(
        "keypairs"
    ):
        raise bad_request("Invalid key_name provided.")


def _group(call: Call, name: str) -> str:
    if name == "default":
        return str(ensure_default(call.cloud, call.project)["id"])
    for group in call.visible("security_groups"):
        if name in {group["id"], group["name"]}:
            return str(group["id"])
    raise bad_request(f"Unable to find security_group with name or id '{name}'")


def _automatic(call: Call, asked: str) -> list[Body]:
    if asked == "none":
        return []
    own = [n for n in call.visible("networks") if n["_project"] == call.project.id]
    return [{"uuid": own[0]["id"]}] if own else []


def _check_networks(call: Call, requests: list[Body]) -> None:
    for request in requests:
        if key := request.get("port"):
            port = call.cloud.table("ports").get(key)
            if port is None or not call.sees(port):
                raise bad_request(f"Port id {key} could not be found.")
            if port["device_id"]:
                raise conflict(f"Port {key} is still in use.")
            continue
        key = str(request.get("uuid"))
        network = call.cloud.table("networks").get(key)
        if network is None or not call.sees(network):
            raise bad_request(f"Network {key} could not be found.")
        if not any(s["network_id"] == key for s in call.cloud.table("subnets").values()):
            raise bad_request(f"Network {key} requires a subnet in order to boot instances on.")


def _new(call: Call, body: Body, *, flavor: Body, image: str) -> Body:
    moment = stamp()
    key = call.cloud.new_id()
    server = {
        "id": key,
        "name": body["name"],
        "status": "BUILD",
        "tenant_id": call.project.id,
        "user_id": call.project.user_id,
        "metadata": dict(body.get("metadata") or {}),
        "hostId": "",
        "created": moment,
        "updated": moment,
        "accessIPv4": body.get("accessIPv4", ""),
        "accessIPv6": body.get("accessIPv6", ""),
        "OS-DCF:diskConfig": "MANUAL",
        "progress": 0,
        "OS-EXT-AZ:availability_zone": "",
        "config_drive": "True" if body.get("config_drive") else "",
        "key_name": body.get("key_name"),
        "OS-SRV-USG:launched_at": None,
        "OS-SRV-USG:terminated_at": None,
        "OS-EXT-STS:task_state": "scheduling",
        "OS-EXT-STS:vm_state": "building",
        "OS-EXT-STS:power_state": 0,
        "locked": False,
        "description": body.get("description"),
        "tags": list(body.get("tags") or ()),
        "trusted_image_certificates": None,
        "server_groups": [],
        "locked_reason": None,
        "OS-EXT-SRV-ATTR:hostname": body.get("hostname") or host_name(body["name"]),
        "pinned_availability_zone": body.get("availability_zone"),
    }
    ours = {
        "_flavor": flavor,
        "_image": image,
        "_volumes": [],
        "_user_data": base64.b64decode(body.get("user_data") or "").decode(errors="replace"),
        "_networked": False,
        "_project": call.project.id,
    }
    return {**server, **ours}


def host_name(name: str) -> str:
    """Derive the host name from the server's name."""
    return re.sub(r"[^a-zA-Z0-9-]+", "-", name).strip("-").lower()[:63]


def _connect(call: Call, server: Body, request: Body, *, groups: list[str]) -> None:
    owner = {"device_id": server["id"], "device_owner": "compute:nova"}
    if key := request.get("port"):
        PORTS.find(call, key).update(owner)
        return
    network = NETWORKS.find(call, str(request["uuid"]))
    check_network(call, "ports", "port")
    mac = call.cloud.mac()
    asked = [{"ip_address": request["fixed_ip"]}] if request.get("fixed_ip") else None
    port = {
        **blank_port(network["id"], mac),
        "fixed_ips": allocate(call.cloud, network["id"], asked, mac=mac),
        "security_groups": groups or [ensure_default(call.cloud, call.project)["id"]],
        "_ours": True,
    }
    call.cloud.add("ports", {**stamped(call, port), **owner})


def _schedule(call: Call, server: Body) -> None:
    cloud = call.cloud

    def spawn() -> None:
        server["OS-EXT-STS:task_state"] = "spawning"

    def finish() -> None:
        if server["OS-EXT-STS:task_state"] == "deleting":
            return
        if server["_flavor"]["ram"] > _LARGEST_HOST_MB:
            _fail(server)
            return
        server["_networked"] = True
        become(server, "ACTIVE", "active", power=1)
        server["OS-EXT-AZ:availability_zone"] = "nova"
        server["hostId"] = secrets.token_hex(28)
        server["OS-SRV-USG:launched_at"] = stamp(micro=True)[:-6] + "000000"
        for port in cloud.table("ports").values():
            if port["device_id"] == server["id"]:
                port["status"] = "ACTIVE"

    cloud.later(cloud.transition / 2, spawn)
    cloud.later(cloud.transition, finish)


def _fail(server: Body) -> None:
    become(server, "ERROR", "error", power=0)
    message = "No valid host was found. There are not enough hosts available."
    server["fault"] = {"code": 500, "created": stamp(), "message": message}


def become(server: Body, status: str, vm_state: str, *, power: int, task: str | None = None) -> None:
    """Put a server into a state."""
    server.update(status=status, updated=stamp())
    server["OS-EXT-STS:vm_state"] = vm_state
    server["OS-EXT-STS:task_state"] = task
    server["OS-EXT-STS:power_state"] = power


def listed(call: Call, *, detail: bool) -> Answer:
    """List servers, newest first."""
    unknown = [name for name in call.query if name not in _FILTERS]
    if unknown and call.version >= (2, 75):
        raise bad_request(f"'{unknown[0]}' does not match any of the regexes: '^_'")
    found = [s for s in reversed(call.visible("servers")) if _mine(call, s) and _matches(call, s)]
    chunk, marker = page(
        call, found, lost=bad_request(f"marker [{call.query.get('marker')}] not found"), default=1000
    )
    shown = [_in_list(call, s) if detail else _brief(call, s) for s in chunk]
    return Answer(200, {"servers": shown, **page_links(call, "servers", marker)})


def _in_list(call: Call, server: Body) -> Body:
    """In full but for its groups, which Nova tells of one server alone."""
    return {key: value for key, value in server_body(call, server).items() if key != "server_groups"}


def _mine(call: Call, server: Body) -> bool:
    return server["_project"] == call.project.id or bool(call.query.get("all_tenants"))


def _brief(call: Call, server: Body) -> Body:
    return {"id": server["id"], "name": server["name"], "links": links(call, "servers", server["id"])}


def _matches(call: Call, server: Body) -> bool:
    query = call.query
    if (name := query.get("name")) and not re.search(name, server["name"]):
        return False
    if (status := query.get("status")) and server["status"] != status.upper():
        return False
    if (tags := query.get("tags")) and not set(tags.split(",")) <= set(server["tags"]):
        return False
    return not ((image := query.get("image")) and server["_image"] != image)


def show(call: Call, key: str) -> Answer:
    """Show one server."""
    return Answer(200, {"server": server_body(call, find(call, key))})


def update(call: Call, key: str) -> Answer:
    """Change the name or the description; nothing else may be sent."""
    server = find(call, key)
    body = call.body("server")
    check_schema(body, field="server", types=_UPDATE, required=())
    if "hostname" in body:
        server["OS-EXT-SRV-ATTR:hostname"] = body.pop("hostname")
    server.update(body)
    return Answer(200, {"server": server_body(call, server)})


def delete(call: Call, key: str) -> Answer:
    """Start deleting: 204 now, gone a while later."""
    server = find(call, key)
    if server["OS-EXT-STS:task_state"] == "deleting":
        return Answer(204)
    server["OS-EXT-STS:task_state"] = "deleting"
    cloud = call.cloud

    def vanish() -> None:
        cloud.table("servers").pop(server["id"], None)
        for port in [p for p in cloud.table("ports").values() if p["device_id"] == server["id"]]:
            if port.get("_ours"):
                drop_port(cloud, port)
            else:
                port.update(device_id="", device_owner="", status="DOWN")
        for attached in server["_volumes"]:
            volume = cloud.table("volumes").get(attached["volume"])
            if volume and attached["goes"]:
                del cloud.table("volumes")[volume["id"]]
            elif volume:
                volume.update(status="available", attachments=[])

    cloud.later(cloud.transition / 2, vanish)
    return Answer(204)


def show_flavor(call: Call, key: str) -> Answer:
    """Show one flavor, by id only."""
    found = call.cloud.table("flavors").get(key)
    if found is None:
        raise missing(f"Flavor {key} could not be found.")
    return Answer(200, {"flavor": flavor_body(call, found)})


ROUTES = (
    Route("GET", "/v2.1/servers", lambda call: listed(call, detail=False)),
    Route("GET", "/v2.1/servers/detail", lambda call: listed(call, detail=True)),
    Route("POST", "/v2.1/servers", create),
    Route("GET", "/v2.1/servers/<key>", show),
    Route("PUT", "/v2.1/servers/<key>", update),
    Route("DELETE", "/v2.1/servers/<key>", delete),
    Route("GET", "/v2.1/flavors/<key>", show_flavor),
)
