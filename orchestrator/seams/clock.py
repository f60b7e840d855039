"""Time, so that tests need not wait for it."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The one clock of a run."""

    def now(self) -> float:
        """Seconds since 1970: for people to read, never for deciding."""

    def monotonic(self) -> float:
        """Seconds that only grow: for deadlines."""
