"""States of older formats are read as they were, and go on in the newest; those of a newer one are left alone."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from orchestrator.model import codec, versions
from orchestrator.model.codec import decode, encode
from orchestrator.model.errors import NewerStateError
from orchestrator.model.ids import Address
from orchestrator.model.snapshot import Began, Entry, Fold, Kept, Record, Snapshot, Started
from orchestrator.model.snapshot_invariants import broken
from orchestrator.model.values import Secret
from orchestrator.testing.state_conformance import ALICE, STACK, begun, kept

FIXTURES = Path(__file__).with_name("fixtures")


def sqlite_of(storage, version):
    """A state file as a program of that version left it."""
    storage.path.parent.mkdir()
    connection = sqlite3.connect(storage.path)
    connection.executescript((FIXTURES / f"format-{version}.sql").read_text())
    connection.close()
    return storage


def objects_of(storage, version):
    folder = FIXTURES / f"format-{version}-objects"
    for path in folder.rglob("*"):
        if path.is_file():
            assert storage.store.put_if_absent(str(path.relative_to(folder)), path.read_bytes())
    return storage


@pytest.fixture(params=["sqlite", "objects"])
def older(request, sqlite_storages, object_storages):
    """A state of format 1, as it was left behind by a run that was killed."""
    if request.param == "sqlite":
        return sqlite_of(sqlite_storages(), 1)
    return objects_of(object_storages(), 1)


def expected_of_format_1():
    """What format 1 remembered, in the words of today."""
    late = begun("late", "t1").intent
    return {
        "resources": {"db/server": ("id-db/server", ("net",)), "extra": ("id-extra", ("db",)), "net": ("id-net2", ())},
        "deposed": {"uid-net": ("id-net", ())},
        "intents": {"t1": (late.address, ("net", "db"), "id-late")},
    }  # fmt: skip


def told(snapshot):
    def of(records):
        return {str(key): (r.id, r.dependencies) for key, r in records.items()}

    intents = {str(t): (i.address, i.dependencies, i.id) for t, i in snapshot.intents.items()}
    return {"resources": of(snapshot.resources), "deposed": of(snapshot.deposed), "intents": intents}


def test_a_state_of_format_1_is_read_as_it_was(older):
    snapshot = older.open().latest()
    assert told(snapshot) == expected_of_format_1()
    assert (snapshot.sequence, snapshot.revision) == (14, 2)
    assert snapshot.resources["db/server"].spec == {"value": Secret(None, "env:PASSWORD", "v1")}
    assert snapshot.outputs == {"url": "http://x"}


def test_reading_an_older_state_leaves_every_byte_as_it_is(older):
    before = older.content()
    reader = older.open()
    reader.latest()
    reader.history()
    assert older.content() == before


def test_a_state_of_format_1_goes_on_in_the_newest(older):
    """Old entries stay as they were written; what is new says its format; the snapshot is sound and whole."""
    backend = older.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [Started("run3", "alice", "apply", 3.0), kept("new")])
    compacted = backend.compact(lease)
    assert list(broken(compacted)) == []
    assert older.open().latest() == compacted
    assert {"new", "extra", "net", "db/server"} == set(compacted.resources)
    entries = [logged.entry for logged in older.open().history()]
    fold = Fold(Snapshot(STACK))
    for entry in entries:
        fold.add(entry)
    assert fold.snapshot() == compacted


def test_an_edge_of_format_1_may_lead_to_a_composite(older):
    """Its records are loose; those of today are not, and their edges are held to what is known."""
    snapshot = older.open().latest()
    assert all(record.loose for record in snapshot.resources.values())
    strict = decode(encode(kept("new")), Entry)
    assert isinstance(strict, Kept)
    assert not strict.record.loose


def test_every_step_has_a_fixture_of_what_it_starts_from():
    """A new format comes with a picture of the one before it."""
    assert sorted(versions.STEPS) == list(range(1, versions.FORMAT))
    for version in versions.STEPS:
        assert (FIXTURES / f"format-{version}.sql").exists()
        assert (FIXTURES / f"format-{version}-objects").exists()


@pytest.mark.parametrize("value", [kept("a"), begun("a", "t"), kept("a").record, begun("a", "t").intent])
def test_a_body_of_a_newer_format_is_refused(value):
    """Wherever it stands, and whatever else it says."""
    wanted = Entry if isinstance(value, Kept | Began) else type(value)
    body = json.loads(encode(value))
    assert body["format"] == versions.FORMAT
    newer = json.dumps({**body, "format": versions.FORMAT + 1}).encode()
    with pytest.raises(NewerStateError, match="written by a newer opsctl"):
        decode(newer, wanted)


def test_steps_reach_what_stands_inside(monkeypatch):
    """A step for records is taken for those of entries and of snapshots too, one version after the other."""
    steps = {
        1: {"record": lambda r: {**r, "loose": True}},
        2: {"record": lambda r: {**r, "id": r["id"] + "+"}, "kept": lambda k: {**k, "token": "seen"}},
    }
    monkeypatch.setattr(versions, "STEPS", steps)
    for module in (versions, codec):
        monkeypatch.setattr(module, "FORMAT", 3)
    entry = decode(json.dumps({**json.loads(encode(kept("a"))), "format": 1}).encode(), Entry)
    assert isinstance(entry, Kept)
    assert (entry.record.id, entry.record.loose, entry.token) == ("id-a+", True, "seen")
    whole = Snapshot(STACK, 1, {Address("a"): kept("a").record})
    old = json.dumps({**json.loads(encode(whole)), "format": 2}).encode()
    assert decode(old, Snapshot).resources[Address("a")].id == "id-a+"


def test_a_body_that_is_no_record_of_its_format_is_damage_not_a_crash():
    with pytest.raises(ValueError, match="not what format 1 was"):
        decode(b'{"entry":"kept","record":7}', Entry)
    with pytest.raises(ValueError, match="missing required field"):
        decode(b'{"address":"a"}', Record)
