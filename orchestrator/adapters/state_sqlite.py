"""State in one SQLite file: an ordered journal, a lease with a fencing number, a snapshot of one row a resource.

Settings: ``path``, by default ``.opsctl/state.db`` in the stack's folder. Several stacks (environments) may
share the file. While a run holds the stack it also holds the operating system's lock on a
file beside the state: where that lock is free, the holder's process is dead, and nobody waits for its lease to
expire.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from orchestrator.adapters.sqlite_rows import SqliteRows
from orchestrator.adapters.sqlite_store import Store
from orchestrator.adapters.stack_rows import Head, Rows
from orchestrator.adapters.state_rows import RowsBackend
from orchestrator.kit.state_settings import refuse_unknown
from orchestrator.model.errors import DamagedStateError, StateError
from orchestrator.model.ids import StackId
from orchestrator.model.schema import Property
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.clock import Clock
from orchestrator.seams.state import Holder, Lease

T = TypeVar("T")
SETTINGS: Final = Property(
    "object",
    "a file beside the stack; for one machine, or a disk that one at a time uses",
    properties={
        "path": Property(
            "string", "the file; stacks and environments may share it", default=".opsctl/state.db"
        ),
    },
)


def open_backend(
    settings: Mapping[str, Any], *, stack: StackId, folder: Path, clock: Clock, cipher: Cipher
) -> SqliteBackend:
    """The state of ``stack``; ``folder`` is the stack's. Nothing is made or opened before it is needed."""
    refuse_unknown("sqlite", settings, SETTINGS)
    path = settings.get("path", ".opsctl/state.db")
    if not isinstance(path, str) or not path:
        raise StateError(f"the sqlite backend's path must be a file name, not {path!r}")
    return SqliteBackend(folder / path, stack, clock, cipher)


class SqliteBackend(RowsBackend):
    """One stack's state in a file; safe to use from several threads."""

    def __init__(self, path: Path, stack: StackId, clock: Clock, cipher: Cipher) -> None:
        super().__init__(stack, clock, cipher)
        self._store = Store(path)
        self._process_lock = ProcessLock(path.with_name(f"{path.name}.{_slug(stack)}.lock"))
        self._others_are_dead = False

    def lease(self, holder: Holder, *, ttl: float = 30.0) -> Lease:
        """Take the stack, or say who has it."""
        self._ensure()
        self._others_are_dead = self._process_lock.take()
        try:
            return super().lease(holder, ttl=ttl)
        except BaseException:
            if self._others_are_dead:
                self._process_lock.free()
            raise

    def release(self, lease: Lease) -> None:
        """Give the stack back; a lost lease is given back already."""
        try:
            super().release(lease)
        finally:
            self._process_lock.free()

    def put_aside(self, moment: str) -> str:
        """Its rows under another id; where the database itself is damaged, the file under another name."""
        if not self._process_lock.take():
            raise StateError(f"{self._store.path} is in use by another process: let it end, or end it, first")
        try:
            return super().put_aside(moment)
        except DamagedStateError:
            return self._store.put_aside(moment)
        finally:
            self._process_lock.free()

    def close(self) -> None:
        """Stop renewing and let go of the files."""
        super().close()
        self._store.close()
        self._process_lock.free()

    def _is_dead(self, head: Head) -> bool:
        return head.guarded and self._others_are_dead

    def _marked(self, head: Head) -> Head:
        return replace(head, guarded=self._process_lock.held)

    def _exists(self) -> bool:
        return self._store.exists()

    def _ensure(self) -> None:
        self._store.ensure()

    def _do(self, work: Callable[[Rows], T], *, write: bool = False) -> T:
        with self._store.transaction(write=write) as connection:
            return work(SqliteRows(connection, self._stack, self._cipher))


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
