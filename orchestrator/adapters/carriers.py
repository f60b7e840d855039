"""Threads that carry jobs for a scheduler which must not block.

Enters: jobs. Leaves: what each job returns, on the scheduler's inbox. Holds: a job raises nothing (it returns
its error), threads are made when they are needed, and none outlives ``close`` by more than its job. Where even
the answer cannot be made, because there is no memory for it, the one that was made beforehand is given.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar

from orchestrator.kit.threads import start

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)


class Carrier(Protocol[M_contra]):
    """Runs jobs somewhere."""

    def submit(self, job: Callable[[], M_contra], lost: M_contra) -> None:
        """Run a job; its message comes to the inbox, or ``lost`` where memory ran out on the way."""

    def done(self) -> None:
        """The scheduler has taken a message: a carrier is idle again."""

    def close(self) -> None:
        """No more jobs."""


class Inline(Generic[M]):
    """Runs jobs at once, on the scheduler's own thread."""

    def __init__(self, inbox: SimpleQueue[M]) -> None:
        self._inbox = inbox

    def submit(self, job: Callable[[], M], lost: M) -> None:
        """Run it now."""
        del lost
        self._inbox.put(job())

    def done(self) -> None:
        """Nothing to count."""

    def close(self) -> None:
        """Nothing to end."""


class Threads(Generic[M]):
    """Daemon threads, as many as there were jobs at once."""

    def __init__(self, inbox: SimpleQueue[M], name: str) -> None:
        self._inbox = inbox
        self._jobs: SimpleQueue[tuple[Callable[[], M], M] | None] = SimpleQueue()
        self._name = name
        self._idle = 0
        self._threads = 0

    def submit(self, job: Callable[[], M], lost: M) -> None:
        """Hand a job to an idle thread, or to a new one. Raises MemoryError where there is no thread at all."""
        if self._idle > 0:
            self._idle -= 1
        else:
            self._start()
        self._jobs.put((job, lost))

    def _start(self) -> None:
        try:
            start(self._work, f"{self._name}-{self._threads + 1}")
        except MemoryError:
            if not self._threads:
                raise
            self._idle -= 1  # a job more than threads: the next one that ends takes it
        else:
            self._threads += 1

    def done(self) -> None:
        """One thread is idle again."""
        self._idle += 1

    def close(self) -> None:
        """Let every thread end after the job that it has."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = self._idle = 0

    def _work(self) -> None:
        """One loop without calls of our own: where there is no memory, even a call may fail, and must not end it."""
        told = True
        job, message = None, None
        while True:
            try:
                if told:
                    item = self._jobs.get()
                    if item is None:
                        return
                    job, message = item
                    told = False
                if job is not None:
                    work, job = job, None
                    message = work()
                if message is not None:
                    self._inbox.put(message)
                told = True
            except MemoryError:
                time.sleep(0.05)
