"""The attachment of an internet gateway to a network: no tags, found by its network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.provision import Observed, Request
from providers.aws.client import Client
from providers.aws.kind import Creation, Natural, Step, known
from providers.aws.kinds.ec2 import CONSISTENCY, READS, ec2
from providers.aws.schema import raw, spec_of, status_of

_SORT = "IGW"


class Attachment(Natural):
    """A network has at most one internet gateway; the id is CloudFormation's: kind and network."""

    type = "AWS::EC2::VPCGatewayAttachment"

    def make_schema(self) -> KindSchema:
        """Another gateway is put in its place by detaching the one that is there."""
        return KindSchema(
            type=TypeName(self.type),
            spec=spec_of(self.type, {"InternetGatewayId": {"required": True}}),
            status=status_of(self.type, {"VpcId": "string", "InternetGatewayId": "string"}),
            summary=raw(self.type)["description"],
            reads=READS,
            marking=Marking.NATURAL,
            consistency=CONSISTENCY,
            natural_key=("VpcId",),
        )

    def read(self, client: Client, ids: Sequence[str] | None) -> Iterator[Observed]:
        """From the gateways, which say what they are attached to."""
        yield from _attached(client, [each.partition("|")[2] for each in ids] if ids is not None else None)

    def scope(self, spec: Mapping[str, Any]) -> str | None:
        """The network."""
        return spec["VpcId"] if known(spec, "VpcId") else None

    def within(self, client: Client, scopes: Sequence[str]) -> Iterator[Observed]:
        """What is attached to these networks."""
        yield from _attached(client, scopes)

    def matches(self, spec: Mapping[str, Any], observed: Observed) -> bool:
        """By the network."""
        return bool(spec["VpcId"] == observed.spec["VpcId"])

    def creation(self, request: Request, token: str) -> Creation:  # noqa: ARG002
        """Attaching once is enough."""
        network, gateway = request.want["VpcId"], request.want["InternetGatewayId"]
        call = ec2("AttachInternetGateway", {"VpcId": network, "InternetGatewayId": gateway})
        made = _observed(network, gateway)
        return Creation(call, id=lambda _: made.id, observed=lambda _: made)

    def update(self, request: Request) -> Sequence[Step]:
        """The old gateway off, the new one on."""
        assert request.prior is not None, "an update has something to update"  # noqa: S101
        network = request.want["VpcId"]
        off = {"VpcId": network, "InternetGatewayId": request.prior.spec["InternetGatewayId"]}
        on = {"VpcId": network, "InternetGatewayId": request.want["InternetGatewayId"]}
        return [
            ec2("DetachInternetGateway", off, "Gateway.NotAttached", "missing"),
            ec2("AttachInternetGateway", on, "Resource.AlreadyAssociated"),
        ]

    def deletion(self, id: str, request: Request) -> Sequence[Step]:
        """Detached is deleted."""
        assert request.prior is not None, "a delete has something to delete"  # noqa: S101
        asked = {"VpcId": id.partition("|")[2], "InternetGatewayId": request.prior.spec["InternetGatewayId"]}
        return [ec2("DetachInternetGateway", asked, "Gateway.NotAttached", "missing")]


def _observed(network: str, gateway: str) -> Observed:
    spec = {"VpcId": network, "InternetGatewayId": gateway}
    return Observed(f"{_SORT}|{network}", spec, {**spec, "AttachmentType": _SORT})


def _attached(client: Client, networks: Sequence[str] | None) -> Iterator[Observed]:
    by = [{"Name": "attachment.vpc-id", "Values": list(networks)}] if networks is not None else []
    for gateway in client.pages("ec2", "DescribeInternetGateways", {"Filters": by}, "InternetGateways"):
        for attachment in gateway.get("Attachments", ()):
            if attachment.get("State") not in {"detaching", "detached"}:
                yield _observed(attachment["VpcId"], gateway["InternetGatewayId"])
