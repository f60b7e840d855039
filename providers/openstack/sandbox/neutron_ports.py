"""Neutron's ports: addresses from their subnets, security groups, and what they are attached to."""

from __future__ import annotations

import ipaddress
from typing import Any

from providers.openstack.sandbox.attributes import COMMON, FLAG, READ_ONLY, REQUIRED, Attribute
from providers.openstack.sandbox.calls import Call
from providers.openstack.sandbox.cloud import Body, Cloud, shown
from providers.openstack.sandbox.group_store import ensure_default
from providers.openstack.sandbox.neutron_base import Collection
from providers.openstack.sandbox.neutron_nets import NETWORKS, SUBNETS
from providers.openstack.sandbox.problems import bad_request, conflict, missing

_TRIES = 200


def _create_port(call: Call, body: Body) -> Body:
    network = NETWORKS.find(call, body["network_id"])
    asked = body["fixed_ips"]
    body["mac_address"] = body.get("mac_address") or call.cloud.mac()
    body["_none_wanted"] = asked == []
    body["fixed_ips"] = (
        [] if asked == [] else allocate(call.cloud, network["id"], asked, mac=body["mac_address"])
    )
    groups = body["security_groups"]
    body["security_groups"] = (
        [ensure_default(call.cloud, call.project)["id"]] if groups is None else _known_groups(call, groups)
    )
    body["allowed_address_pairs"] = _pairs(body)
    return {**body, "status": "DOWN"}


def blank_port(network: str, mac: str) -> Body:
    """Give a port that a service makes for itself, still without addresses and groups."""
    lists: dict[str, Any] = {"security_groups": [], "allowed_address_pairs": [], "extra_dhcp_opts": []}
    return {
        "name": "",
        "description": "",
        "network_id": network,
        "mac_address": mac,
        "admin_state_up": True,
        "port_security_enabled": True,
        "binding:vnic_type": "normal",
        "dns_name": "",
        "qos_policy_id": None,
        "status": "DOWN",
        **lists,
    }


def _known_groups(call: Call, groups: list[str]) -> list[str]:
    for key in groups:
        lost = missing(f"Security group {key} does not exist", "SecurityGroupNotFound")
        call.find("security_groups", key, lost)
    return list(groups)


def _pairs(body: Body) -> list[dict[str, str]]:
    return [{"mac_address": body["mac_address"], **pair} for pair in body["allowed_address_pairs"] or ()]


def allocate(cloud: Cloud, network: str, asked: list[Body] | None, *, mac: str) -> list[dict[str, str]]:
    """Give the addresses of a port: what was asked for, else one IPv4; always one of each SLAAC subnet."""
    subnets = [s for s in cloud.table("subnets").values() if s["network_id"] == network]
    automatic = [s for s in subnets if s["ipv6_address_mode"] in {"slaac", "dhcpv6-stateless"}]
    manual = [s for s in subnets if s not in automatic]
    if asked is None:
        wanted: list[Body] = [{"subnet_id": manual[0]["id"]}] if manual else []
    else:
        wanted = [entry for entry in asked if entry.get("subnet_id") not in {s["id"] for s in automatic}]
    addresses = [_one(cloud, subnets, entry) for entry in wanted]
    return addresses + [{"subnet_id": s["id"], "ip_address": _eui64(s["cidr"], mac)} for s in automatic]


def _one(cloud: Cloud, subnets: list[Body], entry: Body) -> dict[str, str]:
    subnet = _subnet_for(subnets, entry)
    used = taken(cloud, subnet["id"])
    address = entry.get("ip_address")
    if address is None:
        return {"subnet_id": subnet["id"], "ip_address": _free(cloud, subnet, used)}
    if ipaddress.ip_address(address) not in ipaddress.ip_network(subnet["cidr"]):
        raise bad_request(
            f"IP address {address} is not a valid IP for the specified subnet.", "InvalidIpForSubnet"
        )
    if str(address) in used:
        message = f"IP address {address} already allocated in subnet {subnet['id']}"
        raise conflict(message, "IpAddressAlreadyAllocated")
    return {"subnet_id": subnet["id"], "ip_address": str(address)}


def _subnet_for(subnets: list[Body], entry: Body) -> Body:
    if key := entry.get("subnet_id"):
        found = [s for s in subnets if s["id"] == key]
        if not found:
            raise SUBNETS.lost(str(key))
        return found[0]
    address = ipaddress.ip_address(str(entry.get("ip_address")))
    found = [s for s in subnets if address in ipaddress.ip_network(s["cidr"])]
    if not found:
        message = f"IP address {address} is not a valid IP for any of the subnets on the specified network."
        raise bad_request(message, "InvalidIpForNetwork")
    return found[0]


def taken(cloud: Cloud, subnet: str) -> set[str]:
    """Addresses of a subnet that ports hold."""
    ports = cloud.table("ports").values()
    return {a["ip_address"] for port in ports for a in port["fixed_ips"] if a["subnet_id"] == subnet}


def _free(cloud: Cloud, subnet: Body, used: set[str]) -> str:
    pools = [(int(_ip(p["start"])), int(_ip(p["end"]))) for p in subnet["allocation_pools"]]
    kind = ipaddress.IPv4Address if subnet["ip_version"] == 4 else ipaddress.IPv6Address
    enough = len(used) + _TRIES
    near = [str(kind(n)) for low, high in pools for n in range(low, min(high, low + enough) + 1)]
    free = [address for address in near if address not in used]
    if not free:
        message = f"No more IP addresses available on network {subnet['network_id']}."
        raise conflict(message, "IpAddressGenerationFailure")
    return cloud.pick(free)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text)


def _eui64(cidr: str, mac: str) -> str:
    parts = [int(part, 16) for part in mac.split(":")]
    parts[0] ^= 2
    host = int.from_bytes(bytes([*parts[:3], 0xFF, 0xFE, *parts[3:]]), "big")
    return str(ipaddress.ip_network(cidr).network_address + host)


def _update_port(call: Call, body: Body, change: Body) -> None:
    if change.get("security_groups") is not None:
        change["security_groups"] = _known_groups(call, change["security_groups"])
    if "fixed_ips" in change:
        held, body["fixed_ips"] = body["fixed_ips"], []
        try:
            asked = [_kept(held, entry) for entry in change["fixed_ips"] or ()]
            change["fixed_ips"] = allocate(call.cloud, body["network_id"], asked, mac=body["mac_address"])
        finally:
            body["fixed_ips"] = held
        body["_none_wanted"] = not change["fixed_ips"]
    if "allowed_address_pairs" in change:
        change["allowed_address_pairs"] = _pairs({**body, **change})
    body.update(change)


def _kept(held: list[dict[str, str]], entry: Body) -> Body:
    same = [a for a in held if a["subnet_id"] == entry.get("subnet_id")]
    return same[0] if same and "ip_address" not in entry else entry


def _show_port(_call: Call, body: Body) -> Body:
    names = [
        (a["ip_address"], "host-" + a["ip_address"].replace(".", "-").replace(":", "-"))
        for a in body["fixed_ips"]
    ]
    assignment: list[dict[str, Any]] = [
        {"ip_address": address, "hostname": host, "fqdn": f"{host}.openstacklocal."}
        for address, host in names
    ]
    allocation = "none" if body.get("_none_wanted") else "immediate"
    return {
        **shown(body),
        "dns_assignment": assignment,
        "ip_allocation": allocation,
        "qos_network_policy_id": None,
    }


def _delete_port(call: Call, body: Body) -> None:
    if body["device_owner"].startswith("network:router"):
        raise conflict(
            f"Port {body['id']} cannot be deleted directly via the port API: has device owner "
            f"{body['device_owner']}.",
            "ServicePortInUse",
        )
    _refuse_trunked(call.cloud, body["id"])
    drop_port(call.cloud, body)


def _refuse_trunked(cloud: Cloud, port: str) -> None:
    for trunk in cloud.table("trunks").values():
        if trunk["port_id"] == port:
            message = f"Port {port} is currently a parent port for trunk {trunk['id']}."
            raise conflict(message, "PortInUseAsTrunkParent")
        if any(sub["port_id"] == port for sub in trunk["sub_ports"]):
            raise conflict(
                f"Port {port} is currently a subport for trunk {trunk['id']}.", "PortInUseAsSubPort"
            )


def drop_port(cloud: Cloud, body: Body) -> None:
    """Take a port away; a floating address that led to it leads nowhere."""
    cloud.table("ports").pop(body["id"], None)
    forwardings = cloud.table("port_forwardings")
    for key in [f["id"] for f in forwardings.values() if f["internal_port_id"] == body["id"]]:
        del forwardings[key]
    for floating in cloud.table("floatingips").values():
        if floating["port_id"] == body["id"]:
            floating.update(port_id=None, fixed_ip_address=None, router_id=None, status="DOWN")


PORTS = Collection(
    label="port",
    plural="ports",
    attributes={
        **COMMON,
        "network_id": Attribute(default=REQUIRED, put=False),
        "admin_state_up": FLAG,
        "mac_address": Attribute(default=None, nullable=True),
        "fixed_ips": Attribute("list", default=None, nullable=True),
        "security_groups": Attribute("list", default=None, nullable=True),
        "allowed_address_pairs": Attribute("list", default=[], nullable=True),
        "extra_dhcp_opts": Attribute("list", default=[], nullable=True),
        "device_id": Attribute(),
        "device_owner": Attribute(),
        "port_security_enabled": FLAG,
        "binding:vnic_type": Attribute(default="normal"),
        "binding:host_id": Attribute(admin=True, nullable=True),
        "binding:profile": Attribute("mapping", admin=True, nullable=True),
        "dns_name": Attribute(),
        "qos_policy_id": Attribute(default=None, nullable=True),
        "ip_allocation": READ_ONLY,
    },
    lost_type="PortNotFound",
    lost_message="Port {} could not be found.",
    create=_create_port,
    update=_update_port,
    delete=_delete_port,
    show=_show_port,
)
