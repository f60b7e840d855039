"""The rows of one stack in SQLite."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence

from orchestrator.adapters.stack_rows import Head, JournalRow, PartKey, PartRow, Rows, Table
from orchestrator.model.codec import encode
from orchestrator.model.ids import StackId
from orchestrator.seams.cipher import Cipher


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
            raise self._damaged("the head of the stack is changed")
        head: Head = self._decoded(body, Head, "the head of the stack")
        return head

    def put_head(self, head: Head) -> None:
        """Write where the stack stands now."""
        body = encode(head)
        self._connection.execute(
            "INSERT INTO head VALUES (?1, ?2, ?3) ON CONFLICT(stack) DO UPDATE SET body = ?2, sum = ?3",
            (self._stack, body, zlib.crc32(body)),
        )

    def rename(self, stack: StackId) -> None:
        """See the base."""
        for table in ("head", "journal", "part"):
            self._connection.execute(f"UPDATE {table} SET stack = ? WHERE stack = ?", (stack, self._stack))  # noqa: S608

    def _insert(self, rows: Sequence[JournalRow]) -> None:
        self._connection.executemany(
            "INSERT INTO journal VALUES (?, ?, ?, ?, ?)", ((self._stack, *row) for row in rows)
        )

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

    def _empty(self, table: Table) -> None:
        self._connection.execute(f"DELETE FROM {table} WHERE stack = ?", (self._stack,))  # noqa: S608

    def _drop_parts(self, keys: Sequence[PartKey]) -> None:
        self._connection.executemany(
            "DELETE FROM part WHERE stack = ? AND kind = ? AND key = ?", ((self._stack, *key) for key in keys)
        )
