"""A state backend on any object store that can write conditionally.

One sequence of numbered log objects, each written only where its number is free. Taking the stack appends the
start of a new epoch, so the next append of an older owner finds its number taken and is refused, whatever the
clocks say. A lease is alive while its ``lease`` object, or the log, is younger than the lease's time: the store
stamps both and tells its own time, so that the clocks of hosts need not agree, and nobody has to watch. An append
is one object, whatever its batch; a snapshot is one object at compaction; the log is kept as history.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import msgspec

from orchestrator.kit.lease import Keeper, held_error, lost_error, moved_error
from orchestrator.kit.object_blocks import Beat, Block, Folded, ObjectStore, pack, unpack
from orchestrator.kit.object_reader import LOG, SNAPSHOTS, Reader, Tail, key
from orchestrator.kit.sealed import journal_place, snapshot_place
from orchestrator.model.codec import encode
from orchestrator.model.errors import DamagedStateError, LeaseLostError, LockHeldError, StateError
from orchestrator.model.ids import StackId
from orchestrator.model.snapshot import Entry, Snapshot
from orchestrator.model.snapshot_invariants import require_sound
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.clock import Clock
from orchestrator.seams.state import Archive, Holder, Lease, Logged, StateBackend

BEAT: Final = "lease"
ASIDE: Final = "aside-"
_KEEP_SNAPSHOTS: Final = 2
_TRIES: Final = 20
_GRAIN: Final = 1.0
"""Stores stamp in whole seconds."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What we hold: the end of the log as we know it."""

    lease: Lease
    writer: str
    tail: Tail


class _Sign(NamedTuple):
    """The lease object as read: a sign of life, as old as the store says."""

    beat: Beat
    etag: str
    age: float


class ObjectLog(StateBackend):
    """One stack's state; safe to use from several threads."""

    def __init__(
        self,
        store: ObjectStore,
        stack: StackId,
        clock: Clock,
        cipher: Cipher,
    ) -> None:
        self._store = store
        self._stack = stack
        self._clock = clock
        self._cipher = cipher
        self._reader = Reader(store, stack, cipher)
        self._guard = threading.RLock()
        self._beat_guard = threading.Lock()
        self._held: _Held | None = None
        self._beat: tuple[Beat, str] | None = None
        self._keeper: Keeper | None = None

    @property
    def mended(self) -> Sequence[str]:
        """Snapshots that could not be read; see the seam."""
        return tuple(dict.fromkeys(self._reader.mended))

    def latest(self) -> Snapshot:
        """The whole state; empty where nothing was ever written."""
        return self._reader.read().snapshot

    def history(self, limit: int = 1000) -> Sequence[Logged]:
        """The last entries of the journal, oldest first."""
        return self._reader.history(limit)

    def damage(self) -> Sequence[str]:
        """What of the log and its snapshots does not fit."""
        return self._reader.damage()

    def holder(self) -> Holder | None:
        """Who holds the stack now, if anybody does."""
        try:
            self._free()
        except LockHeldError:
            return self._holder(self._reader.tail(), self._read_beat())
        return None

    def lease(self, holder: Holder, *, ttl: float = 30.0) -> Lease:
        """Take the stack, or say who has it."""
        tail, dead = self._free()
        writer = secrets.token_hex(8)
        lease = Lease(tail.epoch + 1, holder, dead)
        start = Block(tail.number + 1, lease.epoch, writer, tail.sequence + 1, (), holder, ttl)
        winner = self._put(start)
        if winner is not None:
            alive = winner.holder or self.holder() or holder
            raise held_error(self._stack, alive, now=self._clock.now())
        self._stop_renewing()
        with self._guard:
            self._held = _Held(lease, writer, Tail(start.number, start.epoch, start.last))
        self._overwrite_beat(Beat(lease.epoch, writer, ttl, holder))
        self._keeper = Keeper(lambda: self._beat_on(lease), ttl=ttl)
        return lease

    def put_aside(self, moment: str) -> str:
        """Every object of the stack below ``aside-…`` beside it: all are copied before the first is deleted."""
        with suppress(DamagedStateError):  # who holds it may be what cannot be read
            holder = self.holder()
            if holder is not None:
                raise held_error(self._stack, holder, now=self._clock.now())
        keys = [name for name in self._store.list("") if not name.startswith(ASIDE)]
        for name in keys:
            stored = self._store.get(name)
            if stored is not None:
                self._store.put_if_absent(f"{ASIDE}{moment}/{name}", stored.data)
        for name in keys:
            self._store.delete(name)
        self._reader = Reader(self._store, self._stack, self._cipher)
        return f"{self._store.place}/{ASIDE}{moment}/"

    def check(self, lease: Lease) -> None:
        """Return where the lease is ours; see the seam."""
        if self._keeper is None:
            self._beat_on(lease)
        else:
            self._keeper.check()

    def release(self, lease: Lease) -> None:
        """Give the stack back; a lost lease is given back already."""
        self._stop_renewing()
        with self._guard:
            if self._held is None or self._held.lease.epoch != lease.epoch:
                return
            self._held = None
        with suppress(LeaseLostError):
            self._beat_on(lease, released=True)

    def append(self, lease: Lease, entries: Sequence[Entry]) -> int:
        """Make entries durable as one object; returns the last sequence number."""
        bodies = [encode(entry) for entry in entries]
        with self._guard:
            held = self._own(lease)
            while bodies:
                tail = held.tail
                sealed = self._sealed(bodies, lease.epoch, tail.sequence + 1)
                block = Block(tail.number + 1, lease.epoch, held.writer, tail.sequence + 1, sealed)
                other = self._put(block)
                if other is None:
                    self._held = replace(held, tail=Tail(block.number, block.epoch, block.last))
                    return block.last
                if other.writer != held.writer:
                    self._held = None
                    error = lost_error(self._stack, lease, other.holder)
                    if self._keeper is not None:
                        self._keeper.lose(error)
                    raise error
                # An append of ours that was reported as failed has arrived after all: go on behind it.
                held = self._held = replace(held, tail=Tail(other.number, other.epoch, other.last))
            return held.tail.sequence

    def compact(self, lease: Lease) -> Snapshot:
        """Write the fold of the log as one object, and clear away old ones; the log stays."""
        with self._guard:
            self._own(lease)
            reading = self._reader.read()
            if reading.epoch != lease.epoch:
                self._held = None
                raise lost_error(self._stack, lease, self.holder())
            require_sound(reading.snapshot)
            place = snapshot_place(reading.number, reading.epoch)
            sealed = msgspec.Raw(self._cipher.seal(encode(reading.snapshot), place))
            folded = Folded(reading.number, reading.epoch, sealed)
            self._store.put_if_absent(key(SNAPSHOTS, reading.number), pack(folded))
            for name in self._store.list(SNAPSHOTS)[:-_KEEP_SNAPSHOTS]:
                self._store.delete(name)
            return reading.snapshot

    def rewrite(self, lease: Lease) -> int:
        """Seal every block and snapshot once more, oldest first, each only where nobody else has changed it."""
        with self._guard:
            self._own(lease)
            return sum(
                self._rewrite(name, lease) for name in (*self._store.list(LOG), *self._store.list(SNAPSHOTS))
            )

    def _rewrite(self, name: str, lease: Lease) -> int:
        self.check(lease)
        stored = self._store.get(name)
        if stored is None:
            return 0
        resealed, count = self._reader.resealed(name, stored.data)
        if count and self._store.put_if_match(name, pack(resealed), stored.etag) is None:
            raise StateError(f"{self._store.place}/{name} was changed by somebody else: run it again")
        return count

    def restore(self, lease: Lease, archive: Archive) -> None:
        """Append an archive as one block that takes the place of all before, and end the lease."""
        with self._guard:
            tail = self._own(lease).tail
            epoch, number = max(lease.epoch, archive.epoch) + 1, tail.number + 1
            snapshot = self._cipher.seal(encode(archive.snapshot), snapshot_place(number, epoch))
            entries = tuple(
                msgspec.Raw(self._cipher.seal(e.body, journal_place(e.epoch, e.sequence)))
                for e in archive.journal
            )
            block = Block(
                number,
                epoch,
                secrets.token_hex(8),
                archive.snapshot.sequence - len(entries) + 1,
                entries,
                restored=msgspec.Raw(snapshot),
                epochs=tuple(e.epoch for e in archive.journal),
            )
            self._end(lease, block)

    def retire(self, lease: Lease, moved_to: str) -> None:
        """Append a block that says where the state is now, and end the lease."""
        with self._guard:
            tail = self._own(lease).tail
            block = Block(
                tail.number + 1, lease.epoch + 1, secrets.token_hex(8), tail.sequence + 1, moved=moved_to
            )
            self._end(lease, block)

    def _end(self, lease: Lease, block: Block) -> None:
        """Start an epoch that nobody holds."""
        self._stop_renewing()
        winner = self._put(block)
        if winner is not None:
            self._held = None
            raise lost_error(self._stack, lease, winner.holder)
        self._held = None
        self._overwrite_beat(Beat(block.epoch, block.writer, 0.0, lease.holder, released=True), keep=False)

    def unlock(self) -> Holder | None:
        """Break the lease by starting an epoch that nobody holds."""
        for _ in range(_TRIES):
            tail = self._tail()
            holder = self._holder(tail, self._read_beat())
            if holder is None:
                return None
            writer = secrets.token_hex(8)
            if self._put(Block(tail.number + 1, tail.epoch + 1, writer, tail.sequence + 1)) is None:
                self._overwrite_beat(Beat(tail.epoch + 1, writer, 0.0, holder, released=True), keep=False)
                return holder
        raise StateError(f"the lease on stack {self._stack} cannot be broken: its holder writes all the time")

    def close(self) -> None:
        """Stop renewing."""
        self._stop_renewing()

    def _sealed(self, bodies: Sequence[bytes], epoch: int, first: int) -> tuple[msgspec.Raw, ...]:
        return tuple(
            msgspec.Raw(self._cipher.seal(body, journal_place(epoch, place)))
            for place, body in enumerate(bodies, first)
        )

    def _put(self, block: Block) -> Block | None:
        """Write a block at its number; the other one that stands there, if it is not ours."""
        data, name = pack(block), key(LOG, block.number)
        if self._store.put_if_absent(name, data) is not None:
            return None
        stored = self._store.get(name)
        if stored is not None and stored.data == data:
            return None  # the answer to our first attempt got lost
        return self._reader.block(name)

    def _own(self, lease: Lease) -> _Held:
        if self._held is None or self._held.lease.epoch != lease.epoch:
            raise lost_error(self._stack, lease, self.holder())
        return self._held

    def _tail(self) -> Tail:
        tail = self._reader.tail()
        if tail.block is not None and tail.block.moved:
            raise moved_error(self._stack, tail.block.moved)
        return tail

    def _free(self) -> tuple[Tail, Holder | None]:
        """The end of the log, and whose lease has run out. Raises LockHeldError while its holder lives."""
        tail, sign = self._tail(), self._read_beat()
        holder = self._holder(tail, sign)
        if holder is None:
            return tail, None
        ttl = max(tail.block.ttl if tail.block else 0.0, sign.beat.ttl if sign else 0.0)
        age = min(tail.age, sign.age) if sign else tail.age
        if age < ttl + _GRAIN:
            raise held_error(self._stack, holder, now=self._clock.now())
        return tail, holder

    def _holder(self, tail: Tail, sign: _Sign | None) -> Holder | None:
        if tail.epoch == 0:
            return None
        if sign is not None and sign.beat.epoch == tail.epoch:
            return None if sign.beat.released else sign.beat.holder
        # The epoch has begun, and its owner has not come to write the lease object yet (or died before).
        return tail.block.holder if tail.block else None

    def _read_beat(self) -> _Sign | None:
        stored = self._store.get(BEAT)
        if stored is None:
            return None
        return _Sign(unpack(stored.data, Beat, f"{self._store.place}/{BEAT}"), stored.etag, stored.age)

    def _overwrite_beat(self, beat: Beat, *, keep: bool = True) -> None:
        """Write the lease object of a new epoch, over those of older ones only."""
        for _ in range(_TRIES):
            current = self._read_beat()
            if current is not None and current.beat.epoch > beat.epoch:
                raise lost_error(self._stack, Lease(beat.epoch, beat.holder), current.beat.holder)
            etag = self._replace_beat(beat, current.etag if current else None)
            if etag is not None:
                with self._beat_guard:
                    self._beat = (beat, etag) if keep else self._beat
                return
        raise StateError(f"the lease on stack {self._stack} cannot be written: others keep changing it")

    def _replace_beat(self, beat: Beat, etag: str | None) -> str | None:
        if etag is None:
            return self._store.put_if_absent(BEAT, pack(beat))
        return self._store.put_if_match(BEAT, pack(beat), etag)

    def _beat_on(self, lease: Lease, *, released: bool = False) -> None:
        """Rewrite our lease object. Raises LeaseLostError where it is another's."""
        with self._beat_guard:
            if self._beat is None or self._beat[0].epoch != lease.epoch:
                raise lost_error(self._stack, lease, None)
            beat, etag = self._beat
            following = msgspec.structs.replace(beat, count=beat.count + 1, released=released)
            written = self._store.put_if_match(BEAT, pack(following), etag)
            if written is None:  # another's, or the answer to an earlier attempt of ours got lost
                current = self._read_beat()
                if current is None or current.beat.writer != beat.writer:
                    raise lost_error(self._stack, lease, current.beat.holder if current else None)
                written = self._store.put_if_match(BEAT, pack(following), current.etag)
            if written is not None:
                self._beat = (following, written)

    def _stop_renewing(self) -> None:
        if self._keeper is not None:
            self._keeper.stop()
            self._keeper = None
