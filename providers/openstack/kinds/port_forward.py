"""OS::Neutron::FloatingIPPortForward: one port of a floating address leads to one port of a machine."""

from __future__ import annotations

from typing import Any

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import number, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.children import BELOW, ChildKind, Parent
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.floating_ip import KIND as FLOATING
from providers.openstack.kinds.kind import Body
from providers.openstack.kinds.properties import address

_PROTOCOLS = ("tcp", "udp", "icmp", "icmp6", "sctp", "dccp")


def _number(description: str) -> Property:
    return number(description, required=True, minimum=1, maximum=65535)


def _status(body: Body) -> dict[str, object]:
    return picked(
        body, "external_port", "internal_port", "internal_ip_address", "internal_port_id", "protocol"
    )


def _as_it_is(_cloud: Any, seen: Any, _wanted: Any, _body: Body) -> Any:
    return seen


KIND = ChildKind(
    KindSchema(
        TypeName("OS::Neutron::FloatingIPPortForward"),
        spec(
            floating_ip=text("the floating address's id", required=True, create_only=True),
            protocol=text("the protocol", enum=_PROTOCOLS, required=True),
            external_port=_number("the port of the floating address"),
            internal_port=text("the Neutron port that it leads to, by name or id", required=True),
            internal_ip_address=text("which of the port's addresses", required=True, normalize=address),
            internal_port_number=_number("the port of the machine"),
            description=text("what it is for", default=""),
        ),
        status(external_port=number("the port of the floating address")),
        "Lets one port of a floating address lead to one port of a machine",
        reads=BELOW,
        marking=Marking.NATURAL,
        consistency=2.0,
        natural_key=("floating_ip", "protocol", "external_port"),
        parent="floating_ip",
        permissions=tuple(
            f"{verb}_floatingip_port_forwarding" for verb in ("create", "get", "update", "delete")
        ),
    ),
    label="port_forwarding",
    path="/floatingips/{}/port_forwardings",
    fields=(
        Field("protocol"),
        Field("external_port"),
        reference("internal_port", "internal_port_id", "port"),
        Field("internal_ip_address"),
        Field("internal_port_number", "internal_port"),
        Field("description"),
    ),
    status=_status,
    exists=("port collision",),
    parent=Parent(Field("floating_ip", back=_as_it_is), FLOATING.listing, has="port_forwardings"),
)
