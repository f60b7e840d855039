"""Security group rules in the spec's shape and in the API's, and the difference between two sets of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.model.values import UNKNOWN
from providers.aws.kind import Step
from providers.aws.kinds.ec2 import ec2
from providers.aws.schema import cidr

Rule = Mapping[str, Any]

_PROTOCOLS: Final = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}
_PORTLESS: Final = "-1"


@dataclass(frozen=True, slots=True)
class Direction:
    """What differs between ingress and egress."""

    word: str
    """As in the operations' names."""
    group: str
    """The property that names a group at the other end."""
    prefixes: str
    """The property that names a prefix list at the other end."""

    @property
    def ends(self) -> tuple[str, ...]:
        """The properties of which a rule has one."""
        return ("CidrIp", "CidrIpv6", self.prefixes, self.group)


INGRESS: Final = Direction("Ingress", "SourceSecurityGroupId", "SourcePrefixListId")
EGRESS: Final = Direction("Egress", "DestinationSecurityGroupId", "DestinationPrefixListId")


def normal(rule: Any) -> Any:
    """A rule as AWS keeps it: protocol by name, no ports where every protocol is meant, blocks in canonical form."""
    if not isinstance(rule, Mapping):
        return rule
    made = {name: value for name, value in rule.items() if value is not None}
    protocol = made.get("IpProtocol")
    if isinstance(protocol, str):
        made["IpProtocol"] = _PROTOCOLS.get(protocol.lower(), protocol.lower())
    if made.get("IpProtocol") == _PORTLESS:
        made = {name: value for name, value in made.items() if name not in {"FromPort", "ToPort"}}
    for name in ("CidrIp", "CidrIpv6"):
        if name in made:
            made[name] = cidr(made[name])
    return made


def one_end(direction: Direction, rule: Rule) -> list[str]:
    """What is wrong with a rule's other end."""
    given = [name for name in direction.ends if name in rule]
    return [] if len(given) == 1 else [f"a rule has one of {', '.join(direction.ends)}"]


def key(direction: Direction, rule: Rule) -> tuple[Any, ...]:
    """What makes two rules the same to AWS: everything but the description."""
    made = normal(rule)
    return tuple(made.get(name) for name in ("IpProtocol", "FromPort", "ToPort", *direction.ends))


def is_known(direction: Direction, rule: Rule) -> bool:
    """Whether nothing that identifies the rule is still unknown."""
    return all(value is not UNKNOWN for value in key(direction, rule))


def permission(direction: Direction, rule: Rule) -> dict[str, Any]:
    """One rule as an IpPermission of the API."""
    made = normal(rule)
    described = {"Description": made["Description"]} if made.get("Description") else {}
    ends = {
        "CidrIp": ("IpRanges", "CidrIp"),
        "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        direction.prefixes: ("PrefixListIds", "PrefixListId"),
        direction.group: ("UserIdGroupPairs", "GroupId"),
    }
    asked = {name: made[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in made}
    for name, (group, item) in ends.items():
        if name in made:
            asked[group] = [{item: made[name], **described}]
    return asked


def of_permissions(direction: Direction, permissions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The API's grouped permissions as single rules, in one order."""
    rules = [rule for each in permissions for rule in _split(direction, each)]
    return sorted(rules, key=lambda rule: str(key(direction, rule)))


def _split(direction: Direction, raw: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    plain = {name: raw[name] for name in ("IpProtocol", "FromPort", "ToPort") if raw.get(name) is not None}
    for group, item, name in (
        ("IpRanges", "CidrIp", "CidrIp"),
        ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
        ("PrefixListIds", "PrefixListId", direction.prefixes),
        ("UserIdGroupPairs", "GroupId", direction.group),
    ):
        for end in raw.get(group, ()):
            described = {"Description": end["Description"]} if end.get("Description") else {}
            yield normal({**plain, name: end[item], **described})


def difference(direction: Direction, group: str, have: Iterable[Rule], want: Iterable[Rule]) -> list[Step]:
    """The calls that bring a group from one set of rules to another: what is new is allowed first."""
    old = {key(direction, rule): rule for rule in have}
    new = {key(direction, rule): rule for rule in want}
    reworded = [
        rule
        for k, rule in new.items()
        if k in old and (old[k].get("Description") or "") != (rule.get("Description") or "")
    ]
    steps = [
        _call(
            f"AuthorizeSecurityGroup{direction.word}",
            group,
            direction,
            [r for k, r in new.items() if k not in old],
        ),
        _call(f"UpdateSecurityGroupRuleDescriptions{direction.word}", group, direction, reworded),
        _call(
            f"RevokeSecurityGroup{direction.word}",
            group,
            direction,
            [r for k, r in old.items() if k not in new],
        ),
    ]
    return [step for step in steps if step is not None]


def _call(operation: str, group: str, direction: Direction, rules: list[Rule]) -> Step | None:
    if not rules:
        return None
    asked = {"GroupId": group, "IpPermissions": [permission(direction, rule) for rule in rules]}
    return ec2(operation, asked, "InvalidPermission.Duplicate", "InvalidPermission.NotFound")
