"""``Local::Value``: a value that exists in state alone.

What was applied last is what is there, so reading it costs no call. It carries values between resources, and
examples and benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrator.kit import compare
from orchestrator.model.change import Action
from orchestrator.model.ids import StackId, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Done, Intent, Observed, Proposal, ReadResult, Ref, Request
from orchestrator.model.schema import Property

TYPE: Final = TypeName("Local::Value")


class Value:
    """Keeps nothing of its own."""

    def __init__(self, stack: StackId) -> None:
        self._stack = stack
        self.schema = SCHEMA

    def read(self, refs: Sequence[Ref]) -> ReadResult:
        """What state says is what is there. Without an id there is nothing."""
        return ReadResult({ref.address: self._seen(ref) for ref in refs if ref.id is not None}, 0)

    def _seen(self, ref: Ref) -> Observed:
        marker = None if ref.uid is None else Marker(self._stack, ref.address, ref.uid)
        return _observed(ref.id or "", ref.spec, marker)

    def propose(self, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]) -> Proposal:
        """As the schema says."""
        return compare.propose(SCHEMA, prior, want, last)

    def begin(self, request: Request) -> Done:
        """To be wanted is to be there. The id follows from the marker, so that twice is once."""
        if request.action is Action.DELETE:
            return Done(None)
        mine = request.prior.id if request.prior is not None else _id(request.marker)
        return Done(_observed(mine, request.want, request.marker))

    def find(self, intent: Intent) -> Observed | None:
        """A durable intent is all that a value needs to exist."""
        if intent.action is Action.DELETE:
            return None
        return _observed(intent.id or _id(intent.marker), intent.spec, intent.marker)


def _id(marker: Marker) -> str:
    return f"value-{marker.uid}"


def _observed(id: str, spec: Mapping[str, Any], marker: Marker | None) -> Observed:
    return Observed(id, spec, {"id": id, "value": spec.get("value")}, marker)


SCHEMA: Final = KindSchema(
    type=TYPE,
    summary="a value that is kept in state and handed on",
    spec=Property(
        "object",
        properties={
            "value": Property("any", "any value, for others as .status.value", required=True),
            "replaceOn": Property("any", "any value; a change of it replaces the resource", create_only=True),
        },
    ),
    status=Property(
        "object",
        properties={
            "id": Property("string", "made from the incarnation's uid", stable=True),
            "value": Property("any", "the value as applied"),
        },
    ),
    reads=(ReadWay(How.BATCH, 1_000_000),),
    marking=Marking.DETERMINISTIC,
    inline=True,
)
