"""OS::Neutron::Port."""

from __future__ import annotations

import ipaddress
from typing import Any

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.fields import Field, reference, references
from providers.openstack.kinds.kind import Body, Cloud
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import NetworkKind
from providers.openstack.kinds.properties import ADMIN_UP, TAGS, address, cidr, lower, name

_FIXED = spec(subnet=text("a subnet, by name or id"), ip_address=text("an address", normalize=address))
_PAIR = spec(
    ip_address=text("an address or CIDR", required=True, normalize=cidr),
    mac_address=text("a hardware address; the port's own where left out", normalize=lower),
)
_VNICS = ("normal", "direct", "macvtap", "direct-physical", "baremetal", "virtio-forwarder", "smart-nic")


def _fixed(cloud: Cloud, value: Any) -> Any:
    sent = []
    for entry in value:
        one = {"subnet_id": cloud.names.id("subnet", entry["subnet"])} if "subnet" in entry else {}
        sent.append({**one, **({"ip_address": entry["ip_address"]} if "ip_address" in entry else {})})
    return sent


def _fixed_back(cloud: Cloud, seen: Any, wanted: Any, body: Body) -> Any:
    """Write addresses as the spec does; what the cloud added by itself (SLAAC) is no part of it."""
    names = [entry.get("subnet") for entry in wanted or ()]
    shown = []
    for entry in seen:
        named = (n for n in names if cloud.names.spelled("subnet", n, entry["subnet_id"]) == n)
        spelled = next(named, entry["subnet_id"])
        if spelled in names or not _is_automatic(entry["ip_address"], body["mac_address"]):
            shown.append({"subnet": spelled, "ip_address": entry["ip_address"]})
    return shown


def _is_automatic(ip: str, mac: str) -> bool:
    """Whether an address is made from the hardware address, as RFC 4291 (modified EUI-64) says."""
    parsed = ipaddress.ip_address(ip)
    if parsed.version == 4:
        return False
    parts = [int(part, 16) for part in mac.split(":")]
    made = bytes([parts[0] ^ 2, *parts[1:3], 0xFF, 0xFE, *parts[3:]])
    return parsed.packed[8:] == made


def _status(body: Body) -> dict[str, object]:
    return picked(body, "name", "status", "fixed_ips", "mac_address", "device_id", "device_owner")


KIND = NetworkKind(
    schema=KindSchema(
        TypeName("OS::Neutron::Port"),
        spec(
            network=text("the network, by name or id", required=True, create_only=True),
            name=name("port"),
            fixed_ips=Property("array", "its addresses", items=_FIXED, unordered=True),
            security_groups=Property(
                "array", "security groups, by name or id", items=text("a group"), unordered=True
            ),
            allowed_address_pairs=Property(
                "array", "other addresses that may pass", items=_PAIR, unordered=True, default=[]
            ),
            admin_state_up=ADMIN_UP,
            mac_address=text("its hardware address", create_only=True, normalize=lower),
            port_security_enabled=flag("whether groups apply"),
            qos_policy=Property(
                ("string", "null"), "the quality-of-service policy, by name or id", default=None
            ),
            **{"binding:vnic_type": text("the sort of interface", enum=_VNICS, default="normal")},
            tags=TAGS,
        ),
        status(
            name=text("its name"),
            status=text("ACTIVE once a machine holds it"),
            fixed_ips=Property(
                "array",
                "its addresses",
                items=status(subnet_id=text("a subnet's id"), ip_address=text("an address")),
                stable=True,
            ),
            mac_address=text("its hardware address", stable=True),
        ),
        "A place in a network, with addresses",
        reads=BULK,
        marking=Marking.PROVISIONAL,
        consistency=2.0,
        permissions=("create_port", "get_port", "update_port", "delete_port"),
    ),
    label="port",
    path="/ports",
    fields=(
        reference("network", "network_id", "network"),
        Field("name"),
        Field("fixed_ips", to=_fixed, back=_fixed_back),
        references("security_groups", "security_group"),
        Field("allowed_address_pairs"),
        Field("admin_state_up"),
        Field("mac_address"),
        Field("port_security_enabled"),
        Field("binding:vnic_type"),
        reference("qos_policy", "qos_policy_id", "qos_policy"),
    ),
    status=_status,
)
