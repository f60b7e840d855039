"""What a run tells while it goes on: a line a finished step, and what is running now.

Enters: the events of ``seams.progress``. Leaves: lines on standard error. On a terminal the running steps are
drawn below the finished ones; elsewhere a long silence is broken now and then, so that a CI runner stays awake.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, Self, TextIO

from orchestrator.cli.render.applied import outcome_line
from orchestrator.cli.render.style import Style
from orchestrator.cli.render.values import ago, count
from orchestrator.kit.threads import start
from orchestrator.model.ids import Address
from orchestrator.model.outcome import Outcome

_SILENCE: Final = 30.0
_MOST_ROWS: Final = 12
_STAGES: Final = {
    "load": "reading the files",
    "compose": "composing",
    "graph": "ordering",
    "settle": "settling what was left open",
    "refresh": "reading what is there",
    "diff": "comparing",
    "policy": "asking policy",
    "apply": "applying",
}


class Events:
    """What is going on, kept for whoever draws it. Implements Progress; prints finished steps as lines."""

    def __init__(self, stream: TextIO, style: Style, now: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.style = style
        self.now = now
        self.phase = ""
        self.notice = ""
        self.running: dict[Address, tuple[str, float]] = {}
        self.spoken = now()
        self.pause: Callable[[], None] = _nothing
        self.resume: Callable[[], None] = _nothing
        self._ended: set[Address] = set()
        self._lock = threading.Lock()

    def stage(self, name: str, total: int = 0) -> None:
        """A stage begins: what ended before may begin again."""
        with self._lock:
            self.phase = _STAGES.get(name, name)
            if total > 1 and name in {"refresh", "apply"}:
                self.phase += f" ({count(total, 'resource' if name == 'refresh' else 'change')})"
            self.running.clear()
            self._ended.clear()

    def doing(self, address: Address, what: str) -> None:
        """A step does something else from now on; its time runs since it began."""
        with self._lock:
            _, since = self.running.get(address, ("", self.now()))
            self.running[address] = (what, since)

    def note(self, text: str) -> None:
        """Something about the whole run, at once: nobody looks at a silent terminal for minutes."""
        self.write(self.style.plain(f"{self.style.sign('…')} {text}"))

    def ended(self, outcome: Outcome) -> None:
        """A step has ended. What was quiet and went well is not told; nothing is told twice."""
        with self._lock:
            self.running.pop(outcome.address, None)
            if outcome.address in self._ended or (outcome.action.quiet and outcome.opens):
                return
            self._ended.add(outcome.address)
        self.write(outcome_line(outcome, self.style))

    def write(self, line: str) -> None:
        """One line, at once."""
        self.spoken = self.now()
        print(line, file=self.stream, flush=True)

    def notify(self, text: str) -> None:
        """Something beside the steps, first among the lines that are redrawn; safe in a signal handler."""
        self.notice = text

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While the block lasts, nothing is drawn: somebody is asked."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def rows(self) -> list[str]:
        """What runs now, the longest first."""
        with self._lock:
            running = sorted(self.running.items(), key=lambda item: item[1][1])
        shown = [f"{a}  {what}  {ago(self.now() - since)}" for a, (what, since) in running[:_MOST_ROWS]]
        if len(running) > _MOST_ROWS:
            shown.append(f"and {len(running) - _MOST_ROWS} more")
        return [self.notice, *shown] if self.notice else shown

    def tick(self) -> None:
        """Break a long silence with what is waited for."""
        if self.running and self.now() - self.spoken >= _SILENCE:
            for row in self.rows():
                self.write(self.style.plain(f"{self.style.sign('…')} {row}"))


def _nothing() -> None:
    """Nothing is drawn, so nothing has to stop."""


class Ticking:
    """Runs a function every so often while the block lasts."""

    def __init__(self, tick: Callable[[], None], every: float) -> None:
        self._tick = tick
        self._every = every
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self._tick()

    def __enter__(self) -> Self:
        with suppress(MemoryError):  # without the thread, only long silences are not broken
            self._thread = start(self._run, "progress")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()


class Drawing:
    """Draws the running steps below the finished ones while the block lasts; rich is imported here alone."""

    def __init__(self, events: Events) -> None:
        from rich.console import Console  # noqa: PLC0415 - lazy: only where something is drawn
        from rich.live import Live  # noqa: PLC0415

        self._events = events
        self._console = Console(file=events.stream, highlight=False, emoji=False, markup=False)
        self._live = Live(
            console=self._console, get_renderable=self._rows, refresh_per_second=8, transient=True
        )

    def _rows(self) -> Any:
        from rich.text import Text  # noqa: PLC0415

        rows = self._events.rows() or ([f"{self._events.phase} …"] if self._events.phase else [])
        return Text("\n".join(f"  {row}" for row in rows), style="dim", no_wrap=True, overflow="ellipsis")

    def __enter__(self) -> Self:
        self._events.write = self._write  # type: ignore[method-assign]
        self._events.pause, self._events.resume = self._live.stop, self._live.start
        self._live.start()
        return self

    def _write(self, line: str) -> None:
        from rich.text import Text  # noqa: PLC0415

        self._console.print(Text.from_ansi(line), soft_wrap=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        self._events.pause = self._events.resume = _nothing
        del self._events.write


def showing(events: Events) -> Ticking | Drawing:
    """How this stream shows what goes on, as a context."""
    return Drawing(events) if events.style.live else Ticking(events.tick, 5.0)
