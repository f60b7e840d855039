"""Places to keep state in, for the conformance suite and for tests of one backend."""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.state_sqlite import SqliteBackend, open_backend
from orchestrator.kit.object_blocks import ObjectStore
from orchestrator.kit.object_log import ObjectLog
from orchestrator.testing.object_store import MemoryStore
from orchestrator.testing.state_conformance import STACK


class RealClock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class SqliteStorage:
    """A folder of its own for each test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / ".opsctl/state.db"
        self.opened: list[SqliteBackend] = []

    def open(self) -> SqliteBackend:
        backend = open_backend({}, stack=STACK, folder=self.folder, clock=RealClock())
        self.opened.append(backend)
        return backend

    def freeze(self, backend: SqliteBackend) -> None:
        backend._stop_renewing()

    def make_newer(self) -> None:
        self.overwrite(60, struct.pack(">I", 99))

    def overwrite(self, offset: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    def content(self) -> object:
        if not self.path.exists():
            return sorted(self.folder.rglob("*"))
        tables: dict[str, list[object]] = {}
        if struct.unpack_from(">I", self.path.read_bytes(), 60)[0] == 99:
            return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        connection = sqlite3.connect(self.path)
        for table in ("head", "journal", "part"):
            tables[table] = connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()  # noqa: S608
        connection.close()
        return tables

    def close(self) -> None:
        for backend in self.opened:
            backend.close()


class ObjectStorage:
    """A log on objects that all backends share."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self.opened: list[ObjectLog] = []

    def open(self) -> ObjectLog:
        self.opened.append(ObjectLog(self.store, STACK, RealClock()))
        return self.opened[-1]

    def freeze(self, backend: ObjectLog) -> None:
        backend._stop_renewing()

    def make_newer(self) -> None:
        for key in self.store.list(""):
            stored = self.store.get(key)
            newer = stored.data.replace(b"opsctl-state 1 ", b"opsctl-state 99 ", 1)
            assert self.store.put_if_match(key, newer, stored.etag)

    def content(self) -> object:
        return {key: self.store.get(key).data for key in self.store.list("")}

    def close(self) -> None:
        for backend in self.opened:
            backend.close()


@pytest.fixture
def object_storages() -> Iterator[Callable[[], ObjectStorage]]:
    """As many as a test needs, each on a store of its own."""
    made: list[ObjectStorage] = []

    def make() -> ObjectStorage:
        made.append(ObjectStorage(MemoryStore()))
        return made[-1]

    yield make
    for storage in made:
        storage.close()


@pytest.fixture
def object_storage(object_storages: Callable[[], ObjectStorage]) -> ObjectStorage:
    return object_storages()


@pytest.fixture
def sqlite_storages(tmp_path: Path) -> Iterator[Callable[[], SqliteStorage]]:
    """As many as a test needs."""
    made: list[SqliteStorage] = []

    def make() -> SqliteStorage:
        made.append(SqliteStorage(tmp_path / str(len(made))))
        made[-1].folder.mkdir()
        return made[-1]

    yield make
    for storage in made:
        storage.close()


@pytest.fixture
def sqlite_storage(sqlite_storages: Callable[[], SqliteStorage]) -> SqliteStorage:
    return sqlite_storages()
