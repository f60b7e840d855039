"""OS::Neutron::SubnetPool: Neutron joins neighbouring prefixes, and writes some lengths as texts."""

from __future__ import annotations

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
from providers.openstack.kinds.properties import TAGS, cidr, joined, name


def _loses(before: Any, after: Any) -> bool:
    """Whether some of the addresses before are not among those after."""
    if not isinstance(before, list | tuple) or not isinstance(after, list | tuple):
        return False
    return list(joined([*before, *after])) != list(joined(after))


def _length(name: str) -> Field:
    return Field(name, back=lambda _cloud, seen, _wanted, _body: None if seen is None else int(seen))


def _bits(description: str) -> Property:
    return number(description, minimum=0, maximum=128)


def _status(body: Body) -> dict[str, object]:
    return picked(body, "name", "prefixes", "ip_version", "address_scope_id")


def _whole(_cloud: Cloud, value: Any) -> Any:
    return list(joined(value))


KIND = NetworkKind(
    schema=KindSchema(
        TypeName("OS::Neutron::SubnetPool"),
        spec(
            name=name("pool"),
            prefixes=Property(
                "array",
                "what subnets are taken from; it may grow, and not shrink",
                items=text("a CIDR", normalize=cidr),
                required=True,
                unordered=True,
                normalize=joined,
                one_way=_loses,
            ),
            address_scope=Property(("string", "null"), "the address scope, by name or id", default=None),
            default_prefixlen=_bits("the length of a subnet that does not ask for one"),
            min_prefixlen=_bits("the shortest prefix, so the largest subnet"),
            max_prefixlen=_bits("the longest prefix, so the smallest subnet"),
            default_quota=number(
                "how much of it one project may take; once it is set the cloud has no way to unset it",
                minimum=0,
                kept=True,
            ),
            shared=flag(
                "whether all projects may use it; administrators only", default=False, create_only=True
            ),
            is_default=flag("whether it is the cloud's default; administrators only", default=False),
            description=text("what it is for", default=""),
            tags=TAGS,
        ),
        status(
            name=text("its name"),
            prefixes=Property("array", "what subnets are taken from, as the cloud writes it"),
            ip_version=number("4 or 6", stable=True),
        ),
        "Addresses to take subnets from",
        reads=BULK,
        marking=Marking.PROVISIONAL,
        consistency=2.0,
        permissions=("create_subnetpool", "get_subnetpool", "update_subnetpool", "delete_subnetpool"),
    ),
    label="subnetpool",
    path="/subnetpools",
    fields=(
        Field("name"),
        Field("prefixes", to=_whole),
        reference("address_scope", "address_scope_id", "address_scope"),
        _length("default_prefixlen"),
        _length("min_prefixlen"),
        _length("max_prefixlen"),
        Field("default_quota"),
        Field("shared"),
        Field("is_default"),
        Field("description"),
    ),
    status=_status,
)
