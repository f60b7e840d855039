"""Threads that carry jobs for a scheduler which must not block.

Enters: jobs. Leaves: what each job returns, on the scheduler's inbox. Holds: a job raises nothing (it returns
its error), threads are made when they are needed, and none outlives ``close`` by more than its job.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)


class Carrier(Protocol[M_contra]):
    """Runs jobs somewhere."""

    def submit(self, job: Callable[[], M_contra]) -> None:
        """Run a job; its message comes to the inbox."""

    def done(self) -> None:
        """The scheduler has taken a message: a carrier is idle again."""

    def close(self) -> None:
        """No more jobs."""


class Inline(Generic[M]):
    """Runs jobs at once, on the scheduler's own thread."""

    def __init__(self, inbox: SimpleQueue[M]) -> None:
        self._inbox = inbox

    def submit(self, job: Callable[[], M]) -> None:
        """Run it now."""
        self._inbox.put(job())

    def done(self) -> None:
        """Nothing to count."""

    def close(self) -> None:
        """Nothing to end."""


class Threads(Generic[M]):
    """Daemon threads, as many as there were jobs at once."""

    def __init__(self, inbox: SimpleQueue[M], name: str) -> None:
        self._inbox = inbox
        self._jobs: SimpleQueue[Callable[[], M] | None] = SimpleQueue()
        self._name = name
        self._idle = 0
        self._threads = 0

    def submit(self, job: Callable[[], M]) -> None:
        """Hand a job to an idle thread, or to a new one."""
        if self._idle:
            self._idle -= 1
        else:
            self._threads += 1
            threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()
        self._jobs.put(job)

    def done(self) -> None:
        """One thread is idle again."""
        self._idle += 1

    def close(self) -> None:
        """Let every thread end after the job that it has."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = self._idle = 0

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._inbox.put(job())
