"""How a step ended. Failures are values: one failed step never hides another."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.model.change import Action
from orchestrator.model.ids import Address


class Result(StrEnum):
    """The ways in which a step can end."""

    DONE = "done"
    NOTHING = "nothing"
    """It turned out that nothing was to do."""
    FAILED = "failed"
    GATE_FAILED = "gate failed"
    """The change is made, its gate did not pass, and it stays (halt, or undo was not possible)."""
    UNDONE = "undone"
    """The gate did not pass, and the step was taken back."""
    DEGRADED = "degraded"
    """The gate did not pass, and the spec says to continue."""
    SKIPPED = "skipped"
    """Something that it needs failed; ``cause`` names it."""
    INTERRUPTED = "interrupted"
    """Not started, or cut off while waiting, because the run was told to stop."""
    UNSETTLED = "unsettled"
    """Whether it took effect is not known; the next run settles it."""
    STALE = "stale"
    """It would need more than the plan says."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one step."""

    address: Address
    action: Action
    result: Result
    message: str = ""
    cause: Address | None = None
    """Of a skipped step: the first one that failed."""
    seconds: float = field(default=0.0, compare=False)

    @property
    def opens(self) -> bool:
        """Whether dependents may start."""
        return self.result in (Result.DONE, Result.NOTHING, Result.DEGRADED)
