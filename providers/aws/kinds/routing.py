"""Routes and the association of a subnet with a route table: both are found inside their table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.provision import Observed, Request
from providers.aws.client import Client
from providers.aws.kind import Creation, Natural, Step, known
from providers.aws.kinds.ec2 import CONSISTENCY, READS, ec2
from providers.aws.schema import cidr, raw, spec_of, status_of

_TARGETS: Final = ("GatewayId", "NatGatewayId", "InstanceId", "NetworkInterfaceId", "VpcPeeringConnectionId")


def _tables(client: Client, by: Mapping[str, Sequence[str]]) -> Iterator[Mapping[str, Any]]:
    named = [{"Name": name, "Values": sorted(set(values))} for name, values in by.items()]
    yield from client.pages("ec2", "DescribeRouteTables", {"Filters": named}, "RouteTables")


def _one_target(spec: Mapping[str, Any]) -> list[str]:
    given = [name for name in _TARGETS if name in spec]
    return [] if len(given) == 1 else [f"a route has one target: one of {', '.join(_TARGETS)}"]


class Route(Natural):
    """Where packets for one block go; the id is CloudFormation's: table and block."""

    type = "AWS::EC2::Route"

    def make_schema(self) -> KindSchema:
        """Another target is a change in place; another block is another route."""
        notes = {"DestinationCidrBlock": {"required": True, "normalize": cidr}}
        return KindSchema(
            type=TypeName(self.type),
            spec=spec_of(self.type, notes),
            status=status_of(self.type, {"RouteTableId": "string"}),
            summary=raw(self.type)["description"],
            reads=READS,
            marking=Marking.NATURAL,
            consistency=CONSISTENCY,
            natural_key=("RouteTableId", "DestinationCidrBlock"),
            parent="RouteTableId",
            refine=_one_target,
        )

    def read(self, client: Client, ids: Sequence[str] | None) -> Iterator[Observed]:
        """Routes that somebody made: a table's local route, and those that propagate, are not among them."""
        by = {"route-table-id": [each.partition("|")[0] for each in ids]} if ids is not None else {}
        yield from (route for route in _routes(client, by) if ids is None or route.id in ids)

    def scope(self, spec: Mapping[str, Any]) -> str | None:
        """The table."""
        return spec["RouteTableId"] if known(spec, "RouteTableId", "DestinationCidrBlock") else None

    def within(self, client: Client, scopes: Sequence[str]) -> Iterator[Observed]:
        """The routes of these tables."""
        yield from _routes(client, {"route-table-id": scopes})

    def matches(self, spec: Mapping[str, Any], observed: Observed) -> bool:
        """By table and block."""
        return observed.id == f"{spec['RouteTableId']}|{cidr(spec['DestinationCidrBlock'])}"

    def creation(self, request: Request, token: str) -> Creation:  # noqa: ARG002
        """One call."""
        made = _route(request.want["RouteTableId"], request.want)
        return Creation(ec2("CreateRoute", dict(request.want)), id=lambda _: made.id, observed=lambda _: made)

    def update(self, request: Request) -> Sequence[Step]:
        """The target is replaced, without a gap."""
        return [ec2("ReplaceRoute", dict(request.want))]

    def deletion(self, id: str, request: Request) -> Sequence[Step]:  # noqa: ARG002
        """By table and block."""
        table, _, block = id.partition("|")
        return [ec2("DeleteRoute", {"RouteTableId": table, "DestinationCidrBlock": block}, "missing")]


def _routes(client: Client, by: Mapping[str, Sequence[str]]) -> Iterator[Observed]:
    for table in _tables(client, by):
        for route in table.get("Routes", ()):
            if route.get("Origin") == "CreateRoute" and "DestinationCidrBlock" in route:
                yield _route(table["RouteTableId"], route)


def _route(table: str, route: Mapping[str, Any]) -> Observed:
    block = cidr(route["DestinationCidrBlock"])
    spec = {"RouteTableId": table, "DestinationCidrBlock": block}
    spec |= {name: route[name] for name in _TARGETS if route.get(name)}
    return Observed(f"{table}|{block}", spec, {"RouteTableId": table, "CidrBlock": block})


class Association(Natural):
    """Which table a subnet uses."""

    type = "AWS::EC2::SubnetRouteTableAssociation"

    def make_schema(self) -> KindSchema:
        """A subnet has at most one; it is found by subnet and table."""
        return KindSchema(
            type=TypeName(self.type),
            spec=spec_of(self.type, {}),
            status=status_of(self.type, {"SubnetId": "string", "RouteTableId": "string"}),
            summary=raw(self.type)["description"],
            reads=READS,
            marking=Marking.NATURAL,
            consistency=CONSISTENCY,
            natural_key=("SubnetId", "RouteTableId"),
        )

    def read(self, client: Client, ids: Sequence[str] | None) -> Iterator[Observed]:
        """From the tables."""
        by = {"association.route-table-association-id": ids} if ids is not None else {}
        for observed in _associations(client, by):
            if ids is None or observed.id in ids:
                yield observed

    def scope(self, spec: Mapping[str, Any]) -> str | None:
        """The subnet."""
        return spec["SubnetId"] if known(spec, "SubnetId", "RouteTableId") else None

    def within(self, client: Client, scopes: Sequence[str]) -> Iterator[Observed]:
        """What these subnets use."""
        yield from _associations(client, {"association.subnet-id": scopes})

    def matches(self, spec: Mapping[str, Any], observed: Observed) -> bool:
        """By subnet and table."""
        return all(spec[name] == observed.spec[name] for name in ("SubnetId", "RouteTableId"))

    def creation(self, request: Request, token: str) -> Creation:  # noqa: ARG002
        """One call, whose answer is the id."""
        want = dict(request.want)
        return Creation(
            ec2("AssociateRouteTable", want),
            id=lambda answer: str(answer["AssociationId"]),
            observed=lambda answer: _association(answer["AssociationId"], want),
        )

    def update(self, request: Request) -> Sequence[Step]:  # noqa: ARG002
        """Nothing of it changes in place."""
        return []

    def deletion(self, id: str, request: Request) -> Sequence[Step]:  # noqa: ARG002
        """By its id."""
        return [ec2("DisassociateRouteTable", {"AssociationId": id}, "missing")]


def _association(id: str, raw: Mapping[str, Any]) -> Observed:
    spec = {"SubnetId": raw["SubnetId"], "RouteTableId": raw["RouteTableId"]}
    return Observed(id, spec, {**spec, "Id": id})


def _associations(client: Client, by: Mapping[str, Sequence[str]]) -> Iterator[Observed]:
    for table in _tables(client, by):
        for each in table.get("Associations", ()):
            if each.get("SubnetId") and each.get("AssociationState", {}).get("State") != "disassociated":
                yield _association(each["RouteTableAssociationId"], each)
