"""The file of the SQLite backend: made whole or not at all, checked before it is touched, errors in our words.

In: a path. Out: transactions on it. The file's header is read as plain bytes first, so that a file of a newer
format, or one that is no state of ours, is refused without SQLite having opened it.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from orchestrator.model.errors import DamagedStateError, StateError
from orchestrator.model.versions import FORMAT, check_format

_APPLICATION: Final = 0x6F707363
_MAGIC: Final = b"SQLite format 3\0"
_BUSY_SECONDS: Final = 10
_SCHEMA: Final = f"""
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {FORMAT};
CREATE TABLE head(stack TEXT PRIMARY KEY, body BLOB NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE journal(stack TEXT, sequence INTEGER, epoch INTEGER NOT NULL, body BLOB NOT NULL,
                     sum INTEGER NOT NULL, PRIMARY KEY (stack, sequence)) WITHOUT ROWID;
CREATE TABLE part(stack TEXT, kind TEXT, key TEXT, body BLOB NOT NULL, sum INTEGER NOT NULL,
                  PRIMARY KEY (stack, kind, key)) WITHOUT ROWID;
PRAGMA journal_mode = WAL;
"""
_NO_LOG: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
"""What SQLite says where it may not write beside the file, or finds no room there."""
_RESTORE: Final = (
    "restore the file from a backup, or opsctl state rebuild --force: it puts the file aside and makes the state anew; "
    "opsctl changed nothing in it"
)


class Store:
    """One database file, used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._immutable = False
        """The connection reads the file alone, because no log can be made beside it."""
        self._verified = False

    def exists(self) -> bool:
        """Whether there is a state at all. Raises StateError where the file is not one that we can use."""
        with self._reported():
            return self._connection is not None or _readable(self.path)

    def ensure(self) -> None:
        """Make the file and its folder where they are not there, for this user only; check the file once."""
        with self._guard, self._reported():
            if not self.exists():
                _make(self.path)
            if not self._verified:
                faults = [row[0] for row in self._open(write=True).execute("PRAGMA quick_check(1)")]
                if faults != ["ok"]:
                    raise DamagedStateError(f"{self.path} is damaged ({faults[0]}): {_RESTORE}")
                _claim(self._open())
                self._verified = True

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """All or nothing, and durable when it ends. Raises StateError with the path and the cause."""
        with self._guard, self._reported():
            connection = self._open(write=write)
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def put_aside(self, moment: str) -> str:
        """Rename the file, with SQLite's own beside it; where it is now. Every stack in it goes with it."""
        self.close()
        self._verified = False
        with self._guard, self._reported():
            for ending in (
                "-wal",
                "-shm",
                "",
            ):  # the file last: until then there is a state, and it is damaged
                source = self.path.with_name(f"{self.path.name}{ending}")
                if source.exists():
                    source.rename(self.path.with_name(f"{self.path.name}.aside-{moment}{ending}"))
        return f"{self.path}.aside-{moment}"

    def close(self) -> None:
        """Let go of the file."""
        with self._guard, self._reported():
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self, *, write: bool = False) -> sqlite3.Connection:
        if self._connection is not None and write and self._immutable:
            self._connection.close()
            self._connection = None
        if self._connection is None:
            try:
                self._connection, self._immutable = _connect(self.path, "mode=rw"), False
            except sqlite3.OperationalError as error:
                if write or error.sqlite_errorcode & 0xFF not in _NO_LOG or _has_log(self.path):
                    raise
                # A log beside the file cannot be made, and there is none: the file alone is the whole state.
                self._connection, self._immutable = _connect(self.path, "immutable=1"), True
        return self._connection

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _family(error)(_explain(self.path, error)) from error
        except UnicodeDecodeError as error:  # SQLite quotes damaged text in its own messages
            raise DamagedStateError(f"{self.path} is damaged ({error}): {_RESTORE}") from error
        except OSError as error:
            place = error.filename or self.path
            raise StateError(f"the state cannot be used: {place}: {error.strerror or error}") from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("SELECT count(*) FROM head").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _claim(connection: sqlite3.Connection) -> None:
    """From the first write on, an older program is kept away from what it does not know. Rows stay as they are."""
    if connection.execute("PRAGMA user_version").fetchone()[0] < FORMAT:
        connection.execute(f"PRAGMA user_version = {FORMAT}")


def _make(path: Path) -> None:
    """A new state under a name of its own, then linked into place: two makers cannot harm each other."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new-{os.getpid()}-{threading.get_ident()}")
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
            connection.executescript(_SCHEMA)
        if path.exists() and not path.stat().st_size:
            path.unlink()
        _put_in_place(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _put_in_place(fresh: Path, path: Path) -> None:
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name is as durable as what will be written under it
    finally:
        os.close(folder)


def _readable(path: Path) -> bool:
    """Whether the header is that of a state of this format; False where there is no file or an empty one."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return False
    if not header:
        return False
    if len(header) < 100 or not header.startswith(_MAGIC):
        raise DamagedStateError(f"{path} is not a database: {_RESTORE}")
    page_size, pages, version, application = struct.unpack_from(">16xH10xI28xI4xI", header)
    if application != _APPLICATION:
        raise StateError(f"{path} is a database, but no state of opsctl: move it away, or set another path")
    check_format(version, str(path))
    if path.stat().st_size < pages * (65536 if page_size == 1 else page_size) and not _has_log(path):
        raise DamagedStateError(f"{path} is truncated: {_RESTORE}")
    return True


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _forbidden_by(path: Path) -> str:
    with suppress(OSError):
        if os.statvfs(path.parent).f_flag & os.ST_RDONLY:
            return "its disk is mounted read-only"
    return "check the permissions of the file and of its folder"


def _family(error: sqlite3.Error) -> type[StateError]:
    damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return DamagedStateError if damaged else StateError


def _explain(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            why = f"the disk is full or failing ({error}); nothing was written: free some space, or look after the disk, and run again"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            why = f"cannot be written ({error}): {_forbidden_by(path)}"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            why = f"in use by another process for more than {_BUSY_SECONDS} s ({error}): try again"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            why = f"is damaged ({error}): {_RESTORE}"
        case _:
            why = f"cannot be used ({error})"
    return f"{path}: {why}"
