"""The machine's clock."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class SystemClock:
    """Real time, and real waiting."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def wait(self, inbox: SimpleQueue[T], seconds: float | None, *, busy: bool) -> T | None:
        """The next message, or None after ``seconds``. Whether anybody is ``busy`` makes no difference."""
        del busy
        try:
            return inbox.get(timeout=seconds)
        except Empty:
            return None
