"""The rows of one stack in a database, each with a checksum: what SQLite and PostgreSQL share.

``head`` says who holds the stack and where the journal and the snapshot stand. A journal row's checksum goes
on from the row before it, so that a missing row shows as well as a changed one. A snapshot is one row a
resource; the head keeps how many there are and the sum of their checksums. A damaged snapshot is no loss while the
journal is whole: it is folded once more, and its rows are written anew by the next compaction.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from orchestrator.kit.sealed import KeyNeededError, journal_place, part_place, read_entry
from orchestrator.model.codec import decode, encode
from orchestrator.model.errors import DamagedStateError, NewerStateError, StateError
from orchestrator.model.ids import Address, StackId, Token, Uid
from orchestrator.model.provision import Intent
from orchestrator.model.snapshot import Damaged, Fold, Record, Snapshot
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
_HINT: Final = "\nhint: "
Table = Literal["journal", "part"]


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
    damage: tuple[str, ...] = ()
    """What is wrong with the snapshot's rows, where the state had to be folded from the journal alone."""


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
    def rename(self, stack: StackId) -> None:
        """Give all rows of this stack, whatever is in them, to another one that has none."""

    @abstractmethod
    def _empty(self, table: Table) -> None:
        """Delete every row of the stack there."""

    def restore(self, head: Head, archive: Archive) -> Head:
        """Put an archive in the place of all rows; returns the head that goes with them."""
        self._empty("journal")
        self._empty("part")
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
        for logged in self.readable(head, after=after):
            if isinstance(logged.entry, Damaged):
                raise self._damaged(f"journal entry {logged.sequence} {logged.entry.why}")
            yield logged

    def readable(self, head: Head, *, after: int) -> Iterator[Logged]:
        """The same entries; in the place of one that is missing or changed stands a Damaged."""
        chains = self._chains_at(head, after)
        expected = after + 1
        for sequence, epoch, body, total in self._journal_rows(after + 1):
            if sequence > head.last:
                yield Logged(sequence, epoch, Damaged("is none that the head of the stack knows"))
                continue
            for missing in range(expected, sequence):
                yield Logged(missing, 0, Damaged("is missing"))
            chains = chains if expected == sequence else None
            expected = sequence + 1
            links = {_link(sequence, epoch, body, after=chain) for chain in chains or ()}
            fits = chains is None or total in links
            chains = {total} if fits else {total, *links}  # one of the two is right, and the next row tells
            if fits:
                yield read_entry(body, sequence, epoch, self._cipher)
            else:
                yield Logged(sequence, epoch, Damaged("was changed"))
        for missing in range(expected, head.last + 1):
            yield Logged(missing, 0, Damaged("is missing"))
        if expected == head.last + 1 and after < head.last and head.chain not in (chains or {head.chain}):
            yield Logged(head.last, 0, Damaged("is not the one that the head of the stack knows"))

    def _chains_at(self, head: Head, after: int) -> set[int] | None:
        """The journal's checksum at a place; None: that row is not there."""
        if after == head.folded:
            return {head.folded_chain}
        if after < head.first:
            return {0}
        found = next(iter(self._journal_rows(after)), None)
        return {found[3]} if found is not None and found[0] == after else None

    def load(self, head: Head) -> Loaded:
        """The whole state: the snapshot's rows with the later part of the journal folded in.

        Where the snapshot's rows are damaged, the journal alone says it. Raises StateError where that is not whole.
        """
        parts: dict[str, dict[str, Any]] = {kind: {} for kind in _KINDS}
        sums: dict[PartKey, int] = {}
        damage: list[str] = []
        for kind, key, body, total in self._part_rows():
            sums[kind, key] = total
            try:
                parts[kind][key] = self._part(kind, key, body, total)
            except (NewerStateError, KeyNeededError):
                raise
            except StateError:
                damage.append(f"the row of {key or kind} is changed")
        if (len(sums), sum(sums.values())) != (head.parts, head.parts_sum):
            damage.append("rows are missing, or there are too many of them")
        if damage:
            return self._from_journal(head, damage)
        base = Snapshot(
            self._stack,
            head.folded,
            {Address(k): v for k, v in parts["resources"].items()},
            {Uid(k): v for k, v in parts["deposed"].items()},
            {Token(k): v for k, v in parts["intents"].items()},
            parts["outputs"].get("", {}),
            head.revision,
            parts["gone"].get("", frozenset()),
            parts["link"].get("", ""),
        )
        return Loaded(self._fold(head, base), base, sums)

    def _part(self, kind: str, key: str, body: bytes, total: int) -> Any:
        what = f"the snapshot's row of {key or kind}"
        if _sum(kind, key, body) != total or kind not in _KINDS:
            raise self._damaged(f"{what} is changed")
        return self._decoded(self._cipher.open(body, part_place(kind, key)), _KINDS[kind], what)

    def _from_journal(self, head: Head, damage: Sequence[str]) -> Loaded:
        bare, told = Snapshot(self._stack), f"of the snapshot, {'; '.join(damage)}"
        if head.first > 1:
            raise self._damaged(f"{told}; the journal's beginning is not kept here to fold it from")
        try:
            whole = self._fold(replace(head, folded=0, folded_chain=0), bare)
        except (NewerStateError, KeyNeededError):
            raise
        except StateError as error:
            raise self._damaged(
                f"{told}; and {str(error).partition('is damaged: ')[2].partition(_HINT)[0] or error}"
            ) from error
        return Loaded(whole, bare, {}, tuple(f"the snapshot: {each}" for each in damage))

    def _fold(self, head: Head, base: Snapshot) -> Snapshot:
        fold = Fold(base)
        for logged in self.journal(head, after=head.folded):
            try:
                fold.add(logged.entry)
            except KeyError as error:
                raise self._damaged(
                    f"journal entry {logged.sequence} speaks of {error}, which is not there"
                ) from error
        return fold.snapshot()

    def damage(self, head: Head) -> list[str]:
        """What of all that is stored does not fit, one line each."""
        entries = self.readable(head, after=head.first - 1)
        found = [f"journal entry {e.sequence} {e.entry.why}" for e in entries if isinstance(e.entry, Damaged)]
        try:
            return [*self.load(head).damage, *found]
        except (NewerStateError, KeyNeededError):
            raise
        except StateError as error:
            return [str(error), *found]

    def fold_in(self, head: Head, loaded: Loaded) -> Head:
        """Bring the snapshot's rows up to date, writing only what changed. Raises StateError where it is not sound."""
        require_sound(loaded.snapshot)
        if loaded.damage:
            self._empty("part")
            head = replace(head, parts=0, parts_sum=0)
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
                raise self._damaged(f"the snapshot's row of {key or kind} is changed")
            place = part_place(kind, key)
            sealed = self._cipher.seal(self._cipher.open(body, place), place)
            parts.append((kind, key, sealed, _sum(kind, key, sealed)))
        journal = list(self.journal(head, after=head.first - 1))
        written = replace(head, last=head.first - 1, chain=0, parts_sum=sum(row[3] for row in parts))
        self._empty("journal")
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
            raise self._damaged(f"{what} is changed ({error})") from error

    def _damaged(self, what: str) -> StateError:
        return DamagedStateError(
            f"the state of stack {self._stack} is damaged: {what}\n"
            "hint: opsctl changed nothing in it. opsctl state rebuild --force puts it aside and makes it anew from the "
            "clouds; to restore a backup, put it aside by hand (rename the file, or name another place in opsctl.yaml), "
            "then opsctl state push"
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
