"""OS::Neutron::SecurityGroupRule: it has no tags and cannot be changed; what it says is what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from orchestrator.kit.fields import picked, to_body, to_spec
from orchestrator.kit.shapes import spec, status, text
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.schema import Property
from orchestrator.model.values import reveal
from providers.openstack.kinds.effects import AtOnce, gone
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.listing import Listing, by_natural_key, knows, read
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.properties import cidr, empty_is_none, lower, protocol

EXISTS: Final = "SecurityGroupRuleExists"
PATH: Final = "/security-group-rules"
LISTING: Final = Listing("network", PATH, "security_group_rule", "security_group_rules", own=True)


def _port(what: str) -> Property:
    return Property(("integer", "null"), what, minimum=0, maximum=65535, default=None)


def rule_properties(*, create_only: bool) -> dict[str, Property]:
    """Describe a rule, as a document of its own or as an item of its group."""
    described: dict[str, Property] = {
        "direction": text("ingress or egress", enum=("ingress", "egress"), default="ingress"),
        "ethertype": text("IPv4 or IPv6", pattern="^(?i:ipv[46])$", default="IPv4", normalize=lower),
        "protocol": Property(
            ("string", "null"), "tcp, udp, icmp, ... or any", default=None, normalize=protocol
        ),
        "port_range_min": _port("the first port"),
        "port_range_max": _port("the last port"),
        "remote_ip_prefix": Property(("string", "null"), "whom it speaks of", default=None, normalize=cidr),
        "remote_group": Property(
            ("string", "null"), "whom it speaks of, by a group's name or id", default=None
        ),
        "remote_address_group": Property(
            ("string", "null"), "whom it speaks of, by an address group's name or id", default=None
        ),
        "description": text("what it is for", default="", normalize=empty_is_none),
    }
    if not create_only:
        return described
    return {key: replace(inner, create_only=True) for key, inner in described.items()}


FIELDS: Final = (
    reference("security_group", "security_group_id", "security_group"),
    Field("direction"),
    Field("ethertype"),
    Field("protocol"),
    Field("port_range_min"),
    Field("port_range_max"),
    Field("remote_ip_prefix"),
    reference("remote_group", "remote_group_id", "security_group"),
    reference("remote_address_group", "remote_address_group_id", "address_group"),
    Field("description", back=lambda _cloud, seen, _wanted, _body: seen or ""),
)
_IDENTITY: Final = {
    "direction": "ingress",
    "ethertype": "IPv4",
    "protocol": None,
    "port_range_min": None,
    "port_range_max": None,
    "remote_ip_prefix": None,
    "remote_group": None,
    "remote_address_group": None,
}
_NAMED: Final = {"remote_group": "security_group", "remote_address_group": "address_group"}


def identity(cloud: Cloud, rule: Spec) -> tuple[Any, ...]:
    """Give what makes two rules the same, whoever wrote them."""
    given = {**_IDENTITY, **{k: v for k, v in rule.items() if k in _IDENTITY and v is not None}}
    given["ethertype"] = lower(given["ethertype"])
    given["protocol"] = protocol(given["protocol"])
    given["remote_ip_prefix"] = cidr(given["remote_ip_prefix"])
    for key, collection in _NAMED.items():
        if given[key]:
            given[key] = cloud.names.id(collection, given[key])
    return tuple(given.values())


def _refine(wanted: Mapping[str, Any]) -> list[str]:
    low, high = wanted.get("port_range_min"), wanted.get("port_range_max")
    if (
        isinstance(low, int)
        and isinstance(high, int)
        and low > high
        and "icmp" not in str(wanted.get("protocol"))
    ):
        return ["port_range_min must not be greater than port_range_max"]
    if (low is not None or high is not None) and protocol(wanted.get("protocol", "any")) is None:
        return ["ports need a protocol: write protocol: tcp (or udp)"]
    whom = [key for key in ("remote_ip_prefix", *_NAMED) if wanted.get(key)]
    if len(whom) > 1:
        return [f"{' and '.join(whom)} exclude each other"]
    return []


@dataclass(frozen=True, slots=True)
class RuleKind(AtOnce):
    """One rule of a group."""

    schema: KindSchema

    def observe(self, cloud: Cloud, body: Body, wanted: Spec) -> Observed:
        """Write a body in the words of the spec."""
        shown = picked(body, "security_group_id", "direction", "protocol")
        return Observed(str(body["id"]), to_spec(cloud, FIELDS, body, wanted), {"id": body["id"], **shown})

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read by id, else by what the rule says."""
        found = read(LISTING, cloud, refs, way, self.observe)
        ready = [ref for ref in refs if ref.id is None and knows(ref.spec, *ref.spec)]
        return {**found, **by_natural_key(LISTING, cloud, ready, self.observe, self._is)}

    def _is(self, cloud: Cloud, body: Body, wanted: Spec) -> bool:
        seen = to_spec(cloud, FIELDS, body, {})
        group = cloud.names.id("security_group", wanted["security_group"])
        return seen["security_group"] == group and identity(cloud, seen) == identity(cloud, wanted)

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read everything of the project."""
        return (self.observe(cloud, body, {}) for body in LISTING.all(cloud))

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Create or delete; there is nothing to update."""
        del token
        if request.action is Action.DELETE:
            gone(cloud, "network", f"{PATH}/{request.prior.id if request.prior else ''}")
            return Done(None)
        if request.action is not Action.CREATE:
            return Done(request.prior)
        wanted = reveal(request.want)
        sent = {"direction": "ingress", **to_body(cloud, FIELDS, wanted)}
        try:
            made = cloud.client.send("network", "POST", PATH, {"security_group_rule": sent})[
                "security_group_rule"
            ]
        except PermanentError as error:
            found = re.search(r"Rule id is ([0-9a-f-]+)", error.message)
            body = LISTING.get(cloud, found[1]) if found and error.code == EXISTS else None
            if body is None:
                raise
            made = body  # by a call whose answer was lost: it says the same
        return Done(self.observe(cloud, made, wanted))

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by id, else by what the rule says."""
        ref = Ref(intent.address, intent.id, intent.spec)
        return self.read(cloud, [ref], BULK[1]).get(intent.address)


KIND = RuleKind(
    KindSchema(
        TypeName("OS::Neutron::SecurityGroupRule"),
        spec(
            security_group=text("the group, by name or id", required=True, create_only=True),
            **rule_properties(create_only=True),
        ),
        status(
            security_group_id=text("the group's id", stable=True),
            direction=text("ingress or egress"),
            protocol=Property(("string", "null"), "the protocol, as the cloud writes it"),
        ),
        "Lets something in or out",
        reads=BULK,
        marking=Marking.NATURAL,
        consistency=2.0,
        natural_key=("security_group", *_IDENTITY),
        parent="security_group",
        permissions=("create_security_group_rule", "get_security_group_rule", "delete_security_group_rule"),
        refine=_refine,
    )
)
