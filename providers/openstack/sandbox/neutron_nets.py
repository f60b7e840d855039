"""Neutron's networks and subnets."""

from __future__ import annotations

import ipaddress
from typing import Any

from providers.openstack.sandbox.attributes import (
    ABSENT,
    COMMON,
    CREATE_ONLY,
    FLAG,
    READ_ONLY,
    REQUIRED,
    Attribute,
)
from providers.openstack.sandbox.calls import Call
from providers.openstack.sandbox.cloud import Body, Cloud, shown
from providers.openstack.sandbox.neutron_base import Collection
from providers.openstack.sandbox.problems import bad_request, conflict, missing

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
_INVALID = "InvalidInput"


def _create_network(call: Call, body: Body) -> Body:
    external = bool(body.get("router:external", False))
    return {
        "shared": False,
        "is_default": False,
        "provider:network_type": "vxlan",
        "provider:physical_network": None,
        "provider:segmentation_id": int(call.cloud.pick([str(number) for number in range(1, 9999)])),
        **body,
        "router:external": external,
        "_public": external or bool(body.get("shared")),
        "status": "ACTIVE",
        "availability_zones": [],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "l2_adjacency": True,
    }


def _update_network(_call: Call, body: Body, change: Body) -> None:
    body.update(change)


def _show_network(call: Call, body: Body) -> Body:
    subnets = [s["id"] for s in call.cloud.table("subnets").values() if s["network_id"] == body["id"]]
    visible = {**shown(body), "subnets": subnets}
    if call.method != "POST" and not body["router:external"]:
        del visible["is_default"]
    if not call.project.is_admin:
        visible = {name: value for name, value in visible.items() if not name.startswith("provider:")}
    return visible


def _delete_network(call: Call, body: Body) -> None:
    """Refuse while ports are there; take the subnets without a word."""
    ports = [p["id"] for p in call.cloud.table("ports").values() if p["network_id"] == body["id"]]
    if ports:
        raise conflict(
            f"Unable to complete operation on network {body['id']}. There are one or more ports still in use on the "
            f"network, id for these ports is: {','.join(ports)}.",
            "NetworkInUse",
        )
    subnets = call.cloud.table("subnets")
    for key in [s["id"] for s in subnets.values() if s["network_id"] == body["id"]]:
        del subnets[key]


NETWORKS = Collection(
    label="network",
    plural="networks",
    attributes={
        **COMMON,
        "admin_state_up": FLAG,
        "mtu": Attribute("integer", default=1450),
        "port_security_enabled": FLAG,
        "dns_domain": Attribute(),
        "qos_policy_id": Attribute(default=None, nullable=True),
        "availability_zone_hints": Attribute("list", default=[], put=False),
        "subnets": READ_ONLY,
        "shared": Attribute("boolean", default=False, admin=True),
        "is_default": Attribute("boolean", default=False, admin=True),
        "router:external": Attribute("boolean", default=False, admin=True),
        "provider:network_type": Attribute(admin=True, put=False),
        "provider:physical_network": Attribute(admin=True, put=False, nullable=True),
        "provider:segmentation_id": Attribute("integer", admin=True, put=False, nullable=True),
    },
    lost_type="NetworkNotFound",
    lost_message="Network {} could not be found.",
    create=_create_network,
    update=_update_network,
    delete=_delete_network,
    show=_show_network,
)


def parse_cidr(text: Any) -> IPNetwork:
    """Read a CIDR, host bits allowed, or refuse as Neutron does."""
    try:
        return ipaddress.ip_network(str(text), strict=False)
    except ValueError as error:
        raise bad_request(
            f"Invalid input for operation: {text} is not in a CIDR format.", _INVALID
        ) from error


def _create_subnet(call: Call, body: Body) -> Body:
    network = NETWORKS.find(call, body["network_id"])
    length = body.pop("prefixlen", None)
    if body.get("subnetpool_id") is not None:
        body["cidr"] = _from_pool(call, body, length)
    if body.get("cidr") is None:
        message = "Bad subnets request: a subnetpool must be specified in the absence of a cidr."
        raise bad_request(message, "BadRequest")
    cidr = parse_cidr(body["cidr"])
    if cidr.version != body["ip_version"]:
        raise bad_request(
            f"Invalid input for operation: cidr '{body['cidr']}' does not match the ip_version "
            f"'{body['ip_version']}'.",
            _INVALID,
        )
    _refuse_overlap(call.cloud, network["id"], cidr)
    gateway = body["gateway_ip"] if "gateway_ip" in body else first_host(cidr)
    body["gateway_ip"] = None if gateway is None else str(ipaddress.ip_address(gateway))
    pools = body.get("allocation_pools")
    body["allocation_pools"] = pools if pools is not None else free_pools(cidr, body["gateway_ip"])
    _refuse_gateway_in_pool(body)
    external = network["router:external"]
    return {
        **body,
        "cidr": str(cidr),
        "router:external": external,
        "_public": network.get("_public", False),
        "revision_number": 0,
    }


def _from_pool(call: Call, body: Body, length: int | None) -> str:
    """Take a prefix of a pool: the one that is asked for, else the first that is free."""
    lost = missing(f"Subnet pool {body['subnetpool_id']} could not be found.", "SubnetPoolNotFound")
    pool = call.find("subnetpools", body["subnetpool_id"], lost)
    taken = [
        ipaddress.ip_network(s["cidr"])
        for s in call.cloud.table("subnets").values()
        if s["subnetpool_id"] == pool["id"]
    ]
    if body.get("cidr") is not None:
        return str(body["cidr"])
    wanted = length if length is not None else int(pool["default_prefixlen"])
    for prefix in pool["prefixes"]:
        whole = ipaddress.ip_network(prefix)
        if whole.prefixlen > wanted:
            continue
        for free in whole.subnets(new_prefix=wanted):
            if not any(free.overlaps(held) for held in taken):
                return str(free)
    raise conflict(
        "Failed to allocate subnet: Insufficient prefix space to allocate subnet size /" + f"{wanted}.",
        "SubnetAllocationError",
    )


def _refuse_overlap(cloud: Cloud, network: str, cidr: IPNetwork) -> None:
    for other in cloud.table("subnets").values():
        known = ipaddress.ip_network(other["cidr"])
        if other["network_id"] == network and known.version == cidr.version and known.overlaps(cidr):
            raise bad_request(
                f"Invalid input for operation: Requested subnet with cidr: {cidr} for network: {network} overlaps "
                "with another subnet.",
                _INVALID,
            )


def first_host(cidr: IPNetwork) -> str:
    """Give the gateway that Neutron picks: the first host, in IPv6 the anycast address."""
    return str(cidr.network_address if cidr.version == 6 else cidr.network_address + 1)


def free_pools(cidr: IPNetwork, gateway: str | None) -> list[dict[str, str]]:
    """Everything but the network's own addresses and the gateway, as one or two ranges."""
    first = int(cidr.network_address) + 1
    last = int(cidr.broadcast_address) - (1 if cidr.version == 4 else 0)
    kind = ipaddress.IPv4Address if cidr.version == 4 else ipaddress.IPv6Address
    hole = int(ipaddress.ip_address(gateway)) if gateway else None
    ranges = [(first, last)]
    if hole is not None and first <= hole <= last:
        ranges = [(first, hole - 1), (hole + 1, last)]
    return [{"start": str(kind(a)), "end": str(kind(b))} for a, b in ranges if a <= b]


def _refuse_gateway_in_pool(body: Body) -> None:
    gateway = body["gateway_ip"]
    for pool in body["allocation_pools"] if gateway else ():
        address = ipaddress.ip_address(gateway)
        if int(ipaddress.ip_address(pool["start"])) <= int(address) <= int(ipaddress.ip_address(pool["end"])):
            raise conflict(
                f"Gateway ip {gateway} conflicts with allocation pool {pool['start']}-{pool['end']}.",
                "GatewayConflictWithAllocationPools",
            )


def _update_subnet(call: Call, body: Body, change: Body) -> None:
    if "gateway_ip" in change and change["gateway_ip"] != body["gateway_ip"]:
        _refuse_used_gateway(call, body)
    future = {**body, **change}
    if future["gateway_ip"] is not None:
        future["gateway_ip"] = change["gateway_ip"] = str(ipaddress.ip_address(future["gateway_ip"]))
    _refuse_gateway_in_pool(future)
    body.update(change)


def _refuse_used_gateway(call: Call, body: Body) -> None:
    for port in call.cloud.table("ports").values():
        if {"subnet_id": body["id"], "ip_address": body["gateway_ip"]} in port["fixed_ips"]:
            raise conflict(
                f"Current gateway ip {body['gateway_ip']} already in use by port {port['id']}. Unable to update.",
                "GatewayIpInUse",
            )


def _delete_subnet(call: Call, body: Body) -> None:
    for port in call.cloud.table("ports").values():
        if any(address["subnet_id"] == body["id"] for address in port["fixed_ips"]):
            raise conflict(
                f"Unable to complete operation on subnet {body['id']}: One or more ports have an IP allocation from "
                "this subnet.",
                "SubnetInUse",
            )


SUBNETS = Collection(
    label="subnet",
    plural="subnets",
    attributes={
        **COMMON,
        "network_id": Attribute(default=REQUIRED, put=False),
        "ip_version": Attribute("integer", default=REQUIRED, put=False),
        "cidr": CREATE_ONLY,
        "subnetpool_id": CREATE_ONLY,
        "prefixlen": Attribute("integer", default=ABSENT, put=False),
        "gateway_ip": Attribute(default=ABSENT, nullable=True),
        "allocation_pools": Attribute("list", default=None, nullable=True),
        "dns_nameservers": Attribute("list", default=[]),
        "host_routes": Attribute("list", default=[]),
        "enable_dhcp": FLAG,
        "ipv6_ra_mode": CREATE_ONLY,
        "ipv6_address_mode": CREATE_ONLY,
        "service_types": Attribute("list", default=[]),
        "router:external": READ_ONLY,
    },
    lost_type="SubnetNotFound",
    lost_message="Subnet {} could not be found.",
    create=_create_subnet,
    update=_update_subnet,
    delete=_delete_subnet,
)
