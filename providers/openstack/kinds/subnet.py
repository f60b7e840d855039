"""OS::Neutron::Subnet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, number, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.kind import Body, Cloud
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import NetworkKind
from providers.openstack.kinds.properties import TAGS, address, cidr, name, pools

_MODES = ("dhcpv6-stateful", "dhcpv6-stateless", "slaac")
_ROUTE = spec(
    destination=text("a CIDR", required=True, normalize=cidr),
    nexthop=text("an address", required=True, normalize=address),
)


def _creating(_cloud: Cloud, body: dict[str, Any]) -> dict[str, Any]:
    body.setdefault("ip_version", 4)
    return body


def _gateway(_cloud: Cloud, value: Any) -> Any:
    return value or None


def _status(body: Body) -> dict[str, object]:
    shown = picked(body, "name", "cidr", "gateway_ip", "allocation_pools", "host_routes", "dns_nameservers")
    return {**shown, "network": body["network_id"]}


def _refine(wanted: Mapping[str, Any]) -> list[str]:
    six_only = [name for name in ("ipv6_ra_mode", "ipv6_address_mode") if name in wanted]
    if six_only and wanted.get("ip_version", 4) == 4:
        return [f"{six_only[0]} needs ip_version: 6"]
    if "cidr" not in wanted and "subnetpool" not in wanted:
        return ["a subnet needs a cidr (or a subnetpool to take one from)"]
    return []


KIND = NetworkKind(
    schema=KindSchema(
        TypeName("OS::Neutron::Subnet"),
        spec(
            network=text("the network, by name or id", required=True, create_only=True),
            cidr=text("its addresses", create_only=True, normalize=cidr),
            subnetpool=text("the pool to take addresses from, by name or id", create_only=True),
            prefixlen=number(
                "how long a prefix to take from the pool",
                create_only=True,
                write_only=True,
                minimum=0,
                maximum=128,
            ),
            ip_version=number("4 or 6", enum=(4, 6), default=4, create_only=True),
            name=name("subnet"),
            gateway_ip=Property(("string", "null"), "the gateway; empty or null for none", normalize=address),
            enable_dhcp=flag("whether addresses are handed out", default=True),
            dns_nameservers=Property(
                "array",
                "name servers, in this order",
                items=text("an address", normalize=address),
                default=[],
            ),
            allocation_pools=pools("ranges to hand out addresses from"),
            host_routes=Property(
                "array", "routes told to machines", items=_ROUTE, unordered=True, default=[]
            ),
            ipv6_ra_mode=text("who sends router advertisements", enum=_MODES, create_only=True),
            ipv6_address_mode=text("how machines get addresses", enum=_MODES, create_only=True),
            tags=TAGS,
        ),
        status(
            name=text("its name"),
            cidr=text("its addresses, as the cloud writes them", stable=True),
            gateway_ip=Property(("string", "null"), "the gateway"),
            allocation_pools=Property("array", "ranges"),
            network=text("the network's id", stable=True),
        ),
        "Addresses of a network",
        reads=BULK,
        marking=Marking.PROVISIONAL,
        consistency=2.0,
        parent="network",
        permissions=("create_subnet", "get_subnet", "update_subnet", "delete_subnet"),
        refine=_refine,
    ),
    label="subnet",
    path="/subnets",
    fields=(
        reference("network", "network_id", "network"),
        Field("cidr"),
        reference("subnetpool", "subnetpool_id", "subnetpool"),
        Field("prefixlen"),
        Field("ip_version"),
        Field("name"),
        Field("gateway_ip", to=_gateway),
        Field("enable_dhcp"),
        Field("dns_nameservers"),
        Field("allocation_pools"),
        Field("host_routes"),
        Field("ipv6_ra_mode"),
        Field("ipv6_address_mode"),
    ),
    status=_status,
    creating=_creating,
)
