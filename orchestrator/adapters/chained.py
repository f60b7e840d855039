"""A state backend whose journal is a chain of hashes: around any other, so that every one has it.

Enters: entries to append. Leaves: the same entries and a Link (see model/audit.py), in one append. Holds: where the
chain stands is looked up once a lease, and again after an append that failed, for that may have arrived after all.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from orchestrator.model.audit import FURTHEST, sum_of
from orchestrator.model.codec import encode
from orchestrator.model.snapshot import Damaged, Entry, Link, Snapshot
from orchestrator.seams.state import Archive, Holder, Lease, Logged, StateBackend


class ChainedState(StateBackend):
    """Safe to use from several threads."""

    def __init__(self, inner: StateBackend) -> None:
        self._inner = inner
        self.notes = inner.notes
        self._guard = threading.Lock()
        self._head: str | None = None
        """The hash of the last Link; None: to be looked up."""
        self._unlinked: tuple[str, ...] = ()

    def latest(self) -> Snapshot:
        """The whole state."""
        return self._inner.latest()

    def history(self, limit: int = 1000) -> Sequence[Logged]:
        """The last entries of the journal, oldest first."""
        return self._inner.history(limit)

    @property
    def mended(self) -> Sequence[str]:
        """What of the snapshot was damaged when it was read last."""
        return self._inner.mended

    def damage(self) -> Sequence[str]:
        """What of all that is stored does not fit."""
        return self._inner.damage()

    def put_aside(self, moment: str) -> str:
        """Take a state that cannot be read out of the way; see the seam."""
        with self._guard:
            self._head, self._unlinked = None, ()
        return self._inner.put_aside(moment)

    def holder(self) -> Holder | None:
        """Who holds the stack now."""
        return self._inner.holder()

    def lease(self, holder: Holder, *, ttl: float = 30.0) -> Lease:
        """Take the stack: from now on nobody else moves the chain."""
        lease = self._inner.lease(holder, ttl=ttl)
        with self._guard:
            self._head = None
        return lease

    def check(self, lease: Lease) -> None:
        """Return where the lease is ours."""
        self._inner.check(lease)

    def release(self, lease: Lease) -> None:
        """Give the stack back."""
        self._inner.release(lease)

    def append(self, lease: Lease, entries: Sequence[Entry]) -> int:
        """Append the entries and their Link, all or none."""
        if not entries:
            return self._inner.append(lease, entries)
        with self._guard:
            if self._head is None:
                self._head, self._unlinked = self._end()
            sums = (*self._unlinked, *(sum_of(encode(entry)) for entry in entries))
            link, self._head = Link(self._head, sums), None
            last = self._inner.append(lease, [*entries, link])
            self._head, self._unlinked = link.hash, ()
            return last

    def _end(self) -> tuple[str, tuple[str, ...]]:
        """The hash of the last Link, and the sums of what has been written since without one.

        Where the end of the journal is damaged, the snapshot that covers it knows the chain's head.
        """
        for limit in (1, FURTHEST):
            tail = self._inner.history(limit)
            for back, logged in enumerate(reversed(tail)):
                if isinstance(logged.entry, Damaged):
                    return self._inner.latest().link, tuple(sum_of(e.body) for e in tail[len(tail) - back :])
                if isinstance(logged.entry, Link):
                    return logged.entry.hash, tuple(sum_of(e.body) for e in tail[len(tail) - back :])
            if len(tail) < limit:
                return "", tuple(sum_of(e.body) for e in tail)
        return "", ()

    def compact(self, lease: Lease) -> Snapshot:
        """Fold the journal into a snapshot; the chain goes on behind it."""
        return self._inner.compact(lease)

    def rewrite(self, lease: Lease) -> int:
        """Seal all once more: the chain goes over what is inside, and stays."""
        return self._inner.rewrite(lease)

    def restore(self, lease: Lease, archive: Archive) -> None:
        """Put an archive in place: its chain comes with its entries, byte for byte."""
        self._inner.restore(lease, archive)

    def retire(self, lease: Lease, moved_to: str) -> None:
        """Mark the stack as moved."""
        self._inner.retire(lease, moved_to)

    def unlock(self) -> Holder | None:
        """Break the lease."""
        return self._inner.unlock()

    def close(self) -> None:
        """Stop renewing."""
        self._inner.close()
