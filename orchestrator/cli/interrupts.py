"""Ctrl-C, SIGTERM and SIGHUP: once, calls in flight end and everything is saved; twice, it stops now.

Holds: while nothing runs that could be stopped gently, the first signal is a KeyboardInterrupt. Whoever sends a
signal from elsewhere than a terminal kills soon after it (a CI runner after 10 s, the first of its signals 7.5 s
before that): calls that have not ended within the grace are waited for no longer, and a little later the process
ends whatever it hangs in.
"""

from __future__ import annotations

import _thread
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

from orchestrator.model.errors import OpsctlError

GRACE: Final = 6.0
"""Seconds for calls in flight, so that all is over within 8.5: see OPSCTL_GRACE in docs/failures.md."""
_AFTER_GRACE: Final = 2.5
_SAME: Final = 0.25
"""Seconds in which a signal that comes twice is one: ``timeout`` and others send to the process and to its group."""
_EXIT_CODE: Final = 130


def grace_of(environ: Mapping[str, str], *, interactive: bool) -> float | None:
    """Seconds of grace: as OPSCTL_GRACE says; else none at a terminal, where somebody decides."""
    written = environ.get("OPSCTL_GRACE")
    if not written:
        return None if interactive else GRACE
    try:
        seconds = float(written)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise OpsctlError(f"OPSCTL_GRACE={written}: write seconds, such as {GRACE:g}")
    return seconds


class Interrupts:
    """Handlers while a command runs; those of before come back at its end."""

    def __init__(self, say: Callable[[str], None], last_words: Callable[[str], None]) -> None:
        self._say = say
        self._last_words = last_words
        self.grace: float | None = GRACE
        """None: somebody sits at a terminal, and says by a second Ctrl-C that it lasts too long."""
        self._stop: Callable[[], None] | None = None
        self._abandon: Callable[[], None] = _nothing
        self._before: dict[int, Any] = {}
        self._first = 0.0
        self.seen = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup
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
    def gently(self, stop: Callable[[], None], abandon: Callable[[], None]) -> Iterator[None]:
        """While the block lasts, the first signal calls ``stop``, and the end of the grace ``abandon``."""
        self._abandon = abandon
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None
            self._abandon = _nothing

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
        del frame
        if self.seen:
            if time.monotonic() - self._first >= _SAME:
                self._last_words("stopped now: what was under way is settled by the next run")
                os._exit(_EXIT_CODE)
            return
        self.seen = True
        self._first = time.monotonic()
        grace = self.grace if number == signal.SIGINT else self.grace or GRACE
        if grace is not None:
            _thread.start_new_thread(self._watch, (grace,))  # threading has locks that we may interrupt
        if self._stop is None:
            self._say("interrupted")
            raise KeyboardInterrupt
        self._stop()
        limit = f"within {grace:g} s " if grace is not None else ""
        self._say(f"stopping: calls in flight are finished {limit}and saved (again: stop now)")

    def _watch(self, grace: float) -> None:
        """See that it ends, whatever it hangs in."""
        time.sleep(grace)
        self._abandon()
        time.sleep(_AFTER_GRACE)
        self._last_words("stopped: something hangs; what was under way is settled by the next run")
        os._exit(_EXIT_CODE)


def _nothing() -> None:
    """Nothing is under way."""
