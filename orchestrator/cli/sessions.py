"""A stack for the time of one command: opened, its progress shown, stopped gently, closed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from orchestrator.cli.console import Console
from orchestrator.cli.render.progress import Events, showing
from orchestrator.model.diagnostic import Diagnostic

if TYPE_CHECKING:
    from orchestrator.bootstrap import Session
    from orchestrator.engine.workspace import Patience

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Work:
    """An open stack and what it tells."""

    session: Session
    events: Events
    console: Console
    told: list[Diagnostic] = field(default_factory=list)
    """What was told so far."""

    def watched(self, what: Callable[[], T]) -> T:
        """Do something long: its progress is shown, and the first Ctrl-C stops it gently."""
        with self.console.interrupts.gently(self.session.stop, self.session.abandon), showing(self.events):
            self.console.notice = self.events.notify if self.events.style.live else None
            try:
                return what()
            finally:
                self.console.notice = None


@contextmanager
def opened(console: Console, open_session: Callable[[Events], Session]) -> Iterator[Work]:
    """A stack that is closed at the end; what was noticed about its files is told."""
    events = Events(console.err, console.err_style)
    session = open_session(events)
    console.secrets = session.plain
    try:
        if console.lock_timeout:
            session.workspace = replace(session.workspace, patience=_patience(console))
        work = Work(session, events, console)
        found(work, session.diagnostics)
        yield work
    finally:
        session.close()


def found(work: Work, notes: Sequence[Diagnostic]) -> list[Diagnostic]:
    """All that was noticed so far; what the files' reading has not told already is told now."""
    new = [d for d in dict.fromkeys([*notes, *work.session.noticed]) if d not in work.told]
    work.console.diagnostics(new)
    work.told.extend(new)
    return list(work.told)


def _patience(console: Console) -> Patience:
    """Waits as long as ``--lock-timeout`` says; the first Ctrl-C ends that."""
    from orchestrator.engine.workspace import Patience  # noqa: PLC0415 - lazy: few commands wait

    def pause(seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            console.interrupts.check()
            time.sleep(min(left, 0.2))

    return Patience(console.lock_timeout, pause)
