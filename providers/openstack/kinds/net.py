"""OS::Neutron::Net, and OS::Neutron::ProviderNet for administrators."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.schema import Property
from providers.openstack.kinds.fields import Field, picked, reference
from providers.openstack.kinds.kind import Body
from providers.openstack.kinds.network import NetworkKind
from providers.openstack.kinds.properties import ADMIN_UP, TAGS, flag, name, number, spec, status, text

BULK = (ReadWay(How.LIST, 1000), ReadWay(How.GET))


def _status(body: Body) -> dict[str, object]:
    return picked(body, "name", "status", "mtu", "subnets", "router:external")


_PERMISSIONS = ("create_network", "get_network", "update_network", "delete_network")


def _network(type: str, summary: str, own: Mapping[str, Property], *fields: Field) -> NetworkKind:
    """Make a kind of network: what all have, and what is its own."""
    return NetworkKind(
        schema=KindSchema(
            TypeName(type),
            spec(
                name=name("network"),
                admin_state_up=ADMIN_UP,
                shared=flag("whether all projects may use it; administrators only", default=False),
                port_security_enabled=flag("what its ports start with", default=True),
                dns_domain=text("the DNS domain", default=""),
                qos_policy=Property(
                    ("string", "null"), "the quality-of-service policy, by name or id", default=None
                ),
                tags=TAGS,
                **own,
            ),
            status(
                name=text("its name"),
                status=text("ACTIVE, DOWN, BUILD or ERROR"),
                mtu=Property("integer", "largest packet"),
                subnets=Property("array", "ids of its subnets"),
            ),
            summary,
            reads=BULK,
            marking=Marking.PROVISIONAL,
            consistency=2.0,
            readiness=True,
            permissions=_PERMISSIONS,
        ),
        label="network",
        path="/networks",
        fields=(
            Field("name"),
            Field("admin_state_up"),
            Field("shared"),
            Field("port_security_enabled"),
            Field("dns_domain"),
            reference("qos_policy", "qos_policy_id", "qos_policy"),
            *fields,
        ),
        status=_status,
    )


KIND = _network("OS::Neutron::Net", "A network of the project", {})
PROVIDER = _network(
    "OS::Neutron::ProviderNet",
    "A network of which an administrator says where it runs",
    {
        "network_type": text(
            "how its traffic is told apart",
            enum=("local", "flat", "vlan", "vxlan", "gre", "geneve"),
            required=True,
            create_only=True,
        ),
        "physical_network": text("the physical network below it", create_only=True),
        "segmentation_id": number("the VLAN or tunnel; chosen where it is left out", create_only=True),
        "router_external": flag("whether routers may lead outside through it", default=False),
    },
    Field("network_type", "provider:network_type"),
    Field("physical_network", "provider:physical_network"),
    Field("segmentation_id", "provider:segmentation_id"),
    Field("router_external", "router:external"),
)
