"""The SQLite file in bad hands: damaged, newer, foreign, on a full or read-only disk. State is never harmed."""

from __future__ import annotations

import os
import random
import resource
import shutil
import sqlite3
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.adapters.state_sqlite import open_backend
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from orchestrator.model.snapshot import Damaged, Outputs, Snapshot
from orchestrator.testing.state_conformance import ALICE, BOB, STACK, begun, folded, kept

ENTRIES = [begun("a", "t1"), kept("a", "t1"), kept("b"), Outputs({"x": "y"}), kept("c"), begun("d", "t2")]


@pytest.fixture
def filled(sqlite_storage):
    """A closed state with a snapshot and a journal that goes on behind it."""
    backend = sqlite_storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, ENTRIES[:4])
    backend.compact(lease)
    backend.append(lease, ENTRIES[4:])
    backend.release(lease)
    backend.close()
    return sqlite_storage


def test_files_are_for_their_owner_alone(filled):
    folder = filled.path.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}


def test_a_closed_state_is_one_file_and_an_empty_lock(filled):
    assert {p.name: p.stat().st_size > 0 for p in filled.path.parent.iterdir()} == {
        "state.db": True,
        "state.db.shop+dev.lock": False,
    }


def test_stacks_of_one_file_do_not_meet(filled, real_clock):
    """Each has its own journal, lease and snapshot."""
    other = open_backend({}, stack=StackId("shop/prod"), folder=filled.folder, clock=real_clock, cipher=PLAIN)
    mine = filled.open()
    held = mine.lease(ALICE)
    lease = other.lease(BOB)
    assert other.append(lease, [kept("z")]) == 1
    assert other.compact(lease) == Snapshot(StackId("shop/prod"), 1, {"z": kept("z").record})
    other.close()
    assert mine.compact(held) == folded(ENTRIES)


def test_a_flipped_bit_is_found_or_does_no_harm(filled):
    """Wherever it is: the state reads as it was, or the reader is told; the damaged file stays as it is."""
    whole = filled.path.read_bytes()
    rng = random.Random(7)
    outcomes = {"same": 0, "told": 0}
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        filled.path.write_bytes(damaged)
        backend = filled.open()
        try:
            read, told = backend.latest(), ""
        except StateError as error:
            read, told = None, str(error)
        backend.close()
        assert read == folded(ENTRIES) or str(filled.path) in told or str(STACK) in told
        outcomes["told" if told else "same"] += 1
        assert filled.path.read_bytes() == bytes(damaged)
    assert min(outcomes.values()) > 10


def alter(storage, *statements):
    """What somebody else than opsctl does to the file."""
    with sqlite3.connect(storage.path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


CHANGED = "UPDATE {} SET body = replace(body, 'a', 'e')"


@pytest.mark.parametrize("table", ["head", "journal"])
def test_a_changed_row_is_found_by_its_checksum(filled, table):
    alter(filled, CHANGED.format(table))
    with pytest.raises(
        StateError, match=r"(?s)state of stack shop/dev is damaged.*state rebuild --force.*restore a backup"
    ):
        filled.open().latest()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM journal WHERE sequence = 5",
        "DELETE FROM journal WHERE sequence = 6",
        "UPDATE journal SET sequence = 7 WHERE sequence = 6",
        "UPDATE journal SET epoch = 9 WHERE sequence = 6",
        "INSERT INTO journal SELECT stack, 7, epoch, body, sum FROM journal WHERE sequence = 6",
    ],
)
def test_a_missing_moved_or_added_row_behind_the_snapshot_is_found(filled, statement):
    alter(filled, statement)
    with pytest.raises(StateError, match="damaged: journal entry"):
        filled.open().latest()


DAMAGED_SNAPSHOTS = [
    CHANGED.format("part"),
    "DELETE FROM part WHERE key = 'a'",
    "DELETE FROM part",
    "UPDATE part SET key = 'e' WHERE key = 'a'",
    "UPDATE part SET sum = sum + 1 WHERE key = 'b'",
    "INSERT INTO part SELECT stack, kind, 'z', body, sum FROM part WHERE key = 'a'",
]


@pytest.mark.parametrize("statement", DAMAGED_SNAPSHOTS)
def test_a_damaged_snapshot_is_folded_again_from_the_journal_and_written_anew(filled, statement):
    """Reading says so and changes nothing; the next compaction mends it."""
    alter(filled, statement)
    before = filled.content()
    backend = filled.open()
    assert backend.latest() == folded(ENTRIES)
    assert "snapshot" in backend.mended[0]
    assert filled.content() == before
    lease = backend.lease(BOB)
    assert backend.compact(lease) == folded(ENTRIES)
    backend.append(lease, [kept("e")])
    backend.release(lease)
    again = filled.open()
    assert again.latest() == folded([*ENTRIES, kept("e")])
    assert (list(again.mended), list(again.damage())) == ([], [])


def test_where_snapshot_and_journal_are_damaged_both_are_named(filled):
    alter(filled, "DELETE FROM part WHERE key = 'a'", "DELETE FROM journal WHERE sequence = 2")
    with pytest.raises(
        StateError, match=r"damaged: of the snapshot, rows are missing.*and journal entry 2 is missing"
    ):
        filled.open().latest()


@pytest.mark.parametrize(
    ("statement", "lost"),
    [
        (f"{CHANGED.format('journal')} WHERE sequence = 2", {2}),
        ("UPDATE journal SET sum = sum + 1 WHERE sequence = 3", {3}),
        ("DELETE FROM journal WHERE sequence = 1", {1}),
        ("DELETE FROM journal WHERE sequence IN (2, 3)", {2, 3}),
        ("DELETE FROM journal WHERE sequence = 4", {4}),
    ],
)
def test_a_damaged_entry_that_the_snapshot_covers_is_shown_in_the_history(filled, statement, lost):
    """The others are there, the state reads and is written as ever, and the damage is named."""
    alter(filled, statement)
    backend = filled.open()
    assert backend.latest() == folded(ENTRIES)
    shown = {logged.sequence: logged.entry for logged in backend.history()}
    assert {n for n, entry in shown.items() if isinstance(entry, Damaged)} == lost
    assert [shown[n] for n in range(1, 7) if n not in lost] == [
        entry for n, entry in enumerate(ENTRIES, 1) if n not in lost
    ]
    assert len(backend.damage()) == len(lost)
    lease = backend.lease(BOB)
    assert backend.append(lease, [kept("e")]) == 7
    assert backend.compact(lease) == folded([*ENTRIES, kept("e")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a database, but a text that somebody put here by mistake" * 9, "is not a database"),
        (b"SQLite format 3\0", "is not a database"),
    ],
)
def test_what_is_no_database_is_refused_and_left_alone(sqlite_storage, content, message):
    sqlite_storage.path.parent.mkdir()
    sqlite_storage.path.write_bytes(content)
    backend = sqlite_storage.open()
    for attempt in (backend.latest, backend.unlock, lambda: backend.lease(ALICE)):
        with pytest.raises(StateError, match=message):
            attempt()
    assert sqlite_storage.path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(sqlite_storage):
    sqlite_storage.path.parent.mkdir()
    with sqlite3.connect(sqlite_storage.path) as connection:
        connection.execute("CREATE TABLE t(a)")
    connection.close()
    before = sqlite_storage.path.read_bytes()
    with pytest.raises(StateError, match="no state of opsctl"):
        sqlite_storage.open().lease(ALICE)
    assert sqlite_storage.path.read_bytes() == before


def test_a_truncated_file_is_refused(filled):
    whole = filled.path.read_bytes()
    for size in (50, 4096, len(whole) - 4096):
        filled.path.write_bytes(whole[:size])
        with pytest.raises(StateError, match=r"truncated|not a database"):
            filled.open().latest()


def test_an_empty_file_is_as_good_as_none(sqlite_storage):
    """It holds nothing that could be lost: an interrupted copy, or an editor's accident."""
    sqlite_storage.path.parent.mkdir()
    sqlite_storage.path.touch()
    backend = sqlite_storage.open()
    assert backend.latest() == Snapshot(STACK)
    assert backend.append(backend.lease(ALICE), [kept("a")]) == 1


@contextmanager
def file_size_limit(size: int):
    """Writes beyond it fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_state_as_it_was(filled):
    """The append is refused with the path and the cause; when there is room again, it goes on."""
    backend = filled.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("e")])
    large = kept("f", value="x" * 400_000)
    with file_size_limit(100_000), pytest.raises(StateError, match=r"state\.db: .*disk is full or failing"):
        backend.append(lease, [large])
    assert backend.latest() == filled.open().latest() == folded([*ENTRIES, kept("e")])
    assert backend.append(lease, [large]) == 8


@contextmanager
def ordinary_user():
    """A user whom permissions bind, where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def users_folder():
    """A folder of the ordinary user's, reachable by them."""
    folder = Path(tempfile.mkdtemp(prefix="opsctl-test-"))
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    yield folder
    shutil.rmtree(folder)


def test_a_read_only_folder_can_be_read_and_says_so_when_written(users_folder, real_clock):
    def opened():
        return open_backend({}, stack=STACK, folder=users_folder, clock=real_clock, cipher=PLAIN)

    path = users_folder / ".opsctl/state.db"
    with ordinary_user():
        backend = opened()
        lease = backend.lease(ALICE)
        backend.append(lease, [kept("a")])
        backend.release(lease)
        backend.close()
        before = path.read_bytes()
        path.chmod(0o400)
        path.parent.chmod(0o500)
        backend = opened()
        assert backend.latest() == folded([kept("a")])
        with pytest.raises(StateError, match=r"state\.db: cannot be written .*permissions"):
            backend.lease(BOB)
        backend.close()
        path.parent.chmod(0o700)
    assert path.read_bytes() == before


def test_a_folder_that_may_not_be_written_is_named(users_folder, real_clock):
    with ordinary_user():
        users_folder.chmod(0o500)
        backend = open_backend({}, stack=STACK, folder=users_folder, clock=real_clock, cipher=PLAIN)
        assert backend.latest() == Snapshot(STACK)
        with pytest.raises(StateError, match=r"\.opsctl: Permission denied"):
            backend.lease(ALICE)
        users_folder.chmod(0o700)
        (users_folder / ".opsctl").mkdir(mode=0)
        with pytest.raises(StateError, match=r"state\.db: Permission denied"):
            backend.latest()
        backend.close()


def test_a_path_through_a_file_is_named(tmp_path, real_clock):
    (tmp_path / "file").touch()
    backend = open_backend(
        {"path": "file/state.db"}, stack=STACK, folder=tmp_path, clock=real_clock, cipher=PLAIN
    )
    for attempt in (backend.latest, lambda: backend.lease(ALICE)):
        with pytest.raises(StateError, match=r"file/state\.db: Not a directory"):
            attempt()


@pytest.mark.parametrize("path", ["", 7, None])
def test_a_path_must_be_a_name(tmp_path, real_clock, path):
    with pytest.raises(StateError, match="must be a file name"):
        open_backend({"path": path}, stack=STACK, folder=tmp_path, clock=real_clock, cipher=PLAIN)


def test_an_unknown_setting_is_named(tmp_path, real_clock):
    with pytest.raises(StateError, match=r"no setting pth; known: path"):
        open_backend({"pth": "state.db"}, stack=STACK, folder=tmp_path, clock=real_clock, cipher=PLAIN)


def test_a_file_held_by_another_program_is_said(filled, monkeypatch):
    """Not a lease, but SQLite's own lock: a backup that never ends."""
    monkeypatch.setattr("orchestrator.adapters.sqlite_store._BUSY_SECONDS", 0.05)
    backup = sqlite3.connect(filled.path, isolation_level=None)
    backup.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateError, match=r"state\.db: in use by another process"):
        filled.open().lease(ALICE)
    backup.close()
