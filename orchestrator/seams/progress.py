"""What a run tells while it goes on."""

from __future__ import annotations

from typing import Protocol

from orchestrator.model.ids import Address
from orchestrator.model.outcome import Outcome


class Progress(Protocol):
    """Called on the scheduler's thread; must return at once."""

    def stage(self, name: str, total: int = 0) -> None:
        """A stage of the plan or of the apply begins."""

    def doing(self, address: Address, what: str) -> None:
        """A step is doing something, or waits for something."""

    def note(self, text: str) -> None:
        """Something that concerns the whole run, such as whom it waits for."""

    def ended(self, outcome: Outcome) -> None:
        """A step has come to its end."""
