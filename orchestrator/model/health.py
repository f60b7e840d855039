"""How a resource is doing, as one look at it tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """From best to worst; a code that nobody listed is UNKNOWN, which ranks worst (fail closed)."""

    HEALTHY = "healthy"
    PROGRESSING = "progressing"
    DEGRADED = "degraded"
    FAILED = "failed"
    """It will not get better by waiting: the gate fails at once."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """A level and what was seen, in words."""

    level: Level
    message: str = ""

    @property
    def passes(self) -> bool:
        """Whether this look counts as a success."""
        return self.level is Level.HEALTHY


def worst(healths: list[Health]) -> Health:
    """The one that ranks worst; healthy where there is none."""
    ranks = list(Level)
    return max(healths, key=lambda h: ranks.index(h.level), default=Health(Level.HEALTHY))
