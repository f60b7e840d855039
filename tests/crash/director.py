"""Decides what happens at a boundary on the wire: which one is meant, and what is done to the process there.

It sees processes and bytes, and nothing of what runs in them.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tests.crash.wire import Asked, Cut, Point

PATIENCE: Final = 20.0
"""Seconds for which a request is held at most."""
_READING: Final = re.compile(rb"(?:^|&)Action=(?:Describe|Get|List)")
_UNWRITING: Final = re.compile(r"/auth/tokens|/oauth2/")


class Act(StrEnum):
    """What is done at a boundary."""

    KILL = "kill"
    LATE = "kill, and the request arrives later"
    CUT = "cut"
    DELAY = "delay"
    STOP = "stop, and go on after a successor"


@dataclass(frozen=True, slots=True)
class Boundary:
    """One place in a run: a request, counted from the first that writes, and a point of it."""

    request: int
    point: Point
    at_state: bool = False
    """On the way to the state, and not to a cloud."""

    @property
    def place(self) -> str:
        """In words, and the same in every part of a long run."""
        return f"{self.request} {self.point}{' (state)' if self.at_state and self.point is not Point.APPEND else ''}"


def writes(asked: Asked) -> bool:
    """Whether a request can change something in a cloud."""
    if asked.method in {"GET", "HEAD"} or _UNWRITING.search(asked.path):
        return False
    return not (asked.method == "POST" and _READING.search(asked.body))


@dataclass(slots=True)
class Order:
    """What is to be done in the run that comes, and what was seen of it."""

    boundary: Boundary | None = None
    act: Act = Act.KILL
    seconds: float = 0.0
    """How long a delay takes."""
    seen: list[str] = field(default_factory=list)
    """The requests from the first that writes, in order."""
    struck: str = ""
    """The request at which it was done; empty where the boundary was not reached."""


class Director:
    """One for all wires of a machine. Safe to use from many threads."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._pid = 0
        self._known = threading.Event()
        self._free = threading.Event()
        self._held = 0
        self.order = Order()
        self.last_write = 0.0

    def start(self, order: Order, *, keep_held: bool = False) -> None:
        """The next run follows this order; what is held from the last one stays so, or goes on now."""
        if not keep_held:
            self.let_go()
        with self._lock:
            self.order, self._pid = order, 0
            self._known.clear()
            if not self._held:
                self._free.clear()

    def runs(self, pid: int) -> None:
        """The run's process (or, as its negative, a group of them): known as soon as it is there."""
        self._pid = pid
        self._known.set()

    def let_go(self) -> None:
        """Requests that are held go on now; returns when they have been answered."""
        self._free.set()
        deadline = time.monotonic() + self._patience
        while self._held and time.monotonic() < deadline:
            time.sleep(0.002)

    def wait_struck(self, alive: Callable[[], bool]) -> bool:
        """Wait until the order is carried out; False where the run has ended before."""
        while not self.order.struck:
            if not alive():
                return False
            time.sleep(0.002)
        return True

    def wake(self) -> None:
        """The stopped process goes on, and with it what it has asked for."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGCONT)
        self.let_go()

    def number(self, asked: Asked) -> int:
        """The place of a request among those from the first that writes; 0 for those before."""
        with self._lock:
            seen, changes = self.order.seen, writes(asked)
            if changes:
                self.last_write = time.monotonic()
            if not seen and not changes:
                return 0
            seen.append(f"{asked.method} {_told(asked)}")
            return len(seen)

    def reached(self, asked: Asked, number: int, point: Point) -> None:
        """Go on, or do here what the order says."""
        with self._lock:
            order = self.order
            meant = order.boundary is not None and (order.boundary.request, order.boundary.point) == (
                number,
                point,
            )
            if not meant or order.struck:
                return
            order.struck = f"{order.act}, {point}: {asked.method} {_told(asked)}"
        self._known.wait(self._patience)
        match order.act:
            case Act.KILL:
                self._signal(signal.SIGKILL)
                raise Cut
            case Act.LATE:
                self._signal(signal.SIGKILL)
                self._hold()
            case Act.STOP:
                self._signal(signal.SIGSTOP)
                self._hold()
            case Act.CUT:
                raise Cut
            case Act.DELAY:
                time.sleep(order.seconds)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)

    def _hold(self) -> None:
        """Wait for leave; a late request counts as held until it has had time to be answered."""
        with self._lock:
            self._held += 1
        try:
            self._free.wait(self._patience)
        finally:
            # The wire passes the request on after this returns: give it the time that an answer takes.
            threading.Timer(0.15, self._unheld).start()

    def _unheld(self) -> None:
        with self._lock:
            self._held -= 1


def _told(asked: Asked) -> str:
    """A request in a few words: AWS names what it wants in the body."""
    action = re.search(rb"(?:^|&)Action=(\w+)", asked.body)
    if action and asked.method == "POST":
        return action[1].decode()
    return re.sub(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", "{id}", asked.path.partition("?")[0])
