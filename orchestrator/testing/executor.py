"""The real scheduler without threads and without real time, so that a test runs the same way every time."""

from __future__ import annotations

from typing import Final

from orchestrator.adapters.retry import RetryPolicy
from orchestrator.model.ids import Address
from orchestrator.model.outcome import Outcome

LONGEST: Final = RetryPolicy(jitter=lambda: 1.0)
"""Waits as long as they can be: 0.5, 1, 2, … 20 seconds."""


class HeardProgress:
    """Progress that keeps what it was told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.told: list[tuple[Address, str]] = []
        self.ends: list[Outcome] = []
        self.notes: list[str] = []

    def stage(self, name: str, total: int = 0) -> None:
        """A stage begins."""
        self.stages.append((name, total))

    def doing(self, address: Address, what: str) -> None:
        """A step does something, or waits."""
        self.told.append((address, what))

    def note(self, text: str) -> None:
        """Something about the whole run."""
        self.notes.append(text)

    def ended(self, outcome: Outcome) -> None:
        """A step has come to its end."""
        self.ends.append(outcome)
