"""What every state backend promises, as cases that a backend's author runs.

Give a :class:`Storage` that opens backends on one fresh stack, and run every function of ``CASES`` on a new one::

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
    def test_promise(case, storage):
        case(storage)

A case raises AssertionError where the promise is broken. Cases wait for leases to expire, a few seconds in all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, Protocol

from orchestrator.kit.sealed import PLAIN
from orchestrator.model.change import Action
from orchestrator.model.codec import encode
from orchestrator.model.errors import LeaseLostError, LockHeldError, OpsctlError, StateError
from orchestrator.model.ids import Address, ProviderName, StackId, Token, TypeName, Uid
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Intent
from orchestrator.model.snapshot import (
    Began,
    Entry,
    Fold,
    Gone,
    Kept,
    Outputs,
    Record,
    Snapshot,
    Started,
    Waiting,
)
from orchestrator.model.values import Secret
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.clock import Clock
from orchestrator.seams.state import Holder, Lease, StateBackend

STACK: Final = StackId("shop/dev")
"""The stack that a Storage opens."""
ALICE: Final = Holder("alice@one (pid 12)", "opsctl apply", 1_700_000_000.0)
BOB: Final = Holder("bob@two (pid 34)", "opsctl destroy", 1_700_000_100.0)


class Storage(Protocol):
    """One place where the state of ``STACK`` is kept, empty at first."""

    @property
    def ttl(self) -> float:
        """Seconds of a lease that a case lets expire: a second is enough where renewing takes no time."""

    def open(self, cipher: Cipher = PLAIN, *, clock: Clock | None = None) -> StateBackend:
        """A backend on it, as a process of its own would have. The storage closes it at the end.

        ``clock`` is that of the host, where it is not the true one.
        """

    def freeze(self, backend: StateBackend) -> None:
        """Stop the backend's renewal without giving anything back, as a stopped process does."""

    def make_newer(self) -> None:
        """Rewrite what is stored as a later version of the format would be."""

    def content(self) -> object:
        """All that is stored, for comparing."""


def begun(name: str, token: str) -> Began:
    """An intent to create ``name``."""
    marker = Marker(STACK, Address(name), Uid(f"uid-{name}"))
    return Began(
        Intent(
            Token(token),
            Action.CREATE,
            TypeName("Local::Value"),
            marker.address,
            "local",
            marker,
            {"value": 1},
        )
    )


def kept(name: str, token: str | None = None, value: object = 1) -> Kept:
    """``name`` as made."""
    record = Record(
        Address(name),
        TypeName("Local::Value"),
        ProviderName("local"),
        f"id-{name}",
        Uid(f"uid-{name}"),
        spec={"value": value},
    )
    return Kept(record, Token(token) if token else None)


def folded(entries: Sequence[Entry]) -> Snapshot:
    """What a backend must hold after these entries."""
    fold = Fold(Snapshot(STACK))
    for entry in entries:
        fold.add(entry)
    return fold.snapshot()


@contextmanager
def refused(kind: type[OpsctlError], *words: str) -> Iterator[None]:
    """The block raises ``kind``, and its message holds the words."""
    message = None
    try:
        yield
    except kind as error:
        message = str(error)
    assert message is not None, f"not refused with {kind.__name__}"
    missing = [word for word in words if word not in message]
    assert not missing, f"the message does not say {missing}: {message}"


def an_unwritten_stack_is_empty_and_stays_unwritten(storage: Storage) -> None:
    """Reading makes nothing."""
    before = storage.content()
    backend = storage.open()
    assert backend.latest() == Snapshot(STACK)
    assert list(backend.history()) == []
    assert backend.holder() is None
    assert backend.unlock() is None
    assert storage.content() == before


def what_is_appended_is_there_for_everybody(storage: Storage) -> None:
    """Sequence numbers count entries; a second process reads the fold of them, whether compacted or not."""
    writer, reader = storage.open(), storage.open()
    entries: list[Entry] = [Started("run", "alice", "apply", 1.0), begun("web", "t1"), kept("web", "t1")]
    more: list[Entry] = [
        begun("db", "t2"),
        Waiting(Token("t2"), {"operation": "o-1"}, "id-db"),
        Outputs({"a": [1]}),
    ]
    lease = writer.lease(ALICE)
    assert writer.append(lease, entries) == 3
    assert reader.latest() == folded(entries)
    assert writer.compact(lease) == folded(entries)
    assert writer.append(lease, more) == 6
    assert reader.latest() == writer.latest() == folded(entries + more)
    assert writer.append(lease, []) == 6
    writer.release(lease)
    assert storage.open().latest() == folded(entries + more)


def history_is_in_order_and_survives_compaction(storage: Storage) -> None:
    """The last entries, oldest first, each with its place and its run's fencing number."""
    backend = storage.open()
    first = backend.lease(ALICE)
    backend.append(first, [kept("a"), kept("b")])
    backend.compact(first)
    backend.release(first)
    second = backend.lease(BOB)
    backend.append(second, [kept("c")])
    history = backend.history()
    assert [(e.sequence, e.epoch) for e in history] == [(1, first.epoch), (2, first.epoch), (3, second.epoch)]
    assert [e.entry for e in history] == [kept("a"), kept("b"), kept("c")]
    assert [e.body for e in history] == [encode(e.entry) for e in history], (
        "the very bytes that were appended"
    )
    assert [e.sequence for e in backend.history(2)] == [2, 3]
    assert second.epoch > first.epoch


def a_held_stack_is_refused_and_its_holder_named(storage: Storage) -> None:
    """Two contenders: one has it; the other learns who, what, and what to do. Renewal keeps it."""
    one, two = storage.open(), storage.open()
    lease = one.lease(ALICE, ttl=storage.ttl)
    time.sleep(storage.ttl * 2)
    with refused(LockHeldError, ALICE.owner, ALICE.command, "2023-11-14", "state unlock"):
        two.lease(BOB, ttl=storage.ttl)
    assert two.holder() == ALICE
    one.append(lease, [kept("a")])
    one.release(lease)
    assert two.holder() is None
    second = two.lease(BOB)
    assert two.append(second, [kept("b")]) == 2


def of_many_contenders_one_wins(storage: Storage) -> None:
    """Eight at the same moment."""
    backends = [storage.open() for _ in range(8)]
    barrier = threading.Barrier(len(backends))

    def contend(backend: StateBackend) -> Lease | None:
        barrier.wait()
        try:
            return backend.lease(ALICE, ttl=storage.ttl * 3)
        except LockHeldError:
            return None

    with ThreadPoolExecutor(len(backends)) as pool:
        leases = list(pool.map(contend, backends))
    won = [(backend, lease) for backend, lease in zip(backends, leases, strict=True) if lease is not None]
    assert len(won) == 1, f"{len(won)} hold the stack"
    winner, lease = won[0]
    assert winner.append(lease, [kept("a")]) == 1


def a_lease_that_is_not_renewed_is_taken_over(storage: Storage) -> None:
    """A late write of the old owner is refused, and nothing of it is written; so is its compaction."""
    old, new = storage.open(), storage.open()
    lost = old.lease(ALICE, ttl=storage.ttl)
    old.append(lost, [kept("a")])
    storage.freeze(old)
    held = lease_after_expiry(new, BOB, storage.ttl)
    assert held.epoch > lost.epoch
    assert held.taken_from == ALICE, "the new owner learns whose lease had run out"
    before = storage.content()
    with refused(LeaseLostError, BOB.owner):
        old.check(lost)
    new.check(held)
    with refused(LeaseLostError, BOB.owner):
        old.append(lost, [kept("late"), kept("later")])
    with refused(LeaseLostError):
        old.compact(lost)
    old.release(lost)
    assert storage.content() == before
    assert new.append(held, [kept("b")]) == 2
    assert sorted(new.latest().resources) == ["a", "b"]
    assert new.holder() == BOB


class SkewedClock:
    """A host whose calendar is off by some seconds, and whose machine started at another time."""

    def __init__(self, by: float) -> None:
        self._by = by

    def now(self) -> float:
        """Seconds since 1970, as this host believes."""
        return time.time() + self._by

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic() + abs(self._by) * 7


def clocks_of_hosts_need_not_agree(storage: Storage) -> None:
    """Hosts a year ahead or behind neither take a living owner for dead, nor a dead one for living."""
    year = 365 * 86400.0
    for by in (-year, year):
        owner, contender = storage.open(), storage.open(clock=SkewedClock(by))
        owner.lease(ALICE, ttl=storage.ttl)
        with refused(LockHeldError, ALICE.owner):
            contender.lease(BOB, ttl=storage.ttl)
        time.sleep(storage.ttl * 1.2)
        with refused(LockHeldError, ALICE.owner):
            contender.lease(BOB, ttl=storage.ttl)
        storage.freeze(owner)
        held = lease_after_expiry(contender, BOB, storage.ttl)
        assert held.taken_from == ALICE
        contender.check(held)
        contender.release(held)


def a_stack_that_was_given_back_is_taken_from_nobody(storage: Storage) -> None:
    """Who comes next learns of no dead owner."""
    one, two = storage.open(), storage.open()
    first = one.lease(ALICE)
    assert first.taken_from is None
    one.release(first)
    assert two.lease(BOB).taken_from is None


def a_holder_is_told_with_all_that_helps_to_find_it(storage: Storage) -> None:
    """Owner, command, process, machine and CI job; the same from whoever looks."""
    one, two = storage.open(), storage.open()
    holder = Holder("carol", "opsctl apply", 1_700_000_000.0, "runner-3", 4711, "GitHub Actions https://ci/1")
    one.lease(holder)
    assert two.holder() == holder
    with refused(LockHeldError, "carol", "process 4711 on runner-3", "CI job GitHub Actions https://ci/1"):
        two.lease(BOB)
    assert two.unlock() == holder


def a_broken_lease_cannot_write(storage: Storage) -> None:
    """``unlock`` names whom it was taken from, and fences them off."""
    one, two = storage.open(), storage.open()
    lease = one.lease(ALICE)
    one.append(lease, [kept("a")])
    assert two.unlock() == ALICE
    with refused(LeaseLostError):
        one.append(lease, [kept("late")])
    with refused(LeaseLostError):
        one.check(lease)
    assert two.holder() is None
    next_lease = two.lease(BOB)
    assert next_lease.epoch > lease.epoch
    with refused(LeaseLostError):
        one.append(lease, [kept("late")])
    assert two.append(next_lease, [kept("b")]) == 2


def a_lease_given_back_cannot_write(storage: Storage) -> None:
    """Giving back is the end, and giving back twice harms nobody."""
    one, two = storage.open(), storage.open()
    lease = one.lease(ALICE)
    one.release(lease)
    with refused(LeaseLostError):
        one.append(lease, [kept("late")])
    second = two.lease(BOB)
    one.release(lease)
    two.append(second, [kept("b")])
    assert two.holder() == BOB


def an_append_is_all_or_none(storage: Storage) -> None:
    """An entry that cannot be written takes its whole batch with it, and the journal goes on afterwards."""
    backend = storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    accepted = True
    try:
        backend.append(lease, [kept("b"), kept("c", value=object())])
    except (TypeError, OpsctlError):
        accepted = False
    assert not accepted, "an entry that is no JSON was accepted"
    assert backend.append(lease, [kept("d")]) == 2
    assert sorted(storage.open().latest().resources) == ["a", "d"]


def removed_resources_do_not_come_back(storage: Storage) -> None:
    """Across compactions, for resources, intents and outputs alike."""
    backend = storage.open()
    lease = backend.lease(ALICE)
    entries: list[Entry] = [begun("a", "t1"), kept("a", "t1"), kept("b"), Outputs({"x": 1})]
    backend.append(lease, entries)
    backend.compact(lease)
    gone: list[Entry] = [Gone(Address("a"), Uid("uid-a")), kept("b", value=2), Outputs({})]
    backend.append(lease, gone)
    assert backend.compact(lease) == folded(entries + gone)
    assert storage.open().latest() == folded(entries + gone)


def a_secret_is_stored_by_reference(storage: Storage) -> None:
    """Its plain value is nowhere in what is stored."""
    backend = storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a", value=Secret("hunter2-plain", "env:PASSWORD", "v1"))])
    backend.compact(lease)
    assert "hunter2-plain" not in repr(storage.content())
    assert backend.latest().resources[Address("a")].spec["value"] == Secret(None, "env:PASSWORD", "v1")


def readers_see_whole_batches(storage: Storage) -> None:
    """While a writer appends pairs and compacts, every reading has both of each pair or none."""
    writer, done = storage.open(), threading.Event()

    def read() -> list[str]:
        reader = storage.open()
        torn: list[str] = []
        while not done.is_set():
            names = set(reader.latest().resources)
            torn += [name for name in names if name[0] == "a" and f"b{name[1:]}" not in names]
        return torn

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            _write_pairs(writer, 20)
        finally:
            done.set()
        torn = [name for reader in readers for name in reader.result()]
    assert not torn, f"half of a batch was read: {torn}"
    assert len(writer.latest().resources) == 40


def _write_pairs(writer: StateBackend, count: int) -> None:
    lease = writer.lease(ALICE)
    for number in range(count):
        writer.append(lease, [kept(f"a{number}"), kept(f"b{number}")])
        if number % 5 == 4:
            writer.compact(lease)


def a_newer_format_is_refused_untouched(storage: Storage) -> None:
    """Whatever is tried; the message says what to do."""
    backend = storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    backend.compact(lease)
    backend.release(lease)
    backend.close()
    storage.make_newer()
    before = storage.content()
    later = storage.open()
    for attempt in (later.latest, later.history, later.unlock, lambda: later.lease(BOB)):
        with refused(StateError, "newer"):
            attempt()
    assert storage.content() == before


def lease_after_expiry(backend: StateBackend, holder: Holder, ttl: float, *, lasting: float = 30.0) -> Lease:
    """Take a stack whose owner does not renew any more. Raises AssertionError where that takes too long."""
    deadline = time.monotonic() + ttl + 5
    while True:
        try:
            return backend.lease(holder, ttl=lasting)
        except LockHeldError:
            assert time.monotonic() < deadline, "a dead owner's lease was not taken over"
            time.sleep(0.05)


CASES: Final[tuple[Callable[[Storage], None], ...]] = (
    an_unwritten_stack_is_empty_and_stays_unwritten,
    what_is_appended_is_there_for_everybody,
    history_is_in_order_and_survives_compaction,
    a_held_stack_is_refused_and_its_holder_named,
    of_many_contenders_one_wins,
    a_lease_that_is_not_renewed_is_taken_over,
    clocks_of_hosts_need_not_agree,
    a_stack_that_was_given_back_is_taken_from_nobody,
    a_holder_is_told_with_all_that_helps_to_find_it,
    a_broken_lease_cannot_write,
    a_lease_given_back_cannot_write,
    an_append_is_all_or_none,
    removed_resources_do_not_come_back,
    a_secret_is_stored_by_reference,
    readers_see_whole_batches,
    a_newer_format_is_refused_untouched,
)
