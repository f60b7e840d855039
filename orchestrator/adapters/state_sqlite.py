"""State in one SQLite file: an ordered journal, a lease with a fencing number, a snapshot of one row a resource.

Settings: ``path``, by default ``.opsctl/state.db`` in the stack's folder. Several stacks (environments) may
share the file. Every append is one durable transaction in which the fencing number is compared, so that a run
which lost the stack cannot write. While a run holds the stack it also holds the operating system's lock on a
file beside the state: where that lock is free, the holder's process is dead, and nobody waits for its lease to
expire.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.adapters.sqlite_rows import Head, Rows
from orchestrator.adapters.sqlite_store import Store
from orchestrator.kit.lease import Keeper, held_error, lost_error
from orchestrator.model.codec import encode
from orchestrator.model.errors import LeaseLostError, StateError
from orchestrator.model.ids import StackId
from orchestrator.model.snapshot import Entry, Snapshot
from orchestrator.seams.clock import Clock
from orchestrator.seams.state import Holder, Lease, Logged, StateBackend


def open_backend(settings: Mapping[str, Any], *, stack: StackId, folder: Path, clock: Clock) -> SqliteBackend:
    """The state of ``stack``; ``folder`` is the stack's. Nothing is made or opened before it is needed."""
    unknown = sorted(set(settings) - {"path"})
    if unknown:
        raise StateError(f"the sqlite backend has no setting {', '.join(unknown)}; known: path")
    path = settings.get("path", ".opsctl/state.db")
    if not isinstance(path, str) or not path:
        raise StateError(f"the sqlite backend's path must be a file name, not {path!r}")
    return SqliteBackend(folder / path, stack, clock)


class SqliteBackend(StateBackend):
    """One stack's state; safe to use from several threads."""

    def __init__(self, path: Path, stack: StackId, clock: Clock) -> None:
        self._store = Store(path)
        self._stack = stack
        self._clock = clock
        self._keeper: Keeper | None = None
        self._process_lock = ProcessLock(path.with_name(f"{path.name}.{_slug(stack)}.lock"))

    def latest(self) -> Snapshot:
        """The whole state; empty, and no file made, where there is none yet."""
        if not self._store.exists():
            return Snapshot(self._stack)
        with self._store.transaction() as connection:
            rows = Rows(connection, self._stack)
            return rows.load(rows.head()).snapshot

    def history(self, limit: int = 1000) -> Sequence[Logged]:
        """The last entries of the journal, oldest first."""
        if not self._store.exists():
            return []
        with self._store.transaction() as connection:
            rows = Rows(connection, self._stack)
            head = rows.head()
            return list(rows.journal(head, after=max(head.last - limit, 0)))

    def holder(self) -> Holder | None:
        """Who holds the stack now, if anybody does."""
        if not self._store.exists():
            return None
        with self._store.transaction() as connection:
            rows = Rows(connection, self._stack)
            head = rows.head()
            return head.holder if head.held and head.expires > rows.now() else None

    def lease(self, holder: Holder, *, ttl: float = 30.0) -> Lease:
        """Take the stack, or say who has it."""
        self._store.ensure()
        others_are_dead = self._process_lock.take()
        try:
            lease = self._take(holder, ttl, others_are_dead=others_are_dead)
        except BaseException:
            if others_are_dead:
                self._process_lock.free()
            raise
        self._stop_renewing()
        self._keeper = Keeper(lambda: self._renew(lease, ttl), ttl=ttl)
        return lease

    def _take(self, holder: Holder, ttl: float, *, others_are_dead: bool) -> Lease:
        with self._store.transaction(write=True) as connection:
            rows = Rows(connection, self._stack)
            head, now = rows.head(), rows.now()
            alive = head.expires > now and not (head.guarded and others_are_dead)
            if head.held and alive:
                raise held_error(self._stack, head.holder, now=self._clock.now())
            epoch = head.epoch + 1
            guarded = self._process_lock.held
            rows.put_head(
                replace(head, epoch=epoch, held=True, holder=holder, expires=now + ttl, guarded=guarded)
            )
            return Lease(epoch, holder)

    def _renew(self, lease: Lease, ttl: float) -> None:
        with self._store.transaction(write=True) as connection:
            rows = Rows(connection, self._stack)
            rows.put_head(replace(self._own(rows, lease), expires=rows.now() + ttl))

    def release(self, lease: Lease) -> None:
        """Give the stack back; a lost lease is given back already."""
        self._stop_renewing()
        try:
            with suppress(LeaseLostError), self._store.transaction(write=True) as connection:
                rows = Rows(connection, self._stack)
                rows.put_head(replace(self._own(rows, lease), held=False))
        finally:
            self._process_lock.free()

    def append(self, lease: Lease, entries: Sequence[Entry]) -> int:
        """Make entries durable in one transaction; returns the last sequence number."""
        bodies = [encode(entry) for entry in entries]
        with self._store.transaction(write=True) as connection:
            rows = Rows(connection, self._stack)
            head = rows.append(self._own(rows, lease), lease.epoch, bodies)
            if bodies:
                rows.put_head(head)
            return head.last

    def compact(self, lease: Lease) -> Snapshot:
        """Bring the snapshot's rows up to the end of the journal; only what changed is written."""
        with self._store.transaction(write=True) as connection:
            rows = Rows(connection, self._stack)
            head = self._own(rows, lease)
            loaded = rows.load(head)
            if head.last > head.folded:
                rows.put_head(rows.fold_in(head, loaded))
            return loaded.snapshot

    def unlock(self) -> Holder | None:
        """Break the lease: whoever holds it cannot write any more."""
        if not self._store.exists():
            return None
        with self._store.transaction(write=True) as connection:
            rows = Rows(connection, self._stack)
            head = rows.head()
            if not head.held:
                return None
            rows.put_head(replace(head, epoch=head.epoch + 1, held=False))
            return head.holder

    def close(self) -> None:
        """Stop renewing and let go of the files."""
        self._stop_renewing()
        self._store.close()
        self._process_lock.free()

    def _own(self, rows: Rows, lease: Lease) -> Head:
        head = rows.head()
        if head.epoch != lease.epoch or not head.held:
            raise lost_error(self._stack, lease, head.holder if head.held else None)
        return head

    def _stop_renewing(self) -> None:
        if self._keeper is not None:
            self._keeper.stop()
            self._keeper = None


class ProcessLock:
    """The operating system's lock on a file: gone at once when its holder's process is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        """Whether it is newly ours; False where somebody (or this backend itself) has it, or none can be had."""
        if self._file is not None:
            return False
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    @property
    def held(self) -> bool:
        """Whether it is ours."""
        return self._file is not None

    def free(self) -> None:
        """Give it back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _slug(stack: StackId) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "+" for c in stack)
