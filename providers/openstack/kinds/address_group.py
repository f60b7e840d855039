"""OS::Neutron::AddressGroup: addresses that rules speak of together. Neutron gives it no tags."""

from __future__ import annotations

from typing import Any

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body, Cloud
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import NetworkKind, Part
from providers.openstack.kinds.properties import cidr, name


def _networks(_cloud: Cloud, value: Any) -> Any:
    """Write each as Neutron does: it takes no bare address."""
    return list(dict.fromkeys(cidr(item) for item in value))


def _status(body: Body) -> dict[str, object]:
    return picked(body, "name", "addresses")


KIND = NetworkKind(
    schema=KindSchema(
        TypeName("OS::Neutron::AddressGroup"),
        spec(
            name=name("group"),
            description=text("what it is for", default=""),
            addresses=Property(
                "array",
                "addresses and CIDRs",
                items=text("an address or CIDR", normalize=cidr),
                unordered=True,
                default=[],
            ),
        ),
        status(name=text("its name"), addresses=Property("array", "CIDRs, as the cloud writes them")),
        "Addresses that security group rules speak of together",
        reads=BULK,
        marking=Marking.NATURAL,
        consistency=2.0,
        permissions=(
            "create_address_group",
            "get_address_group",
            "update_address_group",
            "delete_address_group",
        ),
    ),
    label="address_group",
    path="/address-groups",
    fields=(Field("name"), Field("description"), Field("addresses", to=_networks)),
    status=_status,
    tags_at="",
    parts=(Part("addresses", "add_addresses", "remove_addresses"),),
)
