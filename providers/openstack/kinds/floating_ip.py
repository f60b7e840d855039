"""OS::Neutron::FloatingIP: it has no name, so its description carries the provisional one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.kind import Body, Cloud
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import NetworkKind
from providers.openstack.kinds.properties import TAGS, address


@dataclass(frozen=True, slots=True)
class FloatingKind(NetworkKind):
    """A collection of Neutron whose changes must say anew which address of the port is meant."""

    def _put(self, cloud: Cloud, id: str, change: dict[str, Any]) -> Body:
        """Repeat where it leads to: else Neutron refuses any change while the port has several addresses."""
        there = {} if "port_id" in change else self.listing.get(cloud, id) or {}
        kept = {key: there[key] for key in ("port_id", "fixed_ip_address") if there.get("port_id")}
        return NetworkKind._put(self, cloud, id, {**kept, **change})  # noqa: SLF001 - our own base


def _status(body: Body) -> dict[str, object]:
    return picked(body, "floating_ip_address", "fixed_ip_address", "port_id", "router_id", "status")


KIND = FloatingKind(
    schema=KindSchema(
        TypeName("OS::Neutron::FloatingIP"),
        spec(
            floating_network=text("the external network, by name or id", required=True, create_only=True),
            floating_subnet=text("a subnet of it, by name or id", create_only=True, write_only=True),
            floating_ip_address=text(
                "this very address; administrators only", create_only=True, normalize=address
            ),
            port_id=Property(("string", "null"), "the port that it leads to"),
            fixed_ip_address=text("which of the port's addresses", normalize=address),
            description=text("what it is for", default=""),
            tags=TAGS,
        ),
        status(
            floating_ip_address=text("the address", stable=True),
            fixed_ip_address=Property(("string", "null"), "where it leads to"),
            port_id=Property(("string", "null"), "the port that it leads to"),
            status=text("ACTIVE while it leads somewhere, else DOWN"),
        ),
        "An address of an external network",
        reads=BULK,
        marking=Marking.PROVISIONAL,
        consistency=2.0,
        absorbs={"port_id": TypeName("OS::Neutron::FloatingIPAssociation")},
        permissions=("create_floatingip", "get_floatingip", "update_floatingip", "delete_floatingip"),
    ),
    label="floatingip",
    path="/floatingips",
    fields=(
        reference("floating_network", "floating_network_id", "network"),
        reference("floating_subnet", "subnet_id", "subnet"),
        Field("floating_ip_address"),
        reference("port_id", "port_id", "port"),
        Field("fixed_ip_address"),
        Field("description"),
    ),
    status=_status,
    mark="description",
)
