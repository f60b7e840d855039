"""The rows of one stack in PostgreSQL, and the tables that they stand in.

The row of a stack in ``stack`` is locked by every transaction that writes, so that writers of one stack stand in
line and those of different stacks never meet.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from orchestrator.adapters.stack_rows import Head, JournalRow, PartKey, PartRow, Rows, Table
from orchestrator.model.codec import encode
from orchestrator.model.ids import StackId
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.state import Holder

STEPS: Final = (
    """
    CREATE TABLE stack (
        stack text PRIMARY KEY, epoch bigint NOT NULL, held boolean NOT NULL, holder bytea NOT NULL,
        expires timestamptz NOT NULL, writer text NOT NULL, last bigint NOT NULL, chain bigint NOT NULL,
        folded bigint NOT NULL, folded_chain bigint NOT NULL, revision bigint NOT NULL, parts bigint NOT NULL,
        parts_sum bigint NOT NULL, first bigint NOT NULL, moved text NOT NULL, sum bigint NOT NULL);
    CREATE TABLE journal (
        stack text NOT NULL, sequence bigint NOT NULL, epoch bigint NOT NULL, body bytea NOT NULL,
        sum bigint NOT NULL, PRIMARY KEY (stack, sequence));
    CREATE TABLE part (
        stack text NOT NULL, kind text NOT NULL, key text NOT NULL, body bytea NOT NULL, sum bigint NOT NULL,
        PRIMARY KEY (stack, kind, key));
    """,
)
"""What brings the tables from each version to the next; the last one's number is the version."""
_FACTS: Final = (
    "epoch",
    "last",
    "chain",
    "folded",
    "folded_chain",
    "revision",
    "parts",
    "parts_sum",
    "first",
    "moved",
)
_COLUMNS: Final = ("held", "holder", "writer", *_FACTS)
_READ: Final = (
    f"SELECT {', '.join(_COLUMNS)}, extract(epoch FROM expires)::float8, sum FROM stack WHERE stack = %s"  # noqa: S608 - names of ours
)
_WRITE: Final = (
    f"INSERT INTO stack (stack, {', '.join(_COLUMNS)}, expires, sum) "  # noqa: S608 - names of ours
    f"VALUES (%s, {', '.join(['%s'] * len(_COLUMNS))}, to_timestamp(%s), %s) ON CONFLICT (stack) DO "
)
_OVER: Final = "UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in (*_COLUMNS, "expires", "sum")
)


class PostgresRows(Rows):
    """Reads and writes within one transaction; ``write`` locks the stack's row."""

    def __init__(self, connection: Any, stack: StackId, cipher: Cipher, *, write: bool) -> None:
        super().__init__(stack, cipher)
        self._connection = connection
        self._lock = " FOR UPDATE" if write else ""

    def now(self) -> float:
        """The server's clock, in seconds since 1970."""
        row = self._connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        return float(row[0])

    def head(self) -> Head:
        """Where the stack stands; a stack that was never written stands at nothing."""
        row = self._connection.execute(_READ + self._lock, (self._stack,)).fetchone()
        if row is None and self._lock:
            # A row that is not there cannot be locked: whoever comes first makes it, the others wait for it.
            self.put_head(Head(), "NOTHING")
            row = self._connection.execute(_READ + self._lock, (self._stack,)).fetchone()
        if row is None:
            return Head()
        *columns, expires, total = row
        held, holder, writer, *facts = columns
        if _sum(columns) != total:
            raise self._damaged("the head of the stack is changed")
        return Head(
            held=held,
            holder=self._decoded(holder, Holder, "the holder of the stack"),
            writer=writer,
            expires=expires,
            **dict(zip(_FACTS, facts, strict=True)),
        )

    def put_head(self, head: Head, otherwise: str = _OVER) -> None:
        """Write where the stack stands now."""
        columns = [head.held, encode(head.holder), head.writer, *(getattr(head, name) for name in _FACTS)]
        self._connection.execute(_WRITE + otherwise, (self._stack, *columns, head.expires, _sum(columns)))

    def rename(self, stack: StackId) -> None:
        """See the base."""
        for table in ("stack", "journal", "part"):
            self._connection.execute(f"UPDATE {table} SET stack = %s WHERE stack = %s", (stack, self._stack))  # noqa: S608

    def _insert(self, rows: Sequence[JournalRow]) -> None:
        self._many("INSERT INTO journal VALUES (%s, %s, %s, %s, %s)", rows)

    def _journal_rows(self, first: int) -> Iterable[JournalRow]:
        return self._rows(
            "SELECT sequence, epoch, body, sum FROM journal WHERE stack = %s AND sequence >= %s ORDER BY sequence",
            first,
        )

    def _part_rows(self) -> Iterable[PartRow]:
        return self._rows("SELECT kind, key, body, sum FROM part WHERE stack = %s")

    def _put_parts(self, rows: Sequence[PartRow]) -> None:
        self._many(
            "INSERT INTO part VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (stack, kind, key) DO UPDATE SET body = excluded.body, sum = excluded.sum",
            rows,
        )

    def _drop_parts(self, keys: Sequence[PartKey]) -> None:
        self._many("DELETE FROM part WHERE stack = %s AND kind = %s AND key = %s", keys)

    def _empty(self, table: Table) -> None:
        self._connection.execute(f"DELETE FROM {table} WHERE stack = %s", (self._stack,))  # noqa: S608

    def _rows(self, statement: str, *values: object) -> Iterable[Any]:
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(statement, (self._stack, *values)).fetchall()  # type: ignore[no-any-return]

    def _many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(statement, [(self._stack, *row) for row in rows])


def _sum(columns: Sequence[object]) -> int:
    return zlib.crc32(repr([bytes(c) if isinstance(c, memoryview) else c for c in columns]).encode())
