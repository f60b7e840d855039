"""The conformance suite turns red when a backend breaks its word: otherwise it would prove nothing."""

from __future__ import annotations

import msgspec
import pytest

from orchestrator.adapters.stack_rows import Head, Rows
from orchestrator.adapters.state_http import HttpBackend, _packed
from orchestrator.adapters.state_rows import RowsBackend
from orchestrator.adapters.state_sqlite import SqliteBackend
from orchestrator.kit.object_blocks import Block
from orchestrator.kit.object_log import ObjectLog, _Held
from orchestrator.model.errors import OpsctlError
from orchestrator.seams.state import Holder, Lease
from orchestrator.testing.state_conformance import CASES, Storage
from orchestrator.testing.state_places import PLACE_CASES


def kept_promises(storages, *names: str) -> set[str]:
    """Of the named cases, those that still pass, each on a storage of its own."""
    passed = set()
    for case in CASES + PLACE_CASES:
        if case.__name__ not in names:
            continue
        storage: Storage = storages()
        try:
            case(storage)
        except (AssertionError, OpsctlError):
            continue
        passed.add(case.__name__)
    return passed


FENCING = (
    "a_lease_that_is_not_renewed_is_taken_over",
    "a_broken_lease_cannot_write",
    "a_lease_given_back_cannot_write",
)


def rows_ignore(monkeypatch) -> None:
    """SQLite and PostgreSQL: whoever has a lease of whatever number is the owner."""

    def own(self: RowsBackend, rows: Rows, lease: Lease) -> Head:
        return rows.head()

    monkeypatch.setattr(RowsBackend, "_own", own)


def objects_ignore(monkeypatch) -> None:
    """S3, Azure Blob and every log of objects: a lost place in the log is taken for our own, and written behind."""
    original = ObjectLog._put

    def own(self: ObjectLog, lease: Lease) -> object:
        return self._held or _Held(lease, "mutant", self._reader.tail())

    def put(self: ObjectLog, block: Block) -> Block | None:
        while (other := original(self, block)) is not None and block.entries:
            block = msgspec.structs.replace(block, number=other.number + 1, first=other.last + 1)
        return None if block.entries else other

    monkeypatch.setattr(ObjectLog, "_own", own)
    monkeypatch.setattr(ObjectLog, "_put", put)


def http_ignores(monkeypatch) -> None:
    """HTTP: the document is written by whatever lock the server has, whatever number stands in it."""

    def own(self: HttpBackend, lease: Lease) -> object:
        return self._read()

    def put(self: HttpBackend, lease: Lease, content: object, lineage: str, lock: object) -> None:
        info = self._info(Holder("mutant"))
        other = self._store.lock(info)
        self._store.write(_packed(content, lineage), (other or info).id)
        if other is None:
            self._store.unlock(info)

    monkeypatch.setattr(HttpBackend, "_own", own)
    monkeypatch.setattr(HttpBackend, "_put", put)


def test_sqlite_without_the_fencing_number_is_noticed(monkeypatch, sqlite_storages):
    rows_ignore(monkeypatch)
    assert not kept_promises(sqlite_storages, *FENCING)


@pytest.mark.server
def test_postgresql_without_the_fencing_number_is_noticed(monkeypatch, postgres_storages):
    rows_ignore(monkeypatch)
    assert not kept_promises(postgres_storages, *FENCING)


def test_a_log_of_objects_without_fencing_is_noticed(monkeypatch, object_storages):
    objects_ignore(monkeypatch)
    assert not kept_promises(object_storages, *FENCING)


def test_s3_without_fencing_is_noticed(monkeypatch, s3_storages):
    objects_ignore(monkeypatch)
    assert not kept_promises(s3_storages, *FENCING)


def test_http_without_fencing_is_noticed(monkeypatch, http_storages):
    http_ignores(monkeypatch)
    assert not kept_promises(http_storages, *FENCING)


@pytest.mark.server
def test_azure_blob_without_fencing_is_noticed(monkeypatch, blob_storages):
    objects_ignore(monkeypatch)
    assert not kept_promises(blob_storages, *FENCING)


def test_a_lease_that_anybody_can_take_is_noticed(monkeypatch, sqlite_storages):
    original = SqliteBackend._take

    def take(self: SqliteBackend, holder, ttl):
        self.unlock()
        return original(self, holder, ttl)

    monkeypatch.setattr(SqliteBackend, "_take", take)
    assert not kept_promises(
        sqlite_storages, "a_held_stack_is_refused_and_its_holder_named", "of_many_contenders_one_wins"
    )


def test_appending_one_by_one_is_noticed(monkeypatch, sqlite_storages):
    original = SqliteBackend.append

    def append(self: SqliteBackend, lease, entries):
        last = original(self, lease, [])
        for entry in entries:
            last = original(self, lease, [entry])
        return last

    monkeypatch.setattr(SqliteBackend, "append", append)
    assert not kept_promises(sqlite_storages, "an_append_is_all_or_none")


def test_a_log_that_writes_behind_its_successor_is_noticed(monkeypatch, object_storages):
    """The number of an append is taken, and the mutant tries the next instead of stopping."""
    original = ObjectLog._put

    def put(self: ObjectLog, block: Block) -> Block | None:
        while (other := original(self, block)) is not None and block.entries:
            block = msgspec.structs.replace(block, number=other.number + 1, first=other.last + 1)
        return other

    monkeypatch.setattr(ObjectLog, "_put", put)
    assert not kept_promises(object_storages, *FENCING[:2])
