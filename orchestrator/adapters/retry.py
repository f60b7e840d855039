"""How long to wait before a call that failed for the moment is tried again.

Enters: how often it failed and what the server said. Leaves: seconds. Holds: exponential backoff with full
jitter, so that calls which failed together do not come back together; a server's word is a lower bound.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits in seconds; ``jitter`` draws from 0 to 1."""

    base: float = 0.5
    """The upper bound of the first wait; each further one doubles it."""
    cap: float = 20.0
    jitter: Callable[[], float] = random.random
    budgets: Mapping[str, float] = field(default_factory=dict)
    """Seconds for all tries of one call, by provider; where it has none, the call's own budget holds."""

    def gives_up(self, provider: str, spent: float, budget: float) -> bool:
        """Whether a call that would be tried again ``spent`` seconds after its first try is given up."""
        return spent > min(budget, self.budgets.get(provider, budget))

    def delay(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds until the next try after ``failures`` (from 1) failed ones."""
        if retry_after is not None:
            return max(retry_after, 0.0) + self.base * self.jitter()
        doublings = min(failures - 1, 30)
        return min(self.cap, self.base * float(2**doublings)) * self.jitter()
