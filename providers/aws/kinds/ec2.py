"""What the tagged kinds of EC2 have in common: listed by filters, tagged in the call that makes them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from orchestrator.model.kind import How, ReadWay
from orchestrator.model.marker import PREFIX, Marker
from orchestrator.model.provision import Observed, Request
from providers.aws import tags
from providers.aws.client import Client
from providers.aws.kind import Call, Creation, Kind, Step, changed
from providers.aws.schema import Notes

READS: Final = (ReadWay(How.BATCH, 200), ReadWay(How.LIST, 1000))
"""A filter takes 200 values, a page holds 1,000 objects. Filters do not mind an object that is gone."""
CONSISTENCY: Final = 5.0
TAG_NOTE: Final[Notes] = {"Tags": {"default": []}}
Raw = Mapping[str, Any]


def ec2(operation: str, params: Mapping[str, Any], *ignore: str) -> Call:
    """A call of EC2."""
    return Call("ec2", operation, params, ignore)


def filters(**values: Sequence[str]) -> list[dict[str, Any]]:
    """Filters by name (``_`` for ``-``), all of which have to match."""
    return [{"Name": name.replace("_", "-"), "Values": list(each)} for name, each in values.items()]


def retagged(id: str, request: Request) -> list[Step]:
    """The calls that give an object the spec's tags."""
    put, drop = tags.difference(request)
    steps: list[Step] = []
    if put:
        steps.append(ec2("CreateTags", {"Resources": [id], "Tags": put}))
    if drop:
        steps.append(ec2("DeleteTags", {"Resources": [id], "Tags": [{"Key": key} for key in drop]}))
    return steps


class Tagged(Kind):
    """An EC2 kind with tags. What the class attributes do not say, the subclass does in a method."""

    resource: ClassVar[str]
    """As TagSpecifications call it."""
    describe: ClassVar[tuple[str, str]]
    """The operation, and the key of its items."""
    create: ClassVar[tuple[str, str]]
    """The operation, and the key of the object in its answer."""
    delete: ClassVar[str]
    id_key: ClassVar[str]

    @property
    def id_filter(self) -> str:
        """The filter by id: ``vpc-id``."""
        return f"{self.resource}-id"

    @abstractmethod
    def spec(self, raw: Raw) -> dict[str, Any]:
        """The spec as the cloud has it, without tags."""

    def status(self, raw: Raw) -> dict[str, Any]:
        """What the cloud adds."""
        return {self.id_key: raw[self.id_key]}

    def observed(self, raw: Raw) -> Observed:
        """One described object."""
        given = raw.get("Tags", ())
        spec = {**self.spec(raw), "Tags": tags.spec_tags(given)}
        return Observed(raw[self.id_key], spec, self.status(raw), tags.read_marker(given))

    def items(self, client: Client, params: Mapping[str, Any]) -> Iterator[Raw]:
        """Described objects."""
        yield from client.pages("ec2", *_described(self.describe, params))

    def read(self, client: Client, ids: Sequence[str] | None) -> Iterator[Observed]:
        """By filter, which leaves out what is not there."""
        by = [{"Name": self.id_filter, "Values": list(ids)}] if ids is not None else []
        for raw in self.items(client, {"Filters": by}):
            yield self.observed(raw)

    def seek_marked(self, client: Client, marker: Marker) -> Observed | None:
        """By the tag that holds the uid."""
        by = [{"Name": f"tag:{PREFIX}uid", "Values": [str(marker.uid)]}]
        found = [self.observed(raw) for raw in self.items(client, {"Filters": by})]
        alive = [o for o in found if not self.is_going(o)]
        return alive[0] if alive else None

    def params(self, request: Request) -> dict[str, Any]:
        """Of the call that creates it, beside the tags."""
        return {name: value for name, value in request.want.items() if name in self.create_params}

    create_params: ClassVar[tuple[str, ...]] = ()
    """Properties that the create call takes under the same name."""

    def then(self, id: str, request: Request) -> list[Step]:  # noqa: ARG002
        """What a create has to do after its first call."""
        return []

    def creation(self, request: Request, token: str) -> Creation:  # noqa: ARG002
        """Created with all its tags."""
        operation, key = self.create
        marked = [{"ResourceType": self.resource, "Tags": tags.wanted(request)}]
        return Creation(
            ec2(operation, {**self.params(request), "TagSpecifications": marked}),
            id=lambda answer: str((answer[key] if key else answer)[self.id_key]),
            then=lambda made: self.then(made, request),
            observed=lambda answer: self.answered(answer[key]) if key else None,
        )

    def answered(self, raw: Raw) -> Observed | None:
        """The object as the create's answer tells it; None where it tells less than a read."""
        return self.observed(raw)

    def update(self, request: Request) -> Sequence[Step]:
        """Tags in common, the rest by the subclass."""
        assert request.prior is not None, "an update has something to update"  # noqa: S101
        names = changed(request)
        steps = self.changes(request.prior.id, request, names)
        return [*steps, *(retagged(request.prior.id, request) if "Tags" in names else ())]

    def changes(self, id: str, request: Request, names: set[str]) -> list[Step]:  # noqa: ARG002
        """The calls that change properties other than tags."""
        return []

    def retag(self, request: Request) -> Sequence[Step]:
        """Our marker, beside the tags that are there."""
        assert request.prior is not None, "a retag has something to tag"  # noqa: S101
        return [ec2("CreateTags", {"Resources": [request.prior.id], "Tags": tags.of_marker(request.marker)})]

    def deletion(self, id: str, request: Request) -> Sequence[Step]:  # noqa: ARG002
        """One call; gone is gone."""
        return [ec2(self.delete, {self.id_key: id}, "missing")]


def _described(describe: tuple[str, str], params: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], str]:
    return describe[0], params, describe[1]
