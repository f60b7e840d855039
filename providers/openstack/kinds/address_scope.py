"""OS::Neutron::AddressScope. Neutron gives it no tags: state alone knows whose it is once it has its name."""

from __future__ import annotations

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, number, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import NetworkKind
from providers.openstack.kinds.properties import name


def _status(body: Body) -> dict[str, object]:
    return picked(body, "name", "ip_version", "shared")


KIND = NetworkKind(
    schema=KindSchema(
        TypeName("OS::Neutron::AddressScope"),
        spec(
            name=name("scope"),
            ip_version=number("4 or 6", enum=(4, 6), default=4, create_only=True),
            shared=flag(
                "whether all projects may use it; administrators only",
                default=False,
                one_way=lambda before, after: before is True and after is False,
            ),
        ),
        status(name=text("its name"), ip_version=number("4 or 6", stable=True)),
        "Addresses that are routed to each other without translation",
        reads=BULK,
        marking=Marking.NATURAL,
        consistency=2.0,
        permissions=(
            "create_address_scope",
            "get_address_scope",
            "update_address_scope",
            "delete_address_scope",
        ),
    ),
    label="address_scope",
    path="/address-scopes",
    fields=(Field("name"), Field("ip_version"), Field("shared")),
    status=_status,
    creating=lambda _cloud, body: {"ip_version": 4, **body},
    tags_at="",
)
