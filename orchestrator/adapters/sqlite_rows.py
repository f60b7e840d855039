"""The rows of one stack in a database, each with a checksum: in SQLite, and what every database shares.

``head`` says who holds the stack and where the journal and the snapshot stand. A journal row's checksum goes
on from the row before it, so that a missing row shows as well as a changed one. A snapshot is one row a
resource; the head keeps how many there are and the sum of their checksums.
"""

from __future__ import annotations

import sqlite3
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from orchestrator.kit.sealed import journal_place, part_place
from orchestrator.model.codec import decode, encode
from orchestrator.model.errors import StateError
from orchestrator.model.ids import Address, StackId, Token, Uid
from orchestrator.model.provision import Intent
from orchestrator.model.snapshot import Entry, Fold, Record, Snapshot
from orchestrator.model.snapshot_invariants import require_sound
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.state import Archive, Holder, Logged

_KINDS: Final[Mapping[str, Any]] = {
    "resources": Record,
    "deposed": Record,
    "intents": Intent,
    "outputs": Any,
    "gone": frozenset[Address],
    "link": str,
}
PartKey = tuple[str, str]
JournalRow = tuple[int, int, bytes, int]
"""Sequence, epoch, body, checksum."""
PartRow = tuple[str, str, bytes, int]
"""Kind, key, body, checksum."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where one stack stands."""

    epoch: int = 0
    held: bool = False
    holder: Holder = field(default_factory=lambda: Holder(""))
    expires: float = 0.0
    """Seconds since 1970 by the database host's clock."""
    guarded: bool = False
    """The holder has the operating system's lock too, which dies with its process."""
    last: int = 0
    """The last sequence number, and the checksum that the journal has there."""
    chain: int = 0
    folded: int = 0
    """Up to where the snapshot's rows go, and the journal's checksum there."""
    folded_chain: int = 0
    revision: int = 0
    parts: int = 0
    parts_sum: int = 0
    writer: str = ""
    """Random, one a lease: tells whether a lease whose taking was not answered is ours."""
    first: int = 1
    """Where the journal begins: later than 1 where an archive without its beginning was restored."""
    moved: str = ""
    """Where the state is kept now; nothing is taken or written here any more."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The folded state, and what its rows were before the journal was folded in."""

    snapshot: Snapshot
    base: Snapshot
    sums: Mapping[PartKey, int]


class Rows(ABC):
    """Reads and writes the rows of one stack within one transaction; a database adds its statements."""

    def __init__(self, stack: StackId, cipher: Cipher) -> None:
        self._stack = stack
        self._cipher = cipher

    @abstractmethod
    def now(self) -> float:
        """The database host's clock, in seconds since 1970."""

    @abstractmethod
    def head(self) -> Head:
        """Where the stack stands; a stack that was never written stands at nothing."""

    @abstractmethod
    def put_head(self, head: Head) -> None:
        """Write where the stack stands now."""

    @abstractmethod
    def _insert(self, rows: Sequence[JournalRow]) -> None:
        """Write rows of the journal."""

    @abstractmethod
    def _drop_journal(self) -> None:
        """Delete every row of the journal."""

    @abstractmethod
    def _journal_rows(self, first: int) -> Iterable[JournalRow]:
        """The rows of the journal from a sequence number on, in order."""

    @abstractmethod
    def _part_rows(self) -> Iterable[PartRow]:
        """The snapshot's rows."""

    @abstractmethod
    def _put_parts(self, rows: Sequence[PartRow]) -> None:
        """Write rows of the snapshot over those of the same key."""

    @abstractmethod
    def _drop_parts(self, keys: Sequence[PartKey]) -> None:
        """Delete rows of the snapshot."""

    @abstractmethod
    def _clear(self) -> None:
        """Delete the journal and the snapshot."""

    def restore(self, head: Head, archive: Archive) -> Head:
        """Put an archive in the place of all rows; returns the head that goes with them."""
        self._clear()
        chain, rows = 0, []
        for logged in archive.journal:
            stored = self._cipher.seal(logged.body, journal_place(logged.epoch, logged.sequence))
            chain = _link(logged.sequence, logged.epoch, stored, after=chain)
            rows.append((logged.sequence, logged.epoch, stored, chain))
        self._insert(rows)
        last = archive.snapshot.sequence
        bare = replace(head, last=last, chain=chain, first=last - len(rows) + 1, parts=0, parts_sum=0)
        return self.fold_in(bare, Loaded(archive.snapshot, Snapshot(self._stack), {}))

    def append(self, head: Head, epoch: int, bodies: Sequence[bytes]) -> Head:
        """Write journal rows after the last one, sealed; returns the head that goes with them."""
        rows = []
        sequence, chain = head.last, head.chain
        for body in bodies:
            sequence += 1
            stored = self._cipher.seal(body, journal_place(epoch, sequence))
            chain = _link(sequence, epoch, stored, after=chain)
            rows.append((sequence, epoch, stored, chain))
        self._insert(rows)
        return replace(head, last=sequence, chain=chain)

    def journal(self, head: Head, *, after: int) -> Iterator[Logged]:
        """The entries after a sequence number. Raises StateError where one is missing or changed."""
        expected = after + 1
        chain = 0
        for sequence, epoch, body, total in self._journal_rows(after):
            if sequence == after:
                if after == head.folded and total != head.folded_chain:
                    raise self._damaged(f"journal entry {after}")
                chain = total
                continue
            chain = _link(sequence, epoch, body, after=chain)
            if sequence != expected or chain != total:
                raise self._damaged(f"journal entry {expected}")
            plain = self._cipher.open(body, journal_place(epoch, sequence))
            yield Logged(sequence, epoch, self._decoded(plain, Entry, f"journal entry {sequence}"), plain)
            expected += 1
        if expected != head.last + 1 or (head.last > after and chain != head.chain):
            raise self._damaged(f"journal entry {expected}")

    def load(self, head: Head) -> Loaded:
        """The whole state: the snapshot's rows with the later part of the journal folded in."""
        parts: dict[str, dict[str, Any]] = {kind: {} for kind in _KINDS}
        sums: dict[PartKey, int] = {}
        for kind, key, body, total in self._part_rows():
            if _sum(kind, key, body) != total or kind not in _KINDS:
                raise self._damaged(f"the snapshot's row of {key or kind}")
            sums[kind, key] = total
            plain = self._cipher.open(body, part_place(kind, key))
            parts[kind][key] = self._decoded(plain, _KINDS[kind], f"the snapshot's row of {key or kind}")
        if (len(sums), sum(sums.values())) != (head.parts, head.parts_sum):
            raise self._damaged("the snapshot: rows are missing, or there are too many of them")
        outputs = parts["outputs"].get("", {})
        base = Snapshot(
            self._stack,
            head.folded,
            {Address(k): v for k, v in parts["resources"].items()},
            {Uid(k): v for k, v in parts["deposed"].items()},
            {Token(k): v for k, v in parts["intents"].items()},
            outputs,
            head.revision,
            parts["gone"].get("", frozenset()),
            parts["link"].get("", ""),
        )
        return Loaded(self._fold(head, base), base, sums)

    def _fold(self, head: Head, base: Snapshot) -> Snapshot:
        fold = Fold(base)
        for logged in self.journal(head, after=head.folded):
            try:
                fold.add(logged.entry)
            except KeyError as error:
                raise self._damaged(f"journal entry {logged.sequence} speaks of {error}, which") from error
        return fold.snapshot()

    def fold_in(self, head: Head, loaded: Loaded) -> Head:
        """Bring the snapshot's rows up to date, writing only what changed. Raises StateError where it is not sound."""
        require_sound(loaded.snapshot)
        total = head.parts_sum
        count = head.parts
        before, after = _parts(loaded.base), _parts(loaded.snapshot)
        gone = sorted(before.keys() - after.keys())
        for key in gone:
            total -= loaded.sums[key]
            count -= 1
        changed: list[PartRow] = []
        for key, value in after.items():
            if before.get(key) is value:
                continue
            body = self._cipher.seal(encode(value), part_place(*key))
            row_sum = _sum(*key, body)
            changed.append((*key, body, row_sum))
            total += row_sum - loaded.sums.get(key, 0)
            count += key not in before
        self._drop_parts(gone)
        self._put_parts(changed)
        return replace(
            head, folded=head.last, folded_chain=head.chain, revision=loaded.snapshot.revision,
            parts=count, parts_sum=total,
        )  # fmt: skip

    def rewrite(self, head: Head) -> tuple[Head, int]:
        """Seal every row by the present key; the head that goes with them, and how many there are."""
        parts: list[PartRow] = []
        for kind, key, body, total in self._part_rows():
            if _sum(kind, key, body) != total:
                raise self._damaged(f"the snapshot's row of {key or kind}")
            place = part_place(kind, key)
            sealed = self._cipher.seal(self._cipher.open(body, place), place)
            parts.append((kind, key, sealed, _sum(kind, key, sealed)))
        journal = list(self.journal(head, after=0))
        written = replace(head, last=0, chain=0, parts_sum=sum(row[3] for row in parts))
        self._drop_journal()
        for logged in journal:
            written = self.append(written, logged.epoch, [logged.body])
            if logged.sequence == head.folded:
                written = replace(written, folded_chain=written.chain)
        self._put_parts(parts)
        return written, len(parts) + len(journal)

    def _decoded(self, body: bytes, type: Any, what: str) -> Any:
        try:
            return decode(body, type)
        except ValueError as error:
            raise self._damaged(f"{what} ({error})") from error

    def _damaged(self, what: str) -> StateError:
        return StateError(
            f"the state of stack {self._stack} is damaged: {what} is missing or changed; "
            "restore it from a backup; opsctl changed nothing in it"
        )


class SqliteRows(Rows):
    """The rows in SQLite; what is read is cast, so that a damaged type is found by its checksum."""

    def __init__(self, connection: sqlite3.Connection, stack: StackId, cipher: Cipher) -> None:
        super().__init__(stack, cipher)
        self._connection = connection

    def now(self) -> float:
        """This machine's clock, in seconds since 1970."""
        row = self._connection.execute("SELECT (julianday('now') - 2440587.5) * 86400.0").fetchone()
        return float(row[0])

    def head(self) -> Head:
        """Where the stack stands; a stack that was never written stands at nothing."""
        row = self._connection.execute(
            "SELECT CAST(body AS BLOB), sum FROM head WHERE stack = ?", (self._stack,)
        ).fetchone()
        if row is None:
            return Head()
        body, total = row
        if zlib.crc32(body) != total:
            raise self._damaged("the head of the stack")
        head: Head = self._decoded(body, Head, "the head of the stack")
        return head

    def put_head(self, head: Head) -> None:
        """Write where the stack stands now."""
        body = encode(head)
        self._connection.execute(
            "INSERT INTO head VALUES (?1, ?2, ?3) ON CONFLICT(stack) DO UPDATE SET body = ?2, sum = ?3",
            (self._stack, body, zlib.crc32(body)),
        )

    def _insert(self, rows: Sequence[JournalRow]) -> None:
        self._connection.executemany(
            "INSERT INTO journal VALUES (?, ?, ?, ?, ?)", ((self._stack, *row) for row in rows)
        )

    def _drop_journal(self) -> None:
        self._connection.execute("DELETE FROM journal WHERE stack = ?", (self._stack,))

    def _journal_rows(self, first: int) -> Iterable[JournalRow]:
        return self._connection.execute(
            "SELECT sequence, CAST(epoch AS INTEGER), CAST(body AS BLOB), sum FROM journal "
            "WHERE stack = ? AND sequence >= ? ORDER BY sequence",
            (self._stack, first),
        )

    def _part_rows(self) -> Iterable[PartRow]:
        return self._connection.execute(
            "SELECT CAST(kind AS TEXT), CAST(key AS TEXT), CAST(body AS BLOB), sum FROM part WHERE stack = ?",
            (self._stack,),
        )

    def _put_parts(self, rows: Sequence[PartRow]) -> None:
        self._connection.executemany(
            "INSERT INTO part VALUES (?1, ?2, ?3, ?4, ?5) "
            "ON CONFLICT(stack, kind, key) DO UPDATE SET body = ?4, sum = ?5",
            ((self._stack, *row) for row in rows),
        )

    def _clear(self) -> None:
        for table in ("journal", "part"):
            self._connection.execute(f"DELETE FROM {table} WHERE stack = ?", (self._stack,))  # noqa: S608

    def _drop_parts(self, keys: Sequence[PartKey]) -> None:
        self._connection.executemany(
            "DELETE FROM part WHERE stack = ? AND kind = ? AND key = ?", ((self._stack, *key) for key in keys)
        )


def _link(sequence: int, epoch: int, body: bytes, *, after: int) -> int:
    return zlib.crc32(body, zlib.crc32(b"%d:%d:" % (sequence, epoch), after))


def _sum(kind: str, key: str, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(f"{kind}\0{key}\0".encode()))


def _parts(snapshot: Snapshot) -> dict[PartKey, Any]:
    parts: dict[PartKey, Any] = {}
    for kind in ("resources", "deposed", "intents"):
        parts.update({(kind, key): value for key, value in getattr(snapshot, kind).items()})
    if snapshot.outputs:
        parts["outputs", ""] = snapshot.outputs
    if snapshot.gone:
        parts["gone", ""] = snapshot.gone
    if snapshot.link:
        parts["link", ""] = snapshot.link
    return parts
