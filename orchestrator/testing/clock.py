"""A clock that moves only when somebody waits: hours pass in a test without a moment of real time."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from itertools import count
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class FakeClock:
    """Time that is told to go on. Safe to use from several threads."""

    def __init__(self, start: float = 1_800_000_000.0, *, patience: float = 60.0) -> None:
        self._start = start
        self._passed = 0.0
        self._patience = patience
        self._lock = threading.Lock()
        self._order = count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> float:
        """Seconds since 1970, in this clock's world."""
        return self._start + self._passed

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass, and what was due within it happen at its moment."""
        end = self._passed + seconds
        while self._due and self._due[0][0] <= end:
            when, _, happen = heapq.heappop(self._due)
            self._move(when)
            happen()
        self._move(end)

    def at(self, when: float, happen: Callable[[], None]) -> None:
        """Have something happen when ``monotonic`` reaches ``when``."""
        heapq.heappush(self._due, (when, next(self._order), happen))

    def wait(self, inbox: SimpleQueue[T], seconds: float | None, *, busy: bool) -> T | None:
        """The next message; while nobody is ``busy`` only time can bring one, so it passes.

        Raises AssertionError where a busy thread sends nothing within the patience of this clock: a test hangs
        with words.
        """
        if busy or seconds is None:
            try:
                return inbox.get(timeout=self._patience)
            except Empty:
                raise AssertionError("waited in vain for a call in flight") from None
        if not inbox.empty():
            return inbox.get()
        self.advance(min(seconds, self._due[0][0] - self._passed) if self._due else seconds)
        return None

    def _move(self, to: float) -> None:
        with self._lock:
            self._passed = max(self._passed, to)
