"""VPC, Subnet, InternetGateway and RouteTable: tagged, and alike in all but a few calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.provision import Observed, Request
from providers.aws import tags
from providers.aws.client import Client
from providers.aws.kind import Step
from providers.aws.kinds.ec2 import CONSISTENCY, READS, TAG_NOTE, Raw, Tagged, ec2
from providers.aws.schema import Notes, cidr, raw, spec_of, status_of


def tagged_schema(type_name: str, notes: Notes, status: Mapping[str, str], **more: Any) -> KindSchema:
    """The schema of a kind that is tagged when it is made."""
    moving = more.pop("moving", ())
    usual: dict[str, Any] = {"reads": READS, "marking": Marking.TAG, "consistency": CONSISTENCY}
    usual["refine"] = tags.refuse_reserved
    return KindSchema(
        type=TypeName(type_name),
        spec=spec_of(type_name, {**TAG_NOTE, **notes}),
        status=status_of(type_name, status, moving=moving),
        summary=raw(type_name)["description"],
        **(usual | more),
    )


class Vpc(Tagged):
    """A network. Its two DNS attributes are read by a call each."""

    type = "AWS::EC2::VPC"
    resource = "vpc"
    describe = ("DescribeVpcs", "Vpcs")
    create = ("CreateVpc", "Vpc")
    delete = "DeleteVpc"
    id_key = "VpcId"
    create_params = ("CidrBlock", "InstanceTenancy")
    _attributes: ClassVar[Mapping[str, bool]] = {"EnableDnsSupport": True, "EnableDnsHostnames": False}

    def make_schema(self) -> KindSchema:
        """DNS support is on, host names are off, unless the spec says so."""
        notes: dict[str, dict[str, Any]] = {
            "CidrBlock": {"required": True, "normalize": cidr},
            "InstanceTenancy": {"create_only": True, "default": "default"},
        }
        notes |= {name: {"default": value} for name, value in self._attributes.items()}
        return tagged_schema(self.type, notes, {"CidrBlock": "string"})

    def spec(self, raw: Raw) -> dict[str, Any]:
        """Attributes are added by :meth:`read`."""
        return {"CidrBlock": raw["CidrBlock"], "InstanceTenancy": raw.get("InstanceTenancy", "default")}

    def status(self, raw: Raw) -> dict[str, Any]:
        """Its id and block."""
        return {"VpcId": raw["VpcId"], "CidrBlock": raw["CidrBlock"]}

    def items(self, client: Client, params: Mapping[str, Any]) -> Iterator[Raw]:
        """Each with its attributes."""
        for item in super().items(client, params):
            yield {
                **item,
                **{name: self._attribute(client, item["VpcId"], name) for name in self._attributes},
            }

    def observed(self, raw: Raw) -> Observed:
        """With attributes where they were read."""
        seen = super().observed(raw)
        attributes = {name: raw[name] for name in self._attributes if name in raw}
        return Observed(seen.id, {**seen.spec, **attributes}, seen.status, seen.marker)

    def answered(self, raw: Raw) -> Observed | None:
        """A new network has the attributes' defaults (nothing follows the create only where they are wanted)."""
        return self.observed({**raw, **self._attributes})

    def then(self, id: str, request: Request) -> list[Step]:
        """Attributes that are not as a new network has them."""
        other = [n for n, usual in self._attributes.items() if request.want.get(n, usual) != usual]
        return [self._set(id, name, request.want[name]) for name in other]

    def changes(self, id: str, request: Request, names: set[str]) -> list[Step]:
        """An attribute a call."""
        changed = [n for n in self._attributes if n in names]
        return [self._set(id, n, request.want.get(n, self._attributes[n])) for n in changed]

    @staticmethod
    def _set(id: str, name: str, value: Any) -> Step:
        return ec2("ModifyVpcAttribute", {"VpcId": id, name: {"Value": value}})

    @staticmethod
    def _attribute(client: Client, id: str, name: str) -> bool:
        asked = {"VpcId": id, "Attribute": name[0].lower() + name[1:]}
        return bool(client.call("ec2", "DescribeVpcAttribute", asked)[name]["Value"])


class Subnet(Tagged):
    """A part of a network in one zone."""

    type = "AWS::EC2::Subnet"
    resource = "subnet"
    describe = ("DescribeSubnets", "Subnets")
    create = ("CreateSubnet", "Subnet")
    delete = "DeleteSubnet"
    id_key = "SubnetId"
    create_params = ("VpcId", "CidrBlock", "AvailabilityZone")
    _attributes = ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation")

    def make_schema(self) -> KindSchema:
        """Public addresses are not handed out unless the spec says so."""
        notes: dict[str, dict[str, Any]] = {
            "CidrBlock": {"required": True, "normalize": cidr},
            "Tags": {"default": [], "unordered": True},
        }
        notes |= {name: {"default": False} for name in self._attributes}
        status = {"CidrBlock": "string", "AvailabilityZone": "string", "VpcId": "string"}
        return tagged_schema(self.type, notes, status)

    def spec(self, raw: Raw) -> dict[str, Any]:
        """All of it is in the description."""
        plain = {name: raw[name] for name in self.create_params}
        return plain | {name: raw.get(name, False) for name in self._attributes}

    def status(self, raw: Raw) -> dict[str, Any]:
        """Where it is."""
        return {name: raw[name] for name in ("SubnetId", *self.create_params)}

    def then(self, id: str, request: Request) -> list[Step]:
        """Attributes that are wanted on."""
        return [self._set(id, name, value=True) for name in self._attributes if request.want.get(name)]

    def changes(self, id: str, request: Request, names: set[str]) -> list[Step]:
        """An attribute a call: the API takes one at a time."""
        changed = [n for n in self._attributes if n in names]
        return [self._set(id, n, value=bool(request.want.get(n))) for n in changed]

    @staticmethod
    def _set(id: str, name: str, *, value: bool) -> Step:
        return ec2("ModifySubnetAttribute", {"SubnetId": id, name: {"Value": value}})


class InternetGateway(Tagged):
    """A way out; an attachment of its own puts it on a network."""

    type = "AWS::EC2::InternetGateway"
    resource = "internet-gateway"
    describe = ("DescribeInternetGateways", "InternetGateways")
    create = ("CreateInternetGateway", "InternetGateway")
    delete = "DeleteInternetGateway"
    id_key = "InternetGatewayId"

    def make_schema(self) -> KindSchema:
        """Tags are all it has."""
        return tagged_schema(self.type, {}, {})

    def spec(self, raw: Raw) -> dict[str, Any]:  # noqa: ARG002
        """Nothing beside tags."""
        return {}


class RouteTable(Tagged):
    """Holds routes, which are objects of their own."""

    type = "AWS::EC2::RouteTable"
    resource = "route-table"
    describe = ("DescribeRouteTables", "RouteTables")
    create = ("CreateRouteTable", "RouteTable")
    delete = "DeleteRouteTable"
    id_key = "RouteTableId"
    create_params = ("VpcId",)

    def make_schema(self) -> KindSchema:
        """Belongs to one network for good."""
        return tagged_schema(self.type, {}, {"VpcId": "string"})

    def spec(self, raw: Raw) -> dict[str, Any]:
        """Its network."""
        return {"VpcId": raw["VpcId"]}

    def status(self, raw: Raw) -> dict[str, Any]:
        """Its id and network."""
        return {"RouteTableId": raw["RouteTableId"], "VpcId": raw["VpcId"]}
