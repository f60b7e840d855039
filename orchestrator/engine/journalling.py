"""The journal of one run: written while it can be, and its failure remembered for whoever tells how the run ended."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from orchestrator.model.errors import OpsctlError, StateError
from orchestrator.model.snapshot import Entry
from orchestrator.seams.state import Lease, StateBackend


class RunJournal:
    """Once it has failed, nothing more is written to it."""

    def __init__(self, state: StateBackend, lease: Lease) -> None:
        self._state = state
        self._lease = lease
        self.failure: OpsctlError | None = None

    def append(self, entries: Sequence[Entry]) -> None:
        """Make entries durable; raises what the state raises, and remembers it."""
        try:
            self._state.append(self._lease, entries)
        except OpsctlError as error:
            self.failure = error
            raise

    def close(self, entries: Sequence[Entry], link: str) -> str:
        """The last entries, and a snapshot of it all; returns the head of the audit's chain, else ``link``."""
        if self.failure is not None:
            return link
        with suppress(OpsctlError):
            self.append(entries)
            try:
                return self._state.compact(self._lease).link
            except StateError:  # everything is in the journal: the next run makes the snapshot
                return self._state.latest().link
        return link
