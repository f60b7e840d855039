"""Database subnet groups. Their tags are read by a call each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.model.errors import ProviderError
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Observed, Request
from providers.aws import tags
from providers.aws.client import Client
from providers.aws.errors import is_missing
from providers.aws.kind import Creation, Kind, Step, changed, generated_name
from providers.aws.kinds.rds import CONSISTENCY, marked, rds, retagged
from providers.aws.schema import lowered, raw, spec_of, status_of


class SubnetGroup(Kind):
    """Where databases may be put: subnets in two zones at least."""

    type = "AWS::RDS::DBSubnetGroup"
    born_marked = True

    def make_schema(self) -> KindSchema:
        """Named for good; description and subnets change in place."""
        notes: dict[str, dict[str, Any]] = {
            "DBSubnetGroupName": {"normalize": lowered},
            "SubnetIds": {"unordered": True},
            "Tags": {"default": []},
        }
        return KindSchema(
            type=TypeName(self.type),
            spec=spec_of(self.type, notes),
            status=status_of(self.type, {"DBSubnetGroupName": "string", "VpcId": "string"}),
            summary=raw(self.type)["description"],
            reads=(ReadWay(How.BATCH, 100),),
            marking=Marking.NATURAL,
            consistency=CONSISTENCY,
            natural_key=("DBSubnetGroupName",),
            unique_name="DBSubnetGroupName",
            refine=tags.refuse_reserved,
        )

    def named(self, spec: Mapping[str, Any], marker: Marker) -> Mapping[str, Any]:
        """The generated name is the same for one incarnation."""
        return {"DBSubnetGroupName": generated_name(marker, limit=255), **spec}

    def read(self, client: Client, ids: Sequence[str] | None) -> Iterator[Observed]:
        """One by its name, several from the list."""
        if ids is not None and not ids:
            return
        asked = {"DBSubnetGroupName": ids[0]} if ids is not None and len(ids) == 1 else {}
        try:
            for group in client.pages("rds", "DescribeDBSubnetGroups", asked, "DBSubnetGroups"):
                if ids is None or group["DBSubnetGroupName"] in ids:
                    yield self._observed(client, group)
        except ProviderError as error:
            if not is_missing(error):
                raise

    def seek(self, client: Client, specs: Sequence[Mapping[str, Any]]) -> list[Observed | None]:
        """By name."""
        names = [spec.get("DBSubnetGroupName") for spec in specs]
        found = {o.id: o for o in self.read(client, [n.lower() for n in names if isinstance(n, str)])}
        return [found.get(name.lower()) if isinstance(name, str) else None for name in names]

    def creation(self, request: Request, token: str) -> Creation:  # noqa: ARG002
        """Created with all its tags."""
        want = self.named(request.want, request.marker)
        asked = {**want, "Tags": tags.wanted(request)}
        return Creation(
            rds("CreateDBSubnetGroup", asked),
            id=lambda answer: str(answer["DBSubnetGroup"]["DBSubnetGroupName"]),
            observed=lambda answer: _observed(answer["DBSubnetGroup"], asked["Tags"]),
        )

    def update(self, request: Request) -> Sequence[Step]:
        """One call for all but tags."""
        assert request.prior is not None, "an update has something to update"  # noqa: S101
        names, want = changed(request), request.want
        steps: list[Step] = []
        if names - {"Tags"}:
            asked = {"DBSubnetGroupName": request.prior.id, "SubnetIds": want["SubnetIds"]}
            asked["DBSubnetGroupDescription"] = want["DBSubnetGroupDescription"]
            steps.append(rds("ModifyDBSubnetGroup", asked))
        return [
            *steps,
            *(retagged(request.prior.status["DBSubnetGroupArn"], request) if "Tags" in names else ()),
        ]

    def retag(self, request: Request) -> Sequence[Step]:
        """By its ARN."""
        assert request.prior is not None, "a retag has something to tag"  # noqa: S101
        return marked(request.prior.status["DBSubnetGroupArn"], request)

    def deletion(self, id: str, request: Request) -> Sequence[Step]:  # noqa: ARG002
        """Refused while a database uses it."""
        return [rds("DeleteDBSubnetGroup", {"DBSubnetGroupName": id}, "missing")]

    @staticmethod
    def _observed(client: Client, group: Mapping[str, Any]) -> Observed:
        asked = {"ResourceName": group["DBSubnetGroupArn"]}
        return _observed(group, client.call("rds", "ListTagsForResource", asked).get("TagList", ()))


def _observed(group: Mapping[str, Any], given: Sequence[Mapping[str, Any]]) -> Observed:
    spec = {
        "DBSubnetGroupName": group["DBSubnetGroupName"],
        "DBSubnetGroupDescription": group["DBSubnetGroupDescription"],
        "SubnetIds": sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"]),
        "Tags": tags.spec_tags(given),
    }
    status = {name: group[name] for name in ("DBSubnetGroupName", "DBSubnetGroupArn", "VpcId")}
    return Observed(group["DBSubnetGroupName"], spec, status, tags.read_marker(given))
