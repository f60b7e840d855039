"""Neutron's floating addresses: handed out on loopback, and answering while they lead to an ACTIVE server."""

from __future__ import annotations

from collections.abc import Iterator

from providers.openstack.sandbox.attributes import COMMON, REQUIRED, Attribute
from providers.openstack.sandbox.calls import Call
from providers.openstack.sandbox.cloud import Body, Cloud, shown
from providers.openstack.sandbox.neutron_base import Collection
from providers.openstack.sandbox.neutron_nets import NETWORKS
from providers.openstack.sandbox.neutron_ports import PORTS
from providers.openstack.sandbox.neutron_routers import interfaces
from providers.openstack.sandbox.problems import Problem, bad_request, conflict, missing

SERVED_PORTS = (22, 80, 3306, 5432, 8080)
STATUS_KEY = "opsctl-sandbox-http-status"


def _create_floating(call: Call, body: Body) -> Body:
    network = NETWORKS.find(call, body["floating_network_id"])
    if not network["router:external"]:
        message = f"Bad floatingip request: Network {network['id']} is not a valid external network."
        raise bad_request(message, "BadRequest")
    floating = {
        **body,
        "floating_ip_address": call.cloud.answering.reserve(f"floating {body['id']}"),
        "router_id": None,
        "port_id": None,
        "fixed_ip_address": None,
        "status": "DOWN",
        "revision_number": 0,
    }
    floating.pop("subnet_id", None)
    try:
        _associate(call, floating, body)
    except Problem:
        call.cloud.answering.release(floating["floating_ip_address"])
        raise
    return floating


def _associate(call: Call, floating: Body, change: Body) -> None:
    port_id = change.get("port_id")
    if not port_id:
        floating.update(port_id=None, fixed_ip_address=None, router_id=None, status="DOWN")
        return
    port = PORTS.find(call, port_id)
    fixed = change.get("fixed_ip_address") or _first_v4(port)
    network = floating["floating_network_id"]
    _refuse_taken(call, floating, port, fixed)
    router = router_between(call, network, port)
    floating.update(port_id=port_id, fixed_ip_address=fixed, router_id=router, status="ACTIVE")


def _refuse_unclear(call: Call, body: Body, change: Body) -> None:
    """Any change must say which address is meant while the port has several."""
    port = call.cloud.table("ports").get(str(change.get("port_id", body["port_id"])))
    if port is None or change.get("fixed_ip_address"):
        return
    if len([a for a in port["fixed_ips"] if ":" not in a["ip_address"]]) > 1:
        raise bad_request(
            f"Bad floatingip request: Port {port['id']} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 "
            "address when assigning a floating IP.",
            "BadRequest",
        )


def _first_v4(port: Body) -> str:
    for address in port["fixed_ips"]:
        if ":" not in address["ip_address"]:
            return str(address["ip_address"])
    message = f"Bad floatingip request: Cannot add floating IP to port {port['id']} that has no fixed IPv4 addresses."
    raise bad_request(message, "BadRequest")


def _refuse_taken(call: Call, floating: Body, port: Body, fixed: str) -> None:
    for other in call.cloud.table("floatingips").values():
        same = other["port_id"] == port["id"] and other["fixed_ip_address"] == fixed
        if same and other["id"] != floating["id"]:
            raise conflict(
                f"Cannot associate floating IP {floating['floating_ip_address']} ({floating['id']}) with port "
                f"{port['id']} using fixed IP {fixed}, as that fixed IP already has a floating IP on external network "
                f"{floating['floating_network_id']}.",
                "FloatingIPPortAlreadyAssociated",
            )


def router_between(call: Call, network: str, port: Body) -> str:
    """Give the router that leads from a port's network to an external one."""
    for router in call.cloud.table("routers").values():
        gateway = router["external_gateway_info"] or {}
        inside = {p["network_id"] for p in interfaces(call, router["id"])}
        if gateway.get("network_id") == network and port["network_id"] in inside:
            return str(router["id"])
    subnet = port["fixed_ips"][0]["subnet_id"]
    raise missing(
        f"External network {network} is not reachable from subnet {subnet}.  Therefore, cannot associate Port "
        f"{port['id']} with a Floating IP.",
        "ExternalGatewayForFloatingIPNotFound",
    )


def _refuse_forwarding(call: Call, body: Body) -> None:
    if _forwardings(call, body):
        message = f"Floating IP {body['id']} in use by Port Forwarding resources."
        raise conflict(message, "FipInUseByPortForwarding")


def _forwardings(call: Call, body: Body) -> list[Body]:
    names = ("id", "protocol", "internal_ip_address", "internal_port_id", "internal_port", "external_port")
    found = (f for f in call.cloud.table("port_forwardings").values() if f["_floating"] == body["id"])
    return [{name: forwarding[name] for name in names} for forwarding in found]


def _update_floating(call: Call, body: Body, change: Body) -> None:
    if change.get("fixed_ip_address") and not change.get("port_id"):
        message = "Bad floatingip request: fixed_ip_address cannot be specified without a port_id."
        raise bad_request(message, "BadRequest")
    _refuse_unclear(call, body, change)
    if "port_id" in change:
        _refuse_forwarding(call, body)
        _associate(call, body, change)
    kept = {key: value for key, value in change.items() if key not in {"port_id", "fixed_ip_address"}}
    body.update(kept)


def _delete_floating(call: Call, body: Body) -> None:
    _refuse_forwarding(call, body)
    call.cloud.answering.release(body["floating_ip_address"])


def _show_floating(call: Call, body: Body) -> Body:
    port = call.cloud.table("ports").get(str(body["port_id"]))
    names = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner")
    details = {name: port[name] for name in names} if port else None
    return {**shown(body), "port_details": details, "port_forwardings": _forwardings(call, body)}


def refresh(cloud: Cloud) -> None:
    """Let each floating address answer as its server would: ACTIVE, and let in by a rule of its groups."""
    for floating in cloud.table("floatingips").values():
        port = cloud.table("ports").get(str(floating["port_id"]))
        server = cloud.table("servers").get(port["device_id"]) if port else None
        up = port is not None and server is not None and server["status"] == "ACTIVE"
        ports = tuple(_open_ports(cloud, port)) if up and port is not None else ()
        status = str((server or {}).get("metadata", {}).get(STATUS_KEY, "200"))
        code = int(status) if status.isdigit() else 200
        cloud.answering.answer(floating["floating_ip_address"], ports, code)


def _open_ports(cloud: Cloud, port: Body) -> Iterator[int]:
    rules = cloud.table("security_group_rules").values()
    mine = [r for r in rules if r["security_group_id"] in port["security_groups"] and _lets_in(r)]
    for number in SERVED_PORTS:
        if not port["port_security_enabled"] or any(_covers(rule, number) for rule in mine):
            yield number


def _lets_in(rule: Body) -> bool:
    direct = rule["direction"] == "ingress" and rule["ethertype"] == "IPv4"
    return direct and rule["remote_group_id"] is None and rule["protocol"] in {None, "tcp", "6"}


def _covers(rule: Body, number: int) -> bool:
    low, high = rule["port_range_min"], rule["port_range_max"]
    return low is None or low <= number <= high


FLOATING = Collection(
    label="floatingip",
    plural="floatingips",
    attributes={
        **{name: row for name, row in COMMON.items() if name != "name"},
        "floating_network_id": Attribute(default=REQUIRED, put=False),
        "port_id": Attribute(default=None, nullable=True),
        "fixed_ip_address": Attribute(default=None, nullable=True),
        "subnet_id": Attribute(default=None, put=False, nullable=True),
        "floating_ip_address": Attribute(admin=True, put=False),
        "qos_policy_id": Attribute(default=None, nullable=True),
        "dns_name": Attribute(put=False),
        "dns_domain": Attribute(put=False),
    },
    lost_type="FloatingIPNotFound",
    lost_message="Floating IP {} could not be found",
    create=_create_floating,
    update=_update_floating,
    delete=_delete_floating,
    show=_show_floating,
)
