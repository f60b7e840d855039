"""What every state backend does with a lease: renew it in the background, and say who holds it.

Renewal runs in a thread of its own at a third of the lease's time, and ends by itself when the lease is lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from orchestrator.kit.threads import start
from orchestrator.model.errors import LeaseLostError, LockHeldError, StateError
from orchestrator.seams.state import Holder, Lease

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, where there is such a clock: a laptop that was shut holds no lease."""


def awake() -> float:
    """Seconds that only grow, sleep included."""
    return time.clock_gettime(_CLOCK)


class Keeper:
    """Renews one lease until it is stopped or the lease is lost. ``clock`` is in seconds, and only grows."""

    def __init__(self, renew: Callable[[], None], *, ttl: float, clock: Callable[[], float] = awake) -> None:
        self._renew = renew
        self._ttl = ttl
        self._clock = clock
        self._renewed = clock()
        self._lost: LeaseLostError | None = None
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._thread = start(self._run, "opsctl-lease")

    def _run(self) -> None:
        while not self._stopped.wait(self._ttl / 3):
            try:
                self._once()
            except LeaseLostError:
                return
            except StateError:
                continue  # the next append says what is wrong; until then the lease may still be saved

    def _once(self) -> None:
        with self._guard:
            if self._lost is not None:
                raise self._lost
            began = self._clock()
            try:
                self._renew()
            except LeaseLostError as error:
                self._lost = error
                raise
            self._renewed = began

    def check(self) -> None:
        """Return where the lease is ours; renews it first where that was not done in time.

        Raises LeaseLostError where another has it, StateError where it cannot be renewed.
        """
        if self._lost is not None:
            raise self._lost
        if self._clock() - self._renewed >= self._ttl:
            self._once()

    def lose(self, error: LeaseLostError) -> None:
        """The store has said that the lease is another's: every check from now on says so too."""
        self._lost = self._lost or error

    def stop(self) -> None:
        """No renewal starts after this returns."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join()


def told(holder: Holder, *, now: float) -> str:
    """A holder in words: owner, process and machine, CI job, command, age. ``now`` is seconds since 1970."""
    where = ", ".join(
        part
        for part in (
            f"process {holder.pid}{f' on {holder.host}' if holder.host else ''}" if holder.pid else "",
            f"CI job {holder.job}" if holder.job else "",
        )
        if part
    )
    place = f" ({where})" if where else ""
    command = f", running '{holder.command}'" if holder.command else ""
    since = ""
    if holder.since:
        moment = datetime.fromtimestamp(holder.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        since = f", since {moment} ({_age(now - holder.since)})"
    return f"{holder.owner or 'an unknown owner'}{place}{command}{since}"


def held_error(stack: str, holder: Holder, *, now: float) -> LockHeldError:
    """Who holds the stack, since when, and what to do about it. ``now`` is seconds since 1970."""
    return LockHeldError(
        f"stack {stack} is held by {told(holder, now=now)}\n"
        "hint: wait for it with --lock-timeout 5m; if that run is known to be dead, opsctl state unlock",
        holder=told(holder, now=now),
    )


def moved_error(stack: str, moved_to: str) -> StateError:
    """The state is kept elsewhere now, and what is here must not be used any more."""
    return StateError(
        f"the state of stack {stack} was moved from here to {moved_to}\n"
        "hint: set state in opsctl.yaml to where it is now; what is kept here is its history"
    )


def lost_error(stack: str, lease: Lease, now_held_by: Holder | None) -> LeaseLostError:
    """Our lease is not the newest any more: by whom it was taken, where somebody holds it."""
    taker = f"taken over by {now_held_by.owner}" if now_held_by else "broken or given back"
    return LeaseLostError(
        f"the lease on stack {stack} (number {lease.epoch}) was {taker}: nothing was written, this run stops here\n"
        "hint: what it had begun is settled by the next plan or apply"
    )


def _age(seconds: float) -> str:
    if seconds < 0:
        return "by a clock that is ahead of ours"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
