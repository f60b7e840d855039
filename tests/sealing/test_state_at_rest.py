"""A sealed state on disk: every row counts, and stands where it was written."""

from __future__ import annotations

import itertools
import json
import sqlite3
import zlib

import pytest

from orchestrator.adapters.cipher_aes import AesCipher, Keys
from orchestrator.adapters.state_sqlite import open_backend
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.errors import StateError
from orchestrator.model.snapshot import Damaged, Outputs
from orchestrator.testing.clock import FakeClock
from orchestrator.testing.state_conformance import ALICE, STACK, kept

_SELECT = {
    "journal": "SELECT sequence, body FROM journal ORDER BY 1",
    "part": "SELECT kind || key, body FROM part ORDER BY 1",
}
_UPDATE = {
    "journal": "UPDATE journal SET body = ? WHERE sequence = ?",
    "part": "UPDATE part SET body = ? WHERE kind || key = ?",
}


class Disk:
    """A state in SQLite, and an attacker who knows how its checksums are made."""

    def __init__(self, folder, file_key):
        self.folder = folder
        self.key = file_key
        self.opened = []
        state = self.open()
        lease = state.lease(ALICE)
        state.append(
            lease,
            [kept("web", value="planted-1"), kept("db", value="planted-2"), Outputs({"a": "planted-3"})],
        )
        state.compact(lease)
        state.append(lease, [kept("app", value="planted-4"), kept("last", value="planted-5")])
        state.release(lease)

    def open(self, cipher=None):
        cipher = cipher or AesCipher(STACK, Keys(self.key("state.key")))
        made = open_backend({}, stack=STACK, folder=self.folder, clock=FakeClock(), cipher=cipher)
        self.opened.append(made)
        return made

    def read(self):
        state = self.open()
        return state.latest(), state.history()

    def rows(self, table):
        with sqlite3.connect(self.folder / ".opsctl/state.db") as connection:
            return dict(connection.execute(_SELECT[table]))

    def overwrite(self, table, key, body):
        """Put a body in a row, and all checksums right again."""
        with sqlite3.connect(self.folder / ".opsctl/state.db") as connection:
            connection.execute(_UPDATE[table], (body, key))
            _mend(connection)

    def close(self):
        for state in self.opened:
            state.close()


def _mend(connection):
    """As SQLite's rows are documented: a CRC that goes on from row to row, and the sum of the parts'."""
    (text,) = connection.execute("SELECT body FROM head").fetchone()
    head = json.loads(text)
    chain = 0
    for sequence, epoch, body in connection.execute(
        "SELECT sequence, epoch, body FROM journal ORDER BY 1"
    ).fetchall():
        chain = zlib.crc32(body, zlib.crc32(b"%d:%d:" % (sequence, epoch), chain))
        connection.execute("UPDATE journal SET sum = ? WHERE sequence = ?", (chain, sequence))
        if sequence == head["folded"]:
            head["folded_chain"] = chain
    total = 0
    for kind, key, body in connection.execute("SELECT kind, key, body FROM part").fetchall():
        one = zlib.crc32(body, zlib.crc32(f"{kind}\0{key}\0".encode()))
        connection.execute("UPDATE part SET sum = ? WHERE kind = ? AND key = ?", (one, kind, key))
        total += one
    head.update(chain=chain, parts_sum=total)
    body = json.dumps(head, separators=(",", ":"), sort_keys=True).encode()
    connection.execute("UPDATE head SET body = ?, sum = ?", (body, zlib.crc32(body)))


@pytest.fixture
def disk(tmp_path, file_key):
    made = Disk(tmp_path, file_key)
    yield made
    made.close()


def test_nothing_of_it_can_be_read_without_the_key(disk):
    """Of the file and all beside it: neither values nor ids."""
    for state in disk.opened:
        state.close()
    for path in (disk.folder / ".opsctl").iterdir():
        assert b"planted" not in path.read_bytes()
        assert b"id-web" not in path.read_bytes()
    snapshot, history = disk.read()
    assert sorted(snapshot.resources) == ["app", "db", "last", "web"]
    assert len(history) == 5


def never_believed(disk, snapshot, history):
    """What was tampered with is refused; or the state is read as it was from the journal, and the damage is named."""
    state = disk.open()
    try:
        read = state.latest(), state.history()
    except StateError as error:
        assert "its seal is broken" in str(error) or "is damaged" in str(error)  # noqa: PT017 - either is right
        return "refused"
    assert read[0] == snapshot
    assert all(
        now == then or isinstance(now.entry, Damaged) for now, then in zip(read[1], history, strict=True)
    )
    assert state.damage()
    return "named"


@pytest.mark.parametrize(("table", "ends"), [("journal", {"refused", "named"}), ("part", {"named"})])
def test_rows_cannot_be_exchanged(disk, table, ends):
    """Any two of a table, by somebody who puts the checksums right: neither is believed, and nothing is changed."""
    whole, true = disk.rows(table), disk.read()
    ended = set()
    for one, other in itertools.combinations(whole, 2):
        disk.overwrite(table, one, whole[other])
        disk.overwrite(table, other, whole[one])
        ended.add(never_believed(disk, *true))
        disk.overwrite(table, one, whole[one])
        disk.overwrite(table, other, whole[other])
    assert disk.read() == true
    assert ended == ends


def test_a_plain_row_is_not_taken_for_a_sealed_one(disk):
    """By somebody who can write to the store and has no key."""
    plain = kept("web", value="forged")
    state = open_backend({}, stack=STACK, folder=disk.folder / "plain", clock=FakeClock(), cipher=PLAIN)
    lease = state.lease(ALICE)
    state.append(lease, [plain])
    state.close()
    with sqlite3.connect(disk.folder / "plain/.opsctl/state.db") as connection:
        (body,) = connection.execute("SELECT body FROM journal").fetchone()
    disk.overwrite("journal", 5, body)
    with pytest.raises(StateError, match=r"is not encrypted, and opsctl\.yaml says that it must be"):
        disk.read()


def test_a_changed_bit_in_any_row_is_never_believed(disk):
    """Also where the checksum was put right: the seal does not depend on it."""
    true = disk.read()
    for table in ("journal", "part"):
        for key, body in disk.rows(table).items():
            box = bytearray(body)
            box[-10] ^= 4
            disk.overwrite(table, key, bytes(box))
            never_believed(disk, *true)
            disk.overwrite(table, key, body)
    assert disk.read() == true
