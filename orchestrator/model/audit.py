"""The chain of hashes that runs through a journal, so that what was written cannot be changed without a trace.

Every append ends with a Link: the hash of each entry since the Link before, and that Link's own hash. Hashes go over
the bytes that were appended, not over what is read out of them: a later version reads more into old entries. Whoever
can rewrite the whole journal can forge the whole chain, so its head is printed at the end of an apply: noted outside,
it tells that the journal still begins as it did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from orchestrator.model.snapshot import Damaged, Entry, Link

FURTHEST: Final = 10_000
"""How many entries without a Link, of an older version, are taken into the first one; before more, the chain begins."""


class Written(Protocol):
    """One entry of a journal, with its bytes."""

    @property
    def sequence(self) -> int:
        """Its place."""

    @property
    def entry(self) -> Entry | Damaged:
        """What it says."""

    @property
    def body(self) -> bytes:
        """The bytes that were appended."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What following a journal's chain has shown."""

    head: str = ""
    """The hash of the last Link that fits; empty: there is none."""
    linked: int = 0
    """How many entries it covers."""
    begins: int = 0
    """The first entry that it covers; those before were written without a chain."""
    faults: tuple[str, ...] = ()
    """What does not fit, in the order of the journal: the first is where somebody has to look."""
    heads: frozenset[str] = field(default=frozenset(), repr=False)
    """The hash of every Link on the way."""


def sum_of(body: bytes) -> str:
    """What stands for one entry in its Link."""
    return hashlib.sha256(body).hexdigest()


def follow(journal: Iterable[Written]) -> Chain:
    """Follow the chain through a whole journal, oldest entry first."""
    walk = _Walk()
    for written in journal:
        walk.see(written)
    return walk.end()


class _Walk:
    def __init__(self) -> None:
        self.head, self.linked, self.begins, self.first = "", 0, 0, 0
        self.waiting: list[tuple[int, str]] = []
        self.faults: list[str] = []
        self.heads: set[str] = set()

    def see(self, written: Written) -> None:
        self.first = self.first or written.sequence
        match written.entry:
            case Link() as link:
                self._link(written.sequence, link)
            case Damaged(why):
                self.faults.append(f"entry {written.sequence} {why}")
                self.waiting.append((written.sequence, ""))
            case _:
                self.waiting.append((written.sequence, sum_of(written.body)))

    def _link(self, sequence: int, link: Link) -> None:
        unread = self._unread_link(len(link.sums))
        del self.waiting[:unread]
        if self.linked and not unread and link.previous != self.head:
            self.faults.append(
                f"entry {sequence} does not follow the chain before it: something between them is missing, or was changed"
            )
        if not self.linked:
            uncovered = len(self.waiting) - len(link.sums)
            if uncovered >= FURTHEST:
                del self.waiting[:uncovered]
            self.begins = self.waiting[0][0] if self.waiting else sequence
        sums = link.sums
        if not self.linked and self.first > 1 and link.previous:
            sums = sums[max(len(sums) - len(self.waiting), 0) :]  # only the end of the journal is kept
        self._compare(sequence, sums)
        self.linked += len(sums) + 1
        self.waiting.clear()
        self.head = link.hash
        self.heads.add(self.head)

    def _unread_link(self, covered: int) -> int:
        """How many waiting entries end with one that cannot be read, and that must have been the Link over them."""
        place = len(self.waiting) - covered
        return place if place > 0 and not self.waiting[place - 1][1] else 0

    def _compare(self, sequence: int, sums: Sequence[str]) -> None:
        for (place, found), expected in zip(self.waiting, sums, strict=False):
            if found and found != expected:
                self.faults.append(f"entry {place} is not the one that was written there")
                return
        if len(sums) > len(self.waiting):
            self.faults.append(
                f"before entry {sequence}, {len(sums) - len(self.waiting)} entries are missing"
            )
        elif len(sums) < len(self.waiting):
            place = self.waiting[len(sums)][0]
            self.faults.append(f"entry {place} was put in: the chain does not know it")

    def end(self) -> Chain:
        if self.linked and self.waiting:
            self.faults.append(f"entry {self.waiting[0][0]} and what follows are not in the chain")
        return Chain(self.head, self.linked, self.begins, tuple(self.faults), frozenset(self.heads))
