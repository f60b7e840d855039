"""A log of objects when answers get lost, objects are damaged, clocks disagree and owners die half-way."""

from __future__ import annotations

import pytest

from orchestrator.kit.object_log import ObjectLog
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.errors import LeaseLostError, LockHeldError, StateError
from orchestrator.model.snapshot import Damaged
from orchestrator.testing.object_store import MemoryStore
from orchestrator.testing.state_conformance import ALICE, BOB, STACK, folded, kept, lease_after_expiry

SHORT = 0.9
"""Seconds of a lease that a test lets expire."""


class LossyStore(MemoryStore):
    """Writes take effect, and then the answer of the next ``losing`` ones is lost."""

    def __init__(self, *, repeats: bool) -> None:
        super().__init__()
        self.losing = 0
        self.repeats = repeats
        """Whether the SDK then repeats the call by itself, and is refused; else it gives up."""

    def put_if_absent(self, key: str, data: bytes) -> str | None:
        etag = super().put_if_absent(key, data)
        return self._lose(etag, lambda: MemoryStore.put_if_absent(self, key, data))

    def put_if_match(self, key: str, data: bytes, etag: str) -> str | None:
        written = super().put_if_match(key, data, etag)
        return self._lose(written, lambda: MemoryStore.put_if_match(self, key, data, etag))

    def _lose(self, etag, again):
        if not self.losing:
            return etag
        self.losing -= 1
        if self.repeats:
            return again()
        raise StateError("the answer got lost")


@pytest.fixture
def opened(real_clock):
    backends = []

    def open_(store: MemoryStore, clock=real_clock) -> ObjectLog:
        backends.append(ObjectLog(store, STACK, clock, PLAIN))
        return backends[-1]

    yield open_
    for backend in backends:
        backend.close()


def test_a_repeated_write_is_recognised_as_our_own(opened):
    """The SDK repeats a write whose answer got lost, and is refused: the lease, a batch, a renewal, its end."""
    store = LossyStore(repeats=True)
    backend = opened(store)
    store.losing = 2
    lease = backend.lease(ALICE, ttl=SHORT)
    assert store.losing == 0
    store.losing = 1
    assert backend.append(lease, [kept("a")]) == 1
    store.losing = 1
    backend._beat_on(lease)
    backend._beat_on(lease)
    store.losing = 1
    backend.release(lease)
    assert opened(store).holder() is None
    assert opened(store).latest() == folded([kept("a")])


def test_a_batch_reported_as_failed_may_arrive_and_the_next_goes_behind_it(opened):
    """Nothing is overwritten, nothing is written twice."""
    store = LossyStore(repeats=False)
    backend = opened(store)
    lease = backend.lease(ALICE)
    store.losing = 1
    with pytest.raises(StateError, match="lost"):
        backend.append(lease, [kept("a"), kept("b")])
    assert backend.append(lease, [kept("c")]) == 3
    assert opened(store).latest() == folded([kept("a"), kept("b"), kept("c")])


def test_a_delayed_append_of_the_old_owner_is_refused_by_the_store(opened):
    """Even where it was on its way before the stack was taken: its number is taken."""
    store = MemoryStore()
    old, new = opened(store), opened(store)
    lost = old.lease(ALICE)
    old.append(lost, [kept("a")])
    new.unlock()
    held = new.lease(BOB)
    with pytest.raises(LeaseLostError):
        old.append(lost, [kept("late")])
    assert new.append(held, [kept("b")]) == 2
    assert [e.entry for e in new.history()] == [kept("a"), kept("b")]


def test_an_owner_that_died_while_taking_the_stack_is_waited_for_and_named(opened):
    """It wrote the start of its epoch and never a sign of life."""
    store = MemoryStore()
    first = opened(store)
    first.lease(ALICE, ttl=SHORT)
    first._stop_renewing()
    del store.objects["lease"]
    second = opened(store)
    assert second.holder() == ALICE
    with pytest.raises(LockHeldError, match="alice@one"):
        second.lease(BOB)
    lease = lease_after_expiry(second, BOB, SHORT)
    assert second.append(lease, [kept("a")]) == 1


def filled(opened) -> MemoryStore:
    """Three blocks of entries and two snapshots."""
    store = MemoryStore()
    backend = opened(store)
    lease = backend.lease(ALICE)
    for name in "abc":
        backend.append(lease, [kept(name)])
        if name != "c":
            backend.compact(lease)
    backend.release(lease)
    return store


def damage(store: MemoryStore, key: str) -> None:
    stored = store.objects[key]
    store.put_if_match(key, stored.data[:-3] + bytes([stored.data[-3] ^ 1]) + stored.data[-2:], stored.etag)


def test_damaged_snapshots_are_no_loss(opened):
    """The older one, or the log from its beginning, takes their place."""
    store = filled(opened)
    whole = folded([kept("a"), kept("b"), kept("c")])
    for key in reversed(store.list("snapshot/")):
        damage(store, key)
        assert opened(store).latest() == whole
    backend = opened(store)
    assert backend.append(backend.lease(BOB), [kept("d")]) == 4


def test_a_snapshot_that_was_made_up_for_is_named(opened):
    store = filled(opened)
    damage(store, store.list("snapshot/")[-1])
    backend = opened(store)
    assert list(backend.mended) == []
    backend.latest()
    assert [*backend.mended] == [*backend.damage()] == ["snapshot/000000000003 cannot be read"]


@pytest.mark.parametrize("harm", [damage, MemoryStore.delete], ids=["changed", "missing"])
@pytest.mark.parametrize("number", [2, 3])
def test_a_damaged_block_that_a_snapshot_covers_is_shown_in_the_history(opened, harm, number):
    """Its entry is named as damaged; the state reads and goes on, and so does the history behind it."""
    store = filled(opened)
    harm(store, f"log/{number:012d}")
    backend = opened(store)
    assert backend.latest() == folded([kept("a"), kept("b"), kept("c")])
    entries = [logged.entry for logged in backend.history()]
    assert [isinstance(entry, Damaged) for entry in entries] == [n == number for n in (2, 3, 4)]
    assert [logged.sequence for logged in backend.history()] == [1, 2, 3]
    assert f"log/{number:012d}" in backend.damage()[0]
    assert backend.append(backend.lease(BOB), [kept("d")]) == 4


@pytest.mark.parametrize("harm", [damage, MemoryStore.delete], ids=["changed", "missing"])
def test_a_damaged_end_of_the_log_that_a_snapshot_covers_is_no_loss(opened, harm):
    """The snapshot says how far the log went: the next owner goes on behind it."""
    store = filled(opened)
    backend = opened(store)
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("d")])
    backend.compact(lease)
    backend.release(lease)
    last = store.list("log/")[-1]
    harm(store, last)
    again = opened(store)
    assert again.latest() == folded([kept(name) for name in "abcd"])
    assert [isinstance(e.entry, Damaged) for e in again.history()] == [False, False, False, True]
    assert isinstance(again.history(1)[0].entry, Damaged)
    lease = again.lease(BOB)
    assert again.append(lease, [kept("e")]) == 5
    assert opened(store).latest() == folded([kept(name) for name in "abcde"])


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda store: damage(store, "log/000000000004"), r"log/000000000004 is damaged \(its checksum"),
        (lambda store: store.delete("log/000000000003"), "damaged: log/000000000003 is missing"),
        (lambda store: store.put_if_match("lease", b"?", store.objects["lease"].etag), "lease is no state"),
    ],
)
def test_damage_is_told_and_nothing_is_written(opened, harm, message):
    """By reading, or by taking the stack; with the object's name."""
    store = filled(opened)
    for key in store.list("snapshot/"):
        store.delete(key)
    harm(store)
    before = dict(store.objects)
    backend = opened(store)
    with pytest.raises(StateError, match=message):
        (backend.latest(), backend.lease(BOB))
    assert store.objects == before


def test_old_snapshots_are_cleared_away_and_the_log_stays(opened):
    store = MemoryStore()
    backend = opened(store)
    lease = backend.lease(ALICE)
    for number in range(5):
        backend.append(lease, [kept(f"r{number}")])
        backend.compact(lease)
    assert len(store.list("snapshot/")) == 2
    assert len(store.list("log/")) == 6


def test_an_append_writes_one_object_whatever_the_size_of_state(opened):
    """O(changed): one object, whose size is that of the batch."""
    store = MemoryStore()
    backend = opened(store)
    lease = backend.lease(ALICE)
    backend.append(lease, [kept(f"r{number}") for number in range(500)])
    before = set(store.objects)
    backend.append(lease, [kept("one"), kept("two")])
    (added,) = set(store.objects) - before
    assert len(store.objects[added].data) < 2000
