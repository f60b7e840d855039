"""OS::Neutron::Net."""

from __future__ import annotations

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.schema import Property
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.kind import Body
from providers.openstack.kinds.network import NetworkKind
from providers.openstack.kinds.properties import ADMIN_UP, TAGS, name

BULK = (ReadWay(How.LIST, 1000), ReadWay(How.GET))


def _status(body: Body) -> dict[str, object]:
    return picked(body, "name", "status", "mtu", "subnets", "router:external")


KIND = NetworkKind(
    schema=KindSchema(
        TypeName("OS::Neutron::Net"),
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
        ),
        status(
            name=text("its name"),
            status=text("ACTIVE, DOWN, BUILD or ERROR"),
            mtu=Property("integer", "largest packet"),
            subnets=Property("array", "ids of its subnets"),
        ),
        "A network of the project",
        reads=BULK,
        marking=Marking.PROVISIONAL,
        consistency=2.0,
        readiness=True,
        permissions=("create_network", "get_network", "update_network", "delete_network"),
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
    ),
    status=_status,
)
