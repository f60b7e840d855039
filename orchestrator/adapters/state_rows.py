"""A state backend on rows in a database with transactions: SQLite and PostgreSQL alike.

Every append is one durable transaction in which the fencing number is compared, so that a run which lost the
stack cannot write. The lease expires by the database's own clock: those of the hosts that use it need not agree.
A database whose connection broke may run a piece of work again: each piece finds out what its first try has done.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from orchestrator.adapters.stack_rows import Head, Rows
from orchestrator.kit.lease import Keeper, held_error, lost_error, moved_error
from orchestrator.model.codec import encode
from orchestrator.model.errors import DamagedStateError, LeaseLostError
from orchestrator.model.ids import StackId
from orchestrator.model.snapshot import Entry, Snapshot
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.clock import Clock
from orchestrator.seams.state import Archive, Holder, Lease, Logged, StateBackend

T = TypeVar("T")


class RowsBackend(StateBackend, ABC):
    """One stack's state; safe to use from several threads."""

    def __init__(self, stack: StackId, clock: Clock, cipher: Cipher) -> None:
        self._stack = stack
        self._clock = clock
        self._cipher = cipher
        self._keeper: Keeper | None = None
        self._leased: Lease | None = None
        self._mended: tuple[str, ...] = ()

    @abstractmethod
    def _exists(self) -> bool:
        """Whether there is a database of ours at all."""

    @abstractmethod
    def _ensure(self) -> None:
        """Make the database what it must be."""

    @abstractmethod
    def _do(self, work: Callable[[Rows], T], *, write: bool = False) -> T:
        """Run ``work`` in one transaction, and again where the connection broke and nobody knows how it ended."""

    def latest(self) -> Snapshot:
        """The whole state; empty, and nothing made, where there is none yet."""
        if not self._exists():
            return Snapshot(self._stack)
        loaded = self._do(lambda rows: rows.load(self._here(rows)))
        self._mended = loaded.damage
        return loaded.snapshot

    @property
    def mended(self) -> Sequence[str]:
        """What of the snapshot's rows was damaged; see the seam."""
        return self._mended

    def history(self, limit: int = 1000) -> Sequence[Logged]:
        """The last entries of the journal, oldest first."""
        if not self._exists():
            return []

        def read(rows: Rows) -> list[Logged]:
            head = rows.head()
            return list(rows.readable(head, after=max(head.last - limit, head.first - 1)))

        return self._do(read)

    def damage(self) -> Sequence[str]:
        """What of the snapshot's rows and of the journal does not fit."""
        return self._do(lambda rows: rows.damage(rows.head())) if self._exists() else ()

    def holder(self) -> Holder | None:
        """Who holds the stack now, if anybody does."""
        if not self._exists():
            return None

        def read(rows: Rows) -> Holder | None:
            head = rows.head()
            return head.holder if head.held and head.expires > rows.now() else None

        return self._do(read)

    def lease(self, holder: Holder, *, ttl: float = 30.0) -> Lease:
        """Take the stack, or say who has it."""
        self._ensure()
        lease = self._take(holder, ttl)
        self._stop_renewing()
        self._leased = lease
        self._keeper = Keeper(lambda: self._renew(lease, ttl), ttl=ttl)
        return lease

    def _take(self, holder: Holder, ttl: float) -> Lease:
        writer = secrets.token_hex(8)
        taken_from: Holder | None = None

        def take(rows: Rows) -> Lease:
            nonlocal taken_from
            head, now = self._here(rows), rows.now()
            if head.held and head.writer == writer:
                return Lease(head.epoch, holder, taken_from)  # our first try has arrived; its answer got lost
            if head.held and head.expires > now and not self._is_dead(head):
                raise held_error(self._stack, head.holder, now=self._clock.now())
            fresh = replace(
                head, epoch=head.epoch + 1, held=True, holder=holder, expires=now + ttl, writer=writer
            )
            rows.put_head(self._marked(fresh))
            taken_from = head.holder if head.held else None
            return Lease(fresh.epoch, holder, taken_from)

        return self._do(take, write=True)

    def _is_dead(self, head: Head) -> bool:
        """Whether the holder is known to be dead though its time has not passed."""
        del head
        return False

    def _marked(self, head: Head) -> Head:
        """The head with what the backend itself wants to find there again."""
        return head

    def _renew(self, lease: Lease, ttl: float) -> None:
        def renew(rows: Rows) -> None:
            rows.put_head(replace(self._own(rows, lease), expires=rows.now() + ttl))

        self._do(renew, write=True)

    def check(self, lease: Lease) -> None:
        """Return where the lease is ours; see the seam."""
        if self._keeper is None:
            self._do(lambda rows: self._own(rows, lease))
        else:
            self._keeper.check()

    def release(self, lease: Lease) -> None:
        """Give the stack back; a lost lease is given back already."""
        self._stop_renewing()

        def give_back(rows: Rows) -> None:
            rows.put_head(replace(self._own(rows, lease), held=False))

        with suppress(LeaseLostError):
            self._do(give_back, write=True)

    def append(self, lease: Lease, entries: Sequence[Entry]) -> int:
        """Make entries durable in one transaction; returns the last sequence number."""
        bodies = [encode(entry) for entry in entries]
        written: Head | None = None

        def write(rows: Rows) -> int:
            nonlocal written
            head = self._own(rows, lease)
            if written is not None and (head.last, head.chain) == (written.last, written.chain):
                return head.last  # the first try has arrived, and only its answer got lost
            written = rows.append(head, lease.epoch, bodies)
            if bodies:
                rows.put_head(written)
            return written.last

        return self._do(write, write=True)

    def compact(self, lease: Lease) -> Snapshot:
        """Bring the snapshot's rows up to the end of the journal; only what changed is written."""

        def fold(rows: Rows) -> Snapshot:
            head = self._own(rows, lease)
            loaded = rows.load(head)
            if head.last > head.folded or loaded.damage:
                rows.put_head(rows.fold_in(head, loaded))
            return loaded.snapshot

        return self._do(fold, write=True)

    def rewrite(self, lease: Lease) -> int:
        """Seal every row once more, in one transaction."""

        def write(rows: Rows) -> int:
            head, count = rows.rewrite(self._own(rows, lease))
            rows.put_head(head)
            return count

        return self._do(write, write=True)

    def restore(self, lease: Lease, archive: Archive) -> None:
        """Put an archive in the place of all rows, and end the lease."""
        self._stop_renewing()
        epoch = max(lease.epoch, archive.epoch)

        def replace_all(rows: Rows) -> None:
            head = rows.head()
            if (head.held, head.epoch, head.last) == (False, epoch, archive.snapshot.sequence):
                return  # the first try has arrived, and only its answer got lost
            rows.put_head(replace(rows.restore(self._own(rows, lease), archive), epoch=epoch, held=False))

        self._do(replace_all, write=True)

    def retire(self, lease: Lease, moved_to: str) -> None:
        """Mark the stack as moved, for good, and end the lease."""
        self._stop_renewing()

        def mark(rows: Rows) -> None:
            if rows.head().moved != moved_to:
                rows.put_head(replace(self._own(rows, lease), held=False, moved=moved_to))

        self._do(mark, write=True)

    def put_aside(self, moment: str) -> str:
        """All rows of the stack, under another id in the same database."""
        with suppress(DamagedStateError):  # who holds it may be what cannot be read
            holder = self.holder()
            if holder is not None:
                raise held_error(self._stack, holder, now=self._clock.now())
        aside = StackId(f"{self._stack}.aside-{moment}")
        self._do(lambda rows: rows.rename(aside), write=True)
        return f"the rows of stack {aside} in the same database"

    def unlock(self) -> Holder | None:
        """Break the lease: whoever holds it cannot write any more."""
        if not self._exists():
            return None
        broken: Head | None = None

        def break_(rows: Rows) -> Holder | None:
            nonlocal broken
            head = self._here(rows)
            if not head.held:
                return broken.holder if broken is not None and broken.epoch == head.epoch else None
            broken = replace(head, epoch=head.epoch + 1, held=False)
            rows.put_head(broken)
            return head.holder

        return self._do(break_, write=True)

    def close(self) -> None:
        """Stop renewing."""
        self._stop_renewing()

    def _here(self, rows: Rows) -> Head:
        head = rows.head()
        if head.moved:
            raise moved_error(self._stack, head.moved)
        return head

    def _own(self, rows: Rows, lease: Lease) -> Head:
        head = rows.head()
        if head.epoch != lease.epoch or not head.held:
            error = lost_error(self._stack, lease, head.holder if head.held else None)
            if self._keeper is not None and self._leased == lease:
                self._keeper.lose(error)
            raise error
        return head

    def _stop_renewing(self) -> None:
        if self._keeper is not None:
            self._keeper.stop()
            self._keeper = None
