"""Progress that nobody watches."""

from __future__ import annotations

from orchestrator.model.ids import Address
from orchestrator.model.outcome import Outcome


class Silent:
    """Tells nothing."""

    def stage(self, name: str, total: int = 0) -> None:
        """Not told."""

    def doing(self, address: Address, what: str) -> None:
        """Not told."""

    def note(self, text: str) -> None:
        """Not told."""

    def ended(self, outcome: Outcome) -> None:
        """Not told."""
