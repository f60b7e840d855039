"""Ctrl-C and SIGTERM: once, calls in flight end and everything is saved; twice, it stops now.

Holds: while nothing runs that could be stopped gently, the first signal is a KeyboardInterrupt.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupts:
    """Handlers while a command runs; those of before come back at its end."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._stop: Callable[[], None] | None = None
        self._before: dict[int, Any] = {}
        self.seen = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._before[number] = signal.signal(number, self._received)
            except ValueError:  # not the main thread: whoever owns it decides
                return self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def gently(self, stop: Callable[[], None]) -> Iterator[None]:
        """While the block lasts, the first signal calls ``stop``."""
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None

    @contextmanager
    def plainly(self) -> Iterator[None]:
        """While the block lasts, somebody is asked: a signal is a KeyboardInterrupt."""
        self.check()
        stop, self._stop = self._stop, None
        try:
            yield
        finally:
            self._stop = stop

    def check(self) -> None:
        """Raises KeyboardInterrupt where a signal came that nothing has answered."""
        if self.seen:
            raise KeyboardInterrupt

    def _received(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.seen:
            os._exit(130)
        self.seen = True
        if self._stop is None:
            self._say("interrupted")
            raise KeyboardInterrupt
        self._stop()
        self._say("stopping: calls in flight are finished and saved (again: stop now)")
