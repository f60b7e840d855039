"""What every state backend does with a lease: renew it in the background, and say who holds it.

Renewal runs in a thread of its own at a third of the lease's time, and ends by itself when the lease is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from orchestrator.model.errors import LeaseLostError, LockHeldError, StateError
from orchestrator.seams.state import Holder, Lease


class Keeper:
    """Renews one lease until it is stopped or the lease is lost."""

    def __init__(self, renew: Callable[[], None], *, ttl: float) -> None:
        self._renew = renew
        self._every = ttl / 3
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="opsctl-lease", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            try:
                self._renew()
            except LeaseLostError:
                return
            except StateError:
                continue  # the next append says what is wrong; until then the lease may still be saved

    def stop(self) -> None:
        """No renewal starts after this returns."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join()


def held_error(stack: str, holder: Holder, *, now: float) -> LockHeldError:
    """Who holds the stack, since when, and what to do about it. ``now`` is seconds since 1970."""
    command = f", running '{holder.command}'" if holder.command else ""
    since = ""
    if holder.since:
        moment = datetime.fromtimestamp(holder.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        since = f", since {moment} ({_age(now - holder.since)})"
    return LockHeldError(
        f"stack {stack} is held by {holder.owner or 'an unknown owner'}{command}{since}; wait for it to end, or, "
        f"if it is dead, run 'opsctl state unlock'"
    )


def lost_error(stack: str, lease: Lease, now_held_by: Holder | None) -> LeaseLostError:
    """Our lease is not the newest any more: by whom it was taken, where somebody holds it."""
    taker = f"taken over by {now_held_by.owner}" if now_held_by else "broken or given back"
    return LeaseLostError(
        f"the lease on stack {stack} (number {lease.epoch}) was {taker}: nothing was written, this run stops here"
    )


def _age(seconds: float) -> str:
    if seconds < 0:
        return "by a clock that is ahead of ours"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
