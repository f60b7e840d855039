"""Neutron's quality of service: a policy, and its rules, which are documents of their own."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, number, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.children import BELOW, ChildKind, Parent
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.kind import Body
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import NetworkKind
from providers.openstack.kinds.properties import TAGS, name


def _status(body: Body) -> dict[str, object]:
    return picked(body, "name", "shared", "rules")


POLICY: Final = NetworkKind(
    schema=KindSchema(
        TypeName("OS::Neutron::QoSPolicy"),
        spec(
            name=name("policy"),
            description=text("what it is for", default=""),
            shared=flag("whether all projects may use it", default=False),
            is_default=flag("whether the project's networks have it without asking", default=False),
            tags=TAGS,
        ),
        status(name=text("its name"), rules=Property("array", "its rules")),
        "What traffic of ports and networks is held to; made by administrators on most clouds",
        reads=BULK,
        marking=Marking.PROVISIONAL,
        consistency=2.0,
        permissions=("create_policy", "get_policy", "update_policy", "delete_policy"),
    ),
    label="policy",
    path="/qos/policies",
    fields=(Field("name"), Field("description"), Field("shared"), Field("is_default")),
    status=_status,
    tags_at="/policies",
)
_BELOW: Final = Parent(reference("policy", "", "qos_policy"), POLICY.listing, has="rules")
_DSCP: Final = (0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 46, 48, 56)


def _rule(type: str, label: str, summary: str, **properties: Any) -> ChildKind:
    policy = text("the policy, by name or id", required=True, create_only=True)
    kept = tuple(properties)
    return ChildKind(
        KindSchema(
            TypeName(f"OS::Neutron::{type}"),
            spec(policy=policy, **properties),
            status(),
            summary,
            reads=BELOW,
            marking=Marking.NATURAL,
            consistency=2.0,
            natural_key=("policy", "direction") if "direction" in properties else ("policy",),
            parent="policy",
            permissions=tuple(f"{verb}_policy_{label}" for verb in ("create", "get", "update", "delete")),
        ),
        label=label,
        path=f"/qos/policies/{{}}/{label}s",
        fields=tuple(Field(name) for name in kept),
        status=lambda body: picked(body, *kept),
        exists=("QoSRulesConflict",),
        parent=_BELOW,
    )


def _direction(**more: Any) -> Property:
    ways = ("egress", "ingress", *more.pop("also", ()))
    return text(f"seen from the machine: {', '.join(ways)}", enum=ways, default="egress", **more)


BANDWIDTH_LIMIT: Final = _rule(
    "QoSBandwidthLimitRule",
    "bandwidth_limit_rule",
    "The most that may pass",
    max_kbps=number("kilobits a second", required=True, minimum=0),
    max_burst_kbps=number("kilobits in a burst; 0 lets the cloud choose", minimum=0, default=0),
    direction=_direction(),
)
DSCP_MARKING: Final = _rule(
    "QoSDscpMarkingRule",
    "dscp_marking_rule",
    "The mark that packets carry",
    dscp_mark=number("the code point", required=True, enum=_DSCP),
)
MINIMUM_BANDWIDTH: Final = _rule(
    "QoSMinimumBandwidthRule",
    "minimum_bandwidth_rule",
    "The least that is kept free",
    min_kbps=number("kilobits a second", required=True, minimum=0),
    direction=_direction(),
)
MINIMUM_PACKET_RATE: Final = _rule(
    "QoSMinimumPacketRateRule",
    "minimum_packet_rate_rule",
    "The least number of packets that is kept free",
    min_kpps=number("thousand packets a second", required=True, minimum=0),
    direction=_direction(also=("any",)),
)
