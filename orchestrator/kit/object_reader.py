"""Reads a log in an object store: the newest good snapshot, and the blocks after it folded in.

Blocks never change, so what was folded once is kept and only new blocks are fetched. A damaged snapshot is no
loss while the log is whole: an older one, or the log from its first block, takes its place.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import msgspec

from orchestrator.kit.lease import moved_error
from orchestrator.kit.object_blocks import Block, Folded, ObjectStore, unpack
from orchestrator.kit.sealed import KeyNeededError, journal_place, snapshot_place
from orchestrator.model.codec import decode
from orchestrator.model.errors import DamagedStateError, NewerStateError, StateError
from orchestrator.model.ids import StackId
from orchestrator.model.snapshot import Damaged, Fold, Snapshot
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.state import Logged

LOG: Final = "log/"
SNAPSHOTS: Final = "snapshot/"
_FETCHES: Final = 8


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the log ends."""

    number: int = 0
    epoch: int = 0
    sequence: int = 0
    block: Block | None = None
    """The last block, where it has been read."""
    age: float = float("inf")
    """Seconds since it was written, by the store's clock."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The state at one block."""

    number: int
    epoch: int
    snapshot: Snapshot
    folded: int = 0
    """The block of the snapshot that it started from."""


class Reader:
    """The reading half of a log; safe to use from several threads."""

    def __init__(self, store: ObjectStore, stack: StackId, cipher: Cipher) -> None:
        self._store = store
        self._stack = stack
        self._cipher = cipher
        self._guard = threading.Lock()
        self._last: Reading | None = None
        self.mended: list[str] = []
        """Snapshots that could not be read, so that an older one or the log took their place."""

    def read(self) -> Reading:
        """The whole state now. Raises StateError where it is damaged or newer than this program."""
        with self._guard:
            base = self._last or self._newest_snapshot()
            fold = Fold(base.snapshot)
            number, epoch = base.number, base.epoch
            for block in self.blocks(after=base.number):
                fold = self._fold(block, fold)
                number, epoch = block.number, block.epoch
            self._last = Reading(number, epoch, fold.snapshot(), base.folded)
            return self._last

    def tail(self) -> Tail:
        """Where the log ends now, without reading all of it. A damaged end that a snapshot covers is no loss."""
        snapshots = self._store.list(SNAPSHOTS)
        newest = snapshots[-1].replace(SNAPSHOTS, LOG) if snapshots else ""
        names = self._store.list(LOG, after=newest)
        if not names and not newest:
            return Tail()
        last = names[-1] if names else newest
        try:
            block, age = self._aged_block(last)
        except (NewerStateError, KeyNeededError):
            raise
        except StateError:
            covered = self._newest_snapshot()
            if key(LOG, covered.number) != last:
                raise
            return Tail(covered.number, covered.epoch, covered.snapshot.sequence)
        return Tail(block.number, block.epoch, block.last, block, age)

    def history(self, limit: int) -> list[Logged]:
        """The last entries, oldest first."""
        backwards: list[Logged] = []
        names = [*self._store.list(LOG)]
        newest = [name.replace(SNAPSHOTS, LOG) for name in self._store.list(SNAPSHOTS)[-1:]]
        names += [name for name in newest if name > max(names, default="")]  # the end of the log is missing
        first = 0
        """The sequence number that what follows begins with; 0: not known yet."""
        for name in reversed(names):
            if len(backwards) >= limit:
                break
            block = self._readable(name)
            if block is None:
                first = first or self._covered(name) + 1
                continue
            backwards += _lost(block.last, first)
            backwards += reversed(block.logged(self._cipher))
            first = block.first
            if bytes(block.restored):
                break  # what stands before was replaced
        else:
            backwards += _lost(0, first)
        return backwards[:limit][::-1]

    def damage(self) -> list[str]:
        """What of all that is stored does not fit, one line each."""
        snapshots, found = self._store.list(SNAPSHOTS), []
        for name in snapshots:
            stored = self._store.get(name)
            if stored is not None and self._folded(name, stored.data) is None:
                found.append(f"{name} cannot be read")
        numbers = [int(name.removeprefix(LOG)) for name in self._store.list(LOG)]
        covered = [int(name.removeprefix(SNAPSHOTS)) for name in snapshots]
        missing = set(range(1, max((*numbers, *covered), default=0) + 1)) - set(numbers)
        found += [f"{key(LOG, number)} is missing" for number in sorted(missing)]
        for number in numbers:
            block = self._readable(key(LOG, number))
            if block is None:
                found.append(f"{key(LOG, number)} cannot be read")
                continue
            entries = block.logged(self._cipher)
            found += [
                f"journal entry {e.sequence} {e.entry.why}" for e in entries if isinstance(e.entry, Damaged)
            ]
        try:
            self.read()
        except (NewerStateError, KeyNeededError):
            raise
        except StateError as error:
            found.insert(0, str(error))
        return found

    def _readable(self, name: str) -> Block | None:
        """One block of the log, or None where it is damaged."""
        try:
            return self.block(name)
        except (NewerStateError, KeyNeededError):
            raise
        except StateError:
            return None

    def _covered(self, name: str) -> int:
        """The last entry of a damaged block that the log ends with. Raises StateError where no snapshot covers it."""
        covered = self._newest_snapshot()
        if key(LOG, covered.number) < name:
            self.block(name)
        return covered.snapshot.sequence

    def block(self, name: str) -> Block:
        """One block of the log."""
        return self._aged_block(name)[0]

    def _aged_block(self, name: str) -> tuple[Block, float]:
        stored = self._store.get(name)
        if stored is None:
            raise self._damaged(f"{name} is missing")
        return unpack(stored.data, Block, f"{self._store.place}/{name}"), stored.age

    def resealed(self, name: str, data: bytes) -> tuple[Block | Folded, int]:
        """An object of the log by the present key, and how many bodies it holds."""
        where = f"{self._store.place}/{name}"
        if name.startswith(SNAPSHOTS):
            folded = unpack(data, Folded, where)
            again = self._again(folded.snapshot, snapshot_place(folded.number, folded.epoch))
            return msgspec.structs.replace(folded, snapshot=again), 1
        block = unpack(data, Block, where)
        epochs = block.epochs or (block.epoch,) * len(block.entries)
        entries = tuple(
            self._again(raw, journal_place(epoch, place))
            for place, (raw, epoch) in enumerate(zip(block.entries, epochs, strict=True), block.first)
        )
        restored = block.restored
        if bytes(restored):
            restored = self._again(restored, snapshot_place(block.number, block.epoch))
        return msgspec.structs.replace(block, entries=entries, restored=restored), len(entries)

    def _again(self, raw: msgspec.Raw, place: str) -> msgspec.Raw:
        return msgspec.Raw(self._cipher.seal(self._cipher.open(bytes(raw), place), place))

    def blocks(self, *, after: int) -> Sequence[Block]:
        """The blocks behind one, in order. Raises StateError where one is missing."""
        names = self._store.list(LOG, after=key(LOG, after) if after else "")
        for place, name in enumerate(names, after + 1):
            if name != key(LOG, place):
                raise self._damaged(f"{key(LOG, place)} is missing")
        if len(names) < 3:
            return [self.block(name) for name in names]
        with ThreadPoolExecutor(_FETCHES, thread_name_prefix="opsctl-state") as pool:
            return list(pool.map(self.block, names))

    def _fold(self, block: Block, fold: Fold) -> Fold:
        if block.moved:
            raise moved_error(self._stack, block.moved)
        if bytes(block.restored):
            place = snapshot_place(block.number, block.epoch)
            return Fold(decode(self._cipher.open(bytes(block.restored), place), Snapshot))
        if block.first != fold.sequence + 1:
            raise self._damaged(f"block {block.number} does not follow the one before it")
        for logged in block.logged(self._cipher):
            try:
                fold.add(logged.entry)
            except KeyError as error:
                raise self._damaged(
                    f"entry {logged.sequence} speaks of {error}, which is not there"
                ) from error
        return fold

    def _newest_snapshot(self) -> Reading:
        for name in reversed(self._store.list(SNAPSHOTS)):
            stored = self._store.get(name)
            if stored is None:
                continue  # cleared away by a compaction since it was listed
            reading = self._folded(name, stored.data)
            if reading is not None:
                return reading
            self.mended.append(f"{name} cannot be read")
        return Reading(0, 0, Snapshot(self._stack))

    def _folded(self, name: str, data: bytes) -> Reading | None:
        """A snapshot, or None where it is damaged."""
        try:
            folded = unpack(data, Folded, f"{self._store.place}/{name}")
            place = snapshot_place(folded.number, folded.epoch)
            snapshot = decode(self._cipher.open(bytes(folded.snapshot), place), Snapshot)
        except (NewerStateError, KeyNeededError):
            raise
        except (StateError, ValueError):
            return None
        return Reading(folded.number, folded.epoch, snapshot, folded.number)

    def _damaged(self, what: str) -> StateError:
        return DamagedStateError(
            f"the state of stack {self._stack} at {self._store.place} is damaged: {what}; restore it from the "
            "store's own versions or a backup, or opsctl state rebuild --force: it puts this one aside and makes it anew; "
            "opsctl changed nothing"
        )


def _lost(last: int, first: int) -> list[Logged]:
    """What stands for the entries between two blocks, newest first."""
    return [Logged(place, 0, Damaged("is missing, or was changed")) for place in range(first - 1, last, -1)]


def key(folder: str, number: int) -> str:
    """The name of a numbered object: names sort as their numbers do."""
    return f"{folder}{number:012d}"
