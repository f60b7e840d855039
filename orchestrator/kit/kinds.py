"""The provider over kinds that know their own ways: one dispatch, one count of calls, one comparison.

A provider names its kinds, what they work with (``C``: the connected cloud), and how readiness is told; everything
that is the same for all of them is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from orchestrator.kit import compare
from orchestrator.model.health import Health
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import KindSchema, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Proposal, ReadResult, Ref, Request

C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)


class Kind(Protocol[C_contra]):
    """One resource type. Methods may raise the three families; they neither sleep nor retry."""

    @property
    def schema(self) -> KindSchema:
        """The kind as data."""

    def read(self, cloud: C_contra, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read what is there of `refs`."""

    def discover(self, cloud: C_contra) -> Iterator[Observed]:
        """Read everything of the kind in the project."""

    def begin(self, cloud: C_contra, request: Request, token: Token) -> Done | Pending:
        """Start one effect."""

    def poll(self, cloud: C_contra, handle: Mapping[str, Any]) -> Done | Pending:
        """Go on with it."""

    def find(self, cloud: C_contra, intent: Intent) -> Observed | None:
        """Find what an interrupted intent made or meant."""


class Counting(Protocol):
    """A client that counts what it asks."""

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls were made, by operation."""

    @property
    def made_here(self) -> int:
        """How many calls this thread has made."""


class _Schemas(Mapping[TypeName, KindSchema]):
    """The kinds as data, each made when it is asked for."""

    def __init__(self, kinds: Mapping[TypeName, Kind[Any]]) -> None:
        self._kinds = kinds

    def __getitem__(self, type: TypeName) -> KindSchema:
        return self._kinds[type].schema

    def __contains__(self, type: object) -> bool:
        return type in self._kinds

    def __iter__(self) -> Iterator[TypeName]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


class KindProvider(Generic[C]):
    """One configured cloud. Safe to share between threads where its client is."""

    def __init__(
        self,
        cloud: C,
        client: Counting,
        kinds: Iterable[Kind[C]] | Mapping[TypeName, Kind[C]],
        *,
        account: Callable[[], str],
        assess: Callable[[KindSchema, Observed], Health],
        concurrency: int,
    ) -> None:
        """``account`` asks whose credentials these are; ``assess`` is the cloud's own word on readiness.

        A mapping of ``kinds`` by type may make each when it is asked for: a stack uses a few of them.
        """
        self._cloud = cloud
        self._client = client
        self._kinds: Mapping[TypeName, Kind[C]] = (
            kinds if isinstance(kinds, Mapping) else {kind.schema.type: kind for kind in kinds}
        )
        self._account = account
        self._assess = assess
        self._concurrency = concurrency

    @property
    def kinds(self) -> Mapping[TypeName, KindSchema]:
        """Every kind by its type name."""
        return _Schemas(self._kinds)

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls were made so far, by operation."""
        return self._client.calls

    @property
    def concurrency(self) -> int:
        """How many calls may be in flight at once."""
        return self._concurrency

    def account(self) -> str:
        """Whose account this is."""
        return self._account()

    def read_many(self, type: TypeName, refs: Sequence[Ref], way: ReadWay) -> ReadResult:
        """Read what is there of `refs`; the calls are those that were made meanwhile."""
        before = self._client.made_here
        found = self._kinds[type].read(self._cloud, refs, way)
        return ReadResult(found, self._client.made_here - before)

    def discover(self, type: TypeName) -> Iterator[Observed]:
        """Read everything of a kind."""
        return self._kinds[type].discover(self._cloud)

    def propose(
        self, type: TypeName, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]
    ) -> Proposal:
        """Say what would bring `prior` to `want`: what the schema makes of the difference."""
        return compare.propose(self._kinds[type].schema, prior, want, last)

    def begin(self, request: Request, token: Token) -> Done | Pending:
        """Start one effect."""
        return self._kinds[request.type].begin(self._cloud, request, token)

    def poll(self, type: TypeName, handle: Mapping[str, Any]) -> Done | Pending:
        """Go on with what `begin` started."""
        return self._kinds[type].poll(self._cloud, handle)

    def find(self, intent: Intent) -> Observed | None:
        """Find what an interrupted intent made or meant."""
        return self._kinds[intent.type].find(self._cloud, intent)

    def assess(self, type: TypeName, observed: Observed) -> Health:
        """Give the cloud's own word on readiness."""
        return self._assess(self._kinds[type].schema, observed)
