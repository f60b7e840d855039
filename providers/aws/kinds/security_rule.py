"""Security group rules as documents of their own: one object each, with an id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.provision import Observed, Request
from providers.aws.client import Client
from providers.aws.kind import Creation, Natural, Step, known
from providers.aws.kinds.ec2 import CONSISTENCY, READS, ec2
from providers.aws.kinds.rules import EGRESS, INGRESS, Direction, is_known, key, normal, one_end, permission
from providers.aws.schema import cidr, raw, spec_of, status_of


class SecurityRule(Natural):
    """One rule. AWS refuses the same rule twice, so it is found by what it says."""

    direction: ClassVar[Direction]

    def make_schema(self) -> KindSchema:
        """Everything but the description identifies it."""
        notes: dict[str, dict[str, Any]] = {
            "GroupId": {"required": True},
            "Description": {"default": ""},
            "CidrIp": {"normalize": cidr},
            "CidrIpv6": {"normalize": cidr},
            "IpProtocol": {"normalize": lambda value: normal({"IpProtocol": value})["IpProtocol"]},
        }
        return KindSchema(
            type=TypeName(self.type),
            spec=spec_of(self.type, notes),
            status=status_of(self.type, {"GroupId": "string"}),
            summary=raw(self.type)["description"],
            reads=READS,
            marking=Marking.NATURAL,
            consistency=CONSISTENCY,
            natural_key=("GroupId", "IpProtocol", "FromPort", "ToPort", *self.direction.ends),
            parent="GroupId",
            refine=lambda spec: one_end(self.direction, spec),
        )

    def read(self, client: Client, ids: Sequence[str] | None) -> Iterator[Observed]:
        """By rule id."""
        yield from self._rules(client, {"security-group-rule-id": ids} if ids is not None else {})

    def scope(self, spec: Mapping[str, Any]) -> str | None:
        """The group."""
        return spec["GroupId"] if known(spec, "GroupId") and is_known(self.direction, spec) else None

    def within(self, client: Client, scopes: Sequence[str]) -> Iterator[Observed]:
        """The rules of these groups."""
        yield from self._rules(client, {"group-id": scopes})

    def matches(self, spec: Mapping[str, Any], observed: Observed) -> bool:
        """By everything but the description."""
        if spec["GroupId"] != observed.spec["GroupId"]:
            return False
        return key(self.direction, spec) == key(self.direction, observed.spec)

    def creation(self, request: Request, token: str) -> Creation:  # noqa: ARG002
        """One call, whose answer is the rule."""
        asked = {
            "GroupId": request.want["GroupId"],
            "IpPermissions": [permission(self.direction, request.want)],
        }
        return Creation(
            ec2(f"AuthorizeSecurityGroup{self.direction.word}", asked),
            id=lambda answer: str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]),
            observed=lambda answer: self._observed(answer["SecurityGroupRules"][0]),
        )

    def update(self, request: Request) -> Sequence[Step]:
        """Only the description changes in place."""
        asked = {
            "GroupId": request.want["GroupId"],
            "IpPermissions": [permission(self.direction, request.want)],
        }
        return [ec2(f"UpdateSecurityGroupRuleDescriptions{self.direction.word}", asked)]

    def deletion(self, id: str, request: Request) -> Sequence[Step]:
        """By its id and group."""
        assert request.prior is not None, "a delete has something to delete"  # noqa: S101
        asked = {"GroupId": request.prior.spec["GroupId"], "SecurityGroupRuleIds": [id]}
        return [ec2(f"RevokeSecurityGroup{self.direction.word}", asked, "missing")]

    def _rules(self, client: Client, by: Mapping[str, Sequence[str]]) -> Iterator[Observed]:
        named = [{"Name": name, "Values": list(values)} for name, values in by.items()]
        for rule in client.pages(
            "ec2", "DescribeSecurityGroupRules", {"Filters": named}, "SecurityGroupRules"
        ):
            if bool(rule.get("IsEgress")) is (self.direction is EGRESS):
                yield self._observed(rule)

    def _observed(self, rule: Mapping[str, Any]) -> Observed:
        group = rule.get("ReferencedGroupInfo") or {}
        told = {
            "GroupId": rule["GroupId"],
            "IpProtocol": rule["IpProtocol"],
            "FromPort": rule.get("FromPort"),
            "ToPort": rule.get("ToPort"),
            "CidrIp": rule.get("CidrIpv4"),
            "CidrIpv6": rule.get("CidrIpv6"),
            self.direction.prefixes: rule.get("PrefixListId"),
            self.direction.group: group.get("GroupId"),
            "Description": rule.get("Description"),
        }
        spec = normal({name: value for name, value in told.items() if value not in (None, "")})
        told_id = rule["SecurityGroupRuleId"]
        return Observed(told_id, spec, {"Id": told_id, "GroupId": rule["GroupId"]})


class Ingress(SecurityRule):
    """Traffic that may come in."""

    type = "AWS::EC2::SecurityGroupIngress"
    direction = INGRESS


class Egress(SecurityRule):
    """Traffic that may go out."""

    type = "AWS::EC2::SecurityGroupEgress"
    direction = EGRESS
