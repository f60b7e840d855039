"""A journal that cannot be written any more, on every backend: in the middle of an apply, at whichever append.

Nothing further is started, what was done before is recorded, what was under way is an open intent, and the next run
goes on: exactly the desired set, none twice.
"""

from __future__ import annotations

import importlib.util
import sqlite3
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.adapters import http_store
from orchestrator.adapters.postgres_rows import PostgresRows
from orchestrator.adapters.sqlite_rows import SqliteRows
from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.errors import StateError
from orchestrator.model.outcome import Result
from orchestrator.model.snapshot_invariants import broken
from orchestrator.testing.object_store import MemoryStore
from orchestrator.testing.state_conformance import STACK
from providers.azure import backend as blob
from providers.azure.backend import BlobStore

WANTED = ["disk", "host", "net", "twin"]


def world_of(folder, storage):
    """The stack of tests/engine, its state in a storage of this folder."""
    path = Path(__file__).parents[1] / "engine" / "conftest.py"
    spec = importlib.util.spec_from_file_location("journal_world", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["journal_world"] = module
    spec.loader.exec_module(module)
    world = module.World(folder)
    workspace, blueprint = world.workspace, world.blueprint

    def elsewhere():
        made = workspace()
        made.state.close()
        return replace(made, state=storage.open())

    def renamed(**changes):
        made = blueprint(**changes)
        return replace(made, charter=replace(made.charter, id=STACK))

    world.workspace, world.blueprint = elsewhere, renamed
    return world


class Breaking:
    """A write that works so many times, then fails as its backend does, until it is mended."""

    def __init__(self, works, fail):
        self.left, self.fail, self.struck = works, fail, False

    def around(self, function):
        def call(*arguments, **more):
            if self.left is not None:
                if self.left == 0:
                    self.struck = True
                    self.fail()
                self.left -= 1
            return function(*arguments, **more)

        return call

    def mend(self):
        self.left = None


class Denied(Breaking):
    """An S3 that denies every write but the first ones."""

    def __init__(self, faults, works):
        super().__init__(works, lambda: None)
        self.faults = faults
        faults.replace([Rule("error", "PutObject", after=works, status=403, code="AccessDenied")])

    def mend(self):
        self.faults.replace([])


def raising(error):
    def fail():
        raise error

    return fail


def sqlite_fails(patch, storage, works):
    """As SQLite says that the disk is full."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    breaking = Breaking(works, raising(error))
    patch.setattr(SqliteRows, "_insert", breaking.around(SqliteRows._insert))
    return breaking


def postgres_fails(patch, storage, works):
    """By the server itself: a check that no row passes any more."""
    breaking = Breaking(works, lambda: None)

    def insert(rows, entries, original=PostgresRows._insert):
        if breaking.left == 0 and not breaking.struck:
            breaking.struck = True
            rows._connection.execute(
                "ALTER TABLE journal ADD CONSTRAINT full_disk CHECK (sequence < 0) NOT VALID"
            )
        elif breaking.left:
            breaking.left -= 1
        return original(rows, entries)

    patch.setattr(PostgresRows, "_insert", insert)
    return breaking


def memory_fails(patch, storage, works):
    breaking = Breaking(works, raising(StateError("memory: the store refuses writes")))
    patch.setattr(MemoryStore, "put_if_absent", breaking.around(MemoryStore.put_if_absent))
    return breaking


def http_fails(patch, storage, works):
    """The server answers 507: no space is left."""
    breaking = Breaking(works, raising(StateError("the state server answers 507: Insufficient Storage")))
    patch.setattr(http_store.HttpStore, "write", breaking.around(http_store.HttpStore.write))
    return breaking


def drive(storage, tmp_path, patch, fails, works):
    """One apply whose journal fails, and what became of it; then one that is well."""
    world = world_of(tmp_path, storage)
    for name, kind in zip(WANTED, ("Put", "Token", "Tag", "Twin"), strict=True):
        world.want(name, kind)
    breaking = fails(patch, storage, works)
    done, error = None, None
    try:
        done = world.apply()
    except StateError as raised:
        error = raised
    breaking.mend()
    patch.undo()
    if done is not None and done.unrecorded is not None:
        assert {o.result for o in done.outcomes.values()} <= {Result.DONE, Result.INTERRUPTED}
        recorded = set(storage.open().latest().resources)
        assert {a for a, o in done.outcomes.items() if o.result is Result.DONE} <= recorded
        assert done.exit_code != 0
    failed = error is not None or (done is not None and done.unrecorded is not None)
    if fails is postgres_fails and breaking.struck:
        storage.ask("ALTER TABLE journal DROP CONSTRAINT IF EXISTS full_disk")
    storage.open().unlock()  # what could not be written could not be given back either
    world.clock.advance(60)
    assert world.apply().exit_code == 0
    assert world.names() == WANTED
    assert not list(broken(storage.open().latest()))
    assert not storage.open().damage()
    world.clock.advance(60)
    assert world.plan().plan.empty
    return failed


@pytest.mark.parametrize("works", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "fails"), [("sqlite", sqlite_fails), ("object", memory_fails), ("http", http_fails)]
)
def test_a_journal_that_fails_loses_nothing_and_makes_nothing_twice(
    request, tmp_path, monkeypatch, name, fails, works
):
    """After so many appends, the run's first included: every one of these is hit."""
    storage = request.getfixturevalue(f"{name}_storage")
    assert drive(storage, tmp_path, monkeypatch, fails, works)


@pytest.mark.parametrize("works", [1, 2, 3])
def test_a_journal_that_s3_denies_loses_nothing(s3_storage, s3_faults, tmp_path, monkeypatch, works):
    """Two writes take the lease; from the first append on, each of these is denied by the store itself."""
    assert drive(s3_storage, tmp_path, monkeypatch, lambda *_: Denied(s3_faults, works + 1), works)


class ReadOnly(Breaking):
    """A Blob store whose credential may only read, after so many writes: a role that was taken away."""

    def __init__(self, patch, works, azurite):
        super().__init__(works, lambda: None)
        self.client = reader_of(azurite)
        put = BlobStore._put

        def limited(store, key, data, **how):
            if self.left == 0:
                self.struck = True
                store = BlobStore(self.client, store._container, store._prefix)
            elif self.left is not None:
                self.left -= 1
            return put(store, key, data, **how)

        patch.setattr(BlobStore, "_put", limited)

    def mend(self):
        super().mend()
        self.client.close()


def reader_of(azurite):
    """A client that the server lets read and list, and nothing else."""
    from azure.storage.blob import (  # noqa: PLC0415 - only where there is a server
        AccountSasPermissions,
        BlobServiceClient,
        ResourceTypes,
        generate_account_sas,
    )

    account = BlobServiceClient.from_connection_string(azurite)
    token = generate_account_sas(
        account.account_name,
        account_key=account.credential.account_key,
        resource_types=ResourceTypes(container=True, object=True),
        permission=AccountSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    url = account.url
    account.close()
    return blob._client({"endpoint": url.rstrip("/"), "sasToken": token, "container": "unused"})


@pytest.mark.server
@pytest.mark.parametrize("works", [1, 2, 3])
def test_a_journal_that_azure_denies_loses_nothing(blob_storage, azurite, tmp_path, monkeypatch, works):
    """By Azurite itself, which holds a signature to what it permits."""
    assert drive(
        blob_storage, tmp_path, monkeypatch, lambda *_: ReadOnly(monkeypatch, works + 1, azurite), works
    )


@pytest.mark.server
@pytest.mark.parametrize("works", [1, 2, 3])
def test_a_journal_that_postgresql_refuses_loses_nothing(postgres_storage, tmp_path, monkeypatch, works):
    assert drive(postgres_storage, tmp_path, monkeypatch, postgres_fails, works)
