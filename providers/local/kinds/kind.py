"""What every local kind can do; the provider asks the one that a type names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from orchestrator.model.kind import KindSchema
from orchestrator.model.provision import Done, Intent, Observed, Proposal, ReadResult, Ref, Request


class LocalKind(Protocol):
    """A kind as the provider sees it. The methods hold what the Provider seam says of them."""

    schema: KindSchema

    def read(self, refs: Sequence[Ref]) -> ReadResult:
        """What is there."""

    def propose(self, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]) -> Proposal:
        """What would bring it to ``want``."""

    def begin(self, request: Request) -> Done:
        """Bring it about; nothing here takes two calls."""

    def find(self, intent: Intent) -> Observed | None:
        """What an interrupted intent left."""
