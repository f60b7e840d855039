"""Places to keep state in, for the conformance suite and for tests of one backend."""

from __future__ import annotations

import os
import sqlite3
import struct
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters import state_http, state_postgres
from orchestrator.adapters.state_http import HttpBackend
from orchestrator.adapters.state_postgres import PostgresBackend
from orchestrator.adapters.state_sqlite import SqliteBackend, open_backend
from orchestrator.kit.object_blocks import ObjectStore
from orchestrator.kit.object_log import ObjectLog
from orchestrator.kit.sealed import PLAIN
from orchestrator.kit.simulation.faults import Faults
from orchestrator.kit.simulation.responders import Responders
from orchestrator.model.ids import StackId
from orchestrator.model.values import Secret, reveal
from orchestrator.model.versions import FORMAT
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.clock import Clock
from orchestrator.seams.state import StateBackend
from orchestrator.testing.http_state_server import HttpStateServer
from orchestrator.testing.object_store import MemoryStore
from orchestrator.testing.state_conformance import STACK
from providers.aws import backend as s3
from providers.aws.sandbox import Running, start
from providers.azure import backend as blob


class RealClock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


@pytest.fixture
def real_clock() -> RealClock:
    return RealClock()


class SqliteStorage:
    """A folder of its own for each test."""

    ttl = 0.9

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / ".opsctl/state.db"
        self.clock = RealClock()
        self.opened: list[SqliteBackend] = []

    def open(self, cipher: Cipher = PLAIN, *, clock: Clock | None = None) -> SqliteBackend:
        backend = open_backend({}, stack=STACK, folder=self.folder, clock=clock or self.clock, cipher=cipher)
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

    ttl = 0.9

    def __init__(
        self,
        store: ObjectStore,
        settings: dict[str, object] | None = None,
        open_backend: Callable[..., StateBackend] = s3.open_backend,
    ) -> None:
        self.store = store
        self.open_backend = open_backend
        self.settings = settings
        self.opened: list[ObjectLog] = []

    def open(self, cipher: Cipher = PLAIN, *, clock: Clock | None = None) -> ObjectLog:
        if self.settings is None:
            backend = ObjectLog(self.store, STACK, clock or RealClock(), cipher)
        else:
            backend = self.open_backend(
                self.settings, stack=STACK, folder=Path(), clock=clock or RealClock(), cipher=cipher
            )
        self.opened.append(backend)
        return backend

    def freeze(self, backend: ObjectLog) -> None:
        backend._stop_renewing()

    def make_newer(self) -> None:
        for key in self.store.list(""):
            stored = self.store.get(key)
            newer = stored.data.replace(b"opsctl-state %d " % FORMAT, b"opsctl-state 99 ", 1)
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


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory) -> Iterator[tuple[Running, Faults]]:
    """A local AWS with S3 in it, and what goes wrong there."""
    faults, responders = Faults(seed=5), Responders()
    running = start(folder=tmp_path_factory.mktemp("sandbox"), faults=faults, responders=responders)
    yield running, faults
    running.close()
    responders.close_all()


@pytest.fixture
def s3_faults(sandbox) -> Iterator[Faults]:
    """Faults that end with the test."""
    yield sandbox[1]
    sandbox[1].replace([])


def new_bucket(running: Running) -> dict[str, str]:
    """The settings of a bucket that nobody else has."""
    settings = {
        key: running.settings[key] for key in ("region", "endpoint", "accessKeyId", "secretAccessKey")
    }
    settings["bucket"] = f"state-{uuid.uuid4().hex}"
    client = s3._client(settings)
    client.create_bucket(
        Bucket=settings["bucket"], CreateBucketConfiguration={"LocationConstraint": settings["region"]}
    )
    client.close()
    return settings


@pytest.fixture
def s3_settings(sandbox) -> dict[str, str]:
    """A bucket of its own for each test."""
    return new_bucket(sandbox[0])


def s3_storage_of(settings: dict[str, str]) -> ObjectStorage:
    store = s3.S3Store(s3._client(settings), settings["bucket"], f"opsctl/{STACK.replace('/', '+')}/")
    storage = ObjectStorage(store, settings)
    storage.ttl = 1.5
    return storage


@pytest.fixture
def s3_storage(s3_settings: dict[str, str]) -> Iterator[ObjectStorage]:
    storage = s3_storage_of(s3_settings)
    yield storage
    storage.close()


@pytest.fixture
def s3_storages(sandbox) -> Iterator[Callable[[], ObjectStorage]]:
    """As many as a test needs, each in a bucket of its own."""
    yield from many(lambda: s3_storage_of(new_bucket(sandbox[0])))


def many(make: Callable[[], Any]) -> Iterator[Callable[[], Any]]:
    """A function that makes storages, which are closed at the end."""
    made: list[Any] = []

    def another() -> Any:
        made.append(make())
        return made[-1]

    yield another
    for storage in made:
        storage.close()


class PostgresStorage:
    """A schema of its own in the server that tests/servers/run has started."""

    ttl = 0.9

    def __init__(self, address: str) -> None:
        self.schema = f"t{uuid.uuid4().hex}"
        self.settings = {"url": Secret(address, "env:PG", ""), "schema": self.schema}
        self.address = address
        self.opened: list[PostgresBackend] = []

    def open(
        self,
        cipher: Cipher = PLAIN,
        *,
        clock: Clock | None = None,
        stack: StackId = STACK,
        **settings: object,
    ) -> PostgresBackend:
        backend = state_postgres.open_backend(
            {**self.settings, **settings},
            stack=stack,
            folder=Path(),
            clock=clock or RealClock(),
            cipher=cipher,
        )
        self.opened.append(backend)
        return backend

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        with self.connected() as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """Past the backend, in one transaction."""
        import psycopg  # noqa: PLC0415 - only where there is a server

        with psycopg.connect(self.address) as connection:
            connection.execute(f"SET search_path = {self.schema}")
            yield connection

    def freeze(self, backend: PostgresBackend) -> None:
        backend._stop_renewing()

    def make_newer(self) -> None:
        self.ask("UPDATE format SET version = 99")

    def content(self) -> object:
        there = self.ask("SELECT to_regclass('stack')")[0][0]
        tables = ("stack", "journal", "part") if there else ()
        return {name: self.ask(f"SELECT * FROM {name} ORDER BY 1, 2, 3") for name in tables}  # noqa: S608

    def close(self) -> None:
        for backend in self.opened:
            backend.close()
        self.ask(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")


@pytest.fixture(scope="session")
def postgres_address() -> str:
    """Of the server's database, with its password."""
    return os.environ["OPSCTL_TEST_POSTGRES"]


@pytest.fixture
def postgres_storage(postgres_address: str) -> Iterator[PostgresStorage]:
    storage = PostgresStorage(postgres_address)
    yield storage
    storage.close()


@pytest.fixture
def postgres_storages(postgres_address: str) -> Iterator[Callable[[], PostgresStorage]]:
    """As many as a test needs, each in a schema of its own."""
    yield from many(lambda: PostgresStorage(postgres_address))


State = tuple[dict[str, str], dict[str, str]]
"""A block ``state:`` of a stack, and the environment that it needs."""


@pytest.fixture
def sqlite_state() -> State:
    return {"backend": "sqlite"}, {}


@pytest.fixture
def s3_state(s3_settings: dict[str, str]) -> State:
    keys = {
        "AWS_ACCESS_KEY_ID": s3_settings["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": s3_settings["secretAccessKey"],
    }
    shown = {name: s3_settings[name] for name in ("bucket", "region", "endpoint")}
    return {"backend": "s3", **shown}, keys


@pytest.fixture
def postgres_state(postgres_storage: PostgresStorage) -> State:
    return (
        {"backend": "postgresql", "url": "env:STATE_URL", "schema": postgres_storage.schema},
        {"STATE_URL": postgres_storage.address},
    )


@pytest.fixture(scope="session")
def azurite() -> str:
    """The connection string of the Blob service that tests/servers/run has started."""
    return os.environ["OPSCTL_TEST_AZURITE"]


def new_container(azurite: str) -> dict[str, object]:
    """The settings of a container that nobody else has."""
    settings = {
        "connectionString": Secret(azurite, "env:AZURITE", ""),
        "container": f"state-{uuid.uuid4().hex}",
    }
    client = blob._client(reveal(settings))
    client.create_container()
    client.close()
    return settings


@pytest.fixture
def blob_settings(azurite: str) -> Iterator[dict[str, object]]:
    """A container of its own for each test."""
    settings = new_container(azurite)
    yield settings
    client = blob._client(reveal(settings))
    client.delete_container()
    client.close()


def blob_storage_of(settings: dict[str, object]) -> ObjectStorage:
    store = blob.BlobStore(
        blob._client(reveal(settings)),
        str(settings["container"]),
        f"opsctl/{STACK.replace('/', '+')}/",
    )
    storage = ObjectStorage(store, settings, open_backend=blob.open_backend)
    storage.ttl = 1.5
    return storage


@pytest.fixture
def blob_storage(blob_settings: dict[str, object]) -> Iterator[ObjectStorage]:
    storage = blob_storage_of(blob_settings)
    yield storage
    storage.close()


@pytest.fixture
def blob_storages(azurite: str) -> Iterator[Callable[[], ObjectStorage]]:
    """As many as a test needs, each in a container of its own."""
    yield from many(lambda: blob_storage_of(new_container(azurite)))


@pytest.fixture
def blob_state(blob_settings: dict[str, object], azurite: str) -> State:
    return (
        {
            "backend": "azureblob",
            "container": str(blob_settings["container"]),
            "connectionString": "env:BLOBS",
        },
        {"BLOBS": azurite},
    )


class HttpStorage:
    """An address of its own at a server of Terraform's protocol."""

    ttl = 1.5

    def __init__(self) -> None:
        self.server = HttpStateServer()
        address = f"{self.server.address}/states/shop"
        self.settings = {"address": address, "lock_address": address}
        self.opened: list[HttpBackend] = []

    def open(self, cipher: Cipher = PLAIN, *, clock: Clock | None = None) -> HttpBackend:
        backend = state_http.open_backend(
            self.settings, stack=STACK, folder=Path(), clock=clock or RealClock(), cipher=cipher
        )
        self.opened.append(backend)
        return backend

    def freeze(self, backend: HttpBackend) -> None:
        backend._stop_renewing()

    def make_newer(self) -> None:
        for kept in self.server.kept.values():
            kept.document = kept.document.replace(b'"format":1', b'"format":99')

    def content(self) -> object:
        return {path: (k.document, k.lock) for path, k in self.server.kept.items() if k.document or k.lock}

    def close(self) -> None:
        for backend in self.opened:
            backend.close()
        self.server.close()


@pytest.fixture
def http_storage() -> Iterator[HttpStorage]:
    storage = HttpStorage()
    yield storage
    storage.close()


@pytest.fixture
def http_storages() -> Iterator[Callable[[], HttpStorage]]:
    """As many as a test needs, each at a server of its own."""
    yield from many(HttpStorage)


@pytest.fixture
def http_state(http_storage: HttpStorage) -> State:
    return {"backend": "http", **http_storage.settings}, {}
