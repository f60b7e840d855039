"""One configured cloud, as the core sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from orchestrator.model.health import Health
from orchestrator.model.ids import Token, TypeName
from orchestrator.model.kind import KindSchema, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Proposal, ReadResult, Ref, Request
from orchestrator.model.quota import Demand, Preflight


class Provider(Protocol):
    """One configured cloud.

    Calls are idempotent under one token, and never sleep or retry: the core does. Methods may be called from
    several threads at once. Everything but ``kinds`` and ``propose`` may raise the three error families of
    ``orchestrator.model.errors``; a ValueError about settings is raised by the first call at the latest.
    """

    @property
    def kinds(self) -> Mapping[TypeName, KindSchema]:
        """Every kind by its type name; made when it is asked for, and without any SDK."""

    @property
    def calls(self) -> Mapping[str, int]:
        """How many API calls were made so far, by operation."""

    @property
    def concurrency(self) -> int:
        """How many calls may be in flight at once."""

    def account(self) -> str:
        """Whose account this is, as the cloud says; compared with ``expectAccount`` before the first write."""

    def preflight(self, demands: Sequence[Demand]) -> Preflight:
        """What the cloud can say at plan, before the first write: the quotas that the demands touch.

        Raises PermanentError where it cannot be worked in at all: wrong credentials, region or project. A cloud that
        tells no quotas gives none, and is asked nothing.
        """

    def read_many(self, type: TypeName, refs: Sequence[Ref], way: ReadWay) -> ReadResult:
        """What is there of ``refs``, read the given way. Without an id, an object is looked for by natural key.

        An object that was deleted, or is being deleted, is absent.
        """

    def discover(self, type: TypeName) -> Iterator[Observed]:
        """Everything of the kind that is there, managed by us or not."""

    def propose(
        self, type: TypeName, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]
    ) -> Proposal:
        """What would bring ``prior`` to ``want``: pure. ``last`` is the spec that we applied last."""

    def begin(self, request: Request, token: Token) -> Done | Pending:
        """Start one effect: as few calls as can be journalled as one. A missing object is deleted already."""

    def poll(self, type: TypeName, handle: Mapping[str, Any]) -> Done | Pending:
        """Go on with what ``begin`` started, here or in another process."""

    def find(self, intent: Intent) -> Observed | None:
        """Settle an interrupted intent: the object that it made or meant, or None where there is none."""

    def assess(self, type: TypeName, observed: Observed) -> Health:
        """The cloud's own word on readiness, from what was read: pure."""
