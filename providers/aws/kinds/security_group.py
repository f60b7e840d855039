"""Security groups with their rules inline; the rules may be documents of their own instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Request
from providers.aws import tags
from providers.aws.kind import Step, generated_name
from providers.aws.kinds.ec2 import Raw, Tagged
from providers.aws.kinds.network import tagged_schema
from providers.aws.kinds.rules import EGRESS, INGRESS, Direction, difference, normal, of_permissions, one_end

_NEW: Final = {
    INGRESS: ("SecurityGroupIngress", "IpPermissions", ()),
    EGRESS: ("SecurityGroupEgress", "IpPermissionsEgress", ({"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"},)),
}
"""The property, the API's name, and the rules that AWS itself gives a new group."""


def _refuse(spec: Mapping[str, Any]) -> list[str]:
    wrong = tags.refuse_reserved(spec)
    for direction, (name, _, _) in _NEW.items():
        rules = spec.get(name)
        for rule in rules if isinstance(rules, list | tuple) else ():
            if isinstance(rule, Mapping):
                wrong += [f"{name}: {said}" for said in one_end(direction, rule)]
    return wrong


class SecurityGroup(Tagged):
    """A group of a network. Rules change one by one, so that those that stay are never without effect."""

    type = "AWS::EC2::SecurityGroup"
    resource = "security-group"
    describe = ("DescribeSecurityGroups", "SecurityGroups")
    create = ("CreateSecurityGroup", "")
    delete = "DeleteSecurityGroup"
    id_key = "GroupId"

    @property
    def id_filter(self) -> str:
        """Named shorter than the resource."""
        return "group-id"

    def make_schema(self) -> KindSchema:
        """Silence about rules leaves them to documents of their own, or to whoever makes them."""
        notes: dict[str, dict[str, Any]] = {"VpcId": {"required": True}}
        for name, _, _ in _NEW.values():
            notes[name] = {"unordered": True}
            notes[f"{name}.*"] = {"normalize": normal}
            notes[f"{name}.*.Description"] = {"default": ""}
        return tagged_schema(
            self.type,
            notes,
            {"VpcId": "string", "GroupName": "string"},
            refine=_refuse,
            absorbs={name: TypeName(f"AWS::EC2::{name}") for name, _, _ in _NEW.values()},
            unique_name="GroupName",
        )

    def spec(self, raw: Raw) -> dict[str, Any]:
        """With every rule on its own."""
        plain = {
            "GroupName": raw["GroupName"],
            "GroupDescription": raw["Description"],
            "VpcId": raw.get("VpcId"),
        }
        return plain | {name: of_permissions(d, raw.get(api, ())) for d, (name, api, _) in _NEW.items()}

    def status(self, raw: Raw) -> dict[str, Any]:
        """Two names of its id, as CloudFormation has them."""
        group = raw["GroupId"]
        return {"GroupId": group, "Id": group, "VpcId": raw.get("VpcId"), "GroupName": raw["GroupName"]}

    def params(self, request: Request) -> dict[str, Any]:
        """A name is generated where none is given."""
        want = self.named(request.want, request.marker)
        return {name: want[name] for name in ("GroupName", "VpcId")} | {
            "Description": want["GroupDescription"]
        }

    def named(self, spec: Mapping[str, Any], marker: Marker) -> Mapping[str, Any]:
        """The generated name is the same for one incarnation."""
        return {"GroupName": generated_name(marker, limit=255), **spec}

    def meant(self, want: Mapping[str, Any], last: Mapping[str, Any]) -> Mapping[str, Any]:
        """Rules that are left out now are taken back; those that were never written are others' business."""
        left = {name: list(new) for name, _, new in _NEW.values() if name in last and name not in want}
        return {**want, **left}

    def then(self, id: str, request: Request) -> list[Step]:
        """Its rules, from those that AWS gives a new group."""
        return [step for d in _NEW for step in self._rules(id, request, d, _NEW[d][2])]

    def changes(self, id: str, request: Request, names: set[str]) -> list[Step]:
        """The rules that differ."""
        assert request.prior is not None, "an update has something to update"  # noqa: S101
        steps: list[Step] = []
        for direction, (name, _, _) in _NEW.items():
            if name in names:
                steps += self._rules(id, request, direction, request.prior.spec.get(name) or ())
        return steps

    @staticmethod
    def _rules(id: str, request: Request, direction: Direction, have: Any) -> list[Step]:
        name, _, new = _NEW[direction]
        return difference(direction, id, have, request.want.get(name, new))
