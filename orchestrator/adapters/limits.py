"""What one provider may be sent: so many calls at once, and so many a second once it has throttled us.

Enters: the starts of calls and the word that one was throttled. Leaves: how long the next call must wait.
Holds: without throttling there is no rate at all; with it, the rate is half of what was sent, and grows back.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

T = TypeVar("T")
INLINE_WINDOW: Final = 512


class Bucket:
    """A token bucket of one token. It has no rate until the cloud throttles; times are monotonic seconds."""

    def __init__(self, *, recovery: float = 10.0, slowest: float = 0.2) -> None:
        self._recovery = recovery
        self._slowest = slowest
        self._starts: deque[float] = deque(maxlen=32)
        self._rate = 0.0
        self._free_above = 0.0
        self._since = 0.0
        self._limited = False

    def rate(self, now: float) -> float | None:
        """Calls a second, doubled every ``recovery`` seconds since it was halved; None: as many as come."""
        if not self._limited:
            return None
        rate = self._rate * float(2 ** min((now - self._since) / self._recovery, 60.0))
        if rate >= self._free_above:
            self._limited = False
            return None
        return rate

    def pause(self, now: float) -> float:
        """Seconds until a call may start; 0: now."""
        rate = self.rate(now)
        if rate is None:
            return 0.0
        last = self._starts[-1] if self._starts else self._since
        return max(0.0, max(last, self._since) + 1.0 / rate - now)

    def take(self, now: float) -> None:
        """A call starts."""
        self._starts.append(now)

    def throttled(self, now: float, started: float) -> None:
        """A call that was started at ``started`` was throttled; those in flight together count once."""
        if self._limited and started < self._since:
            return
        sent = self.rate(now) or self._sent(now)
        self._rate = max(self._slowest, sent / 2)
        self._free_above = max(2 * sent, 4 * self._slowest)
        self._since = now
        self._limited = True

    def _sent(self, now: float) -> float:
        """Calls a second, as lately sent; no less than a second is looked at, so that a burst says little."""
        span = max(1.0, now - self._starts[0]) if self._starts else 1.0
        return max(1.0, len(self._starts) / span)


class Lane(Generic[T]):
    """The calls of one provider: those in flight, and those that wait for their turn. Limit 0 means inline."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0
        self.waiting: deque[T] = deque()
        self.bucket = Bucket()
        self.timed = False
        """A timer stands for the next start."""

    @property
    def inline(self) -> bool:
        """Calls run on the scheduler's thread: they take no time worth a thread."""
        return self.limit == 0

    @property
    def window(self) -> int:
        """How many steps may be open at once: enough to fill calls and batches, few enough to settle."""
        return INLINE_WINDOW if self.inline else 4 * self.limit

    @property
    def free(self) -> bool:
        """Whether concurrency allows another call."""
        return self.inline or self.in_flight < self.limit
