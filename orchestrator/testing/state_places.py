"""What every state backend promises where a whole state changes its place: replaced, moved away, put aside.

Cases as in :mod:`orchestrator.testing.state_conformance`, to be run beside those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orchestrator.model.codec import encode
from orchestrator.model.errors import LeaseLostError, OpsctlError, StateError
from orchestrator.model.snapshot import Entry, Outputs, Snapshot, Started
from orchestrator.seams.state import Archive, Logged
from orchestrator.testing.state_conformance import ALICE, BOB, STACK, Storage, folded, kept, refused


def an_archive_takes_the_place_of_all_that_was_kept(storage: Storage) -> None:
    """Sequence numbers, fencing numbers and history are the archive's; the next lease's number is above all."""
    backend = storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("old"), Outputs({"x": 1})])
    backend.compact(lease)
    entries: list[Entry] = [Started("run", "alice", "apply", 1.0), kept("a"), kept("b")]
    places = [(1, 4), (2, 4), (3, 9)]
    journal = tuple(
        Logged(sequence, epoch, entry, encode(entry))
        for (sequence, epoch), entry in zip(places, entries, strict=True)
    )
    for part in (journal, journal[1:], ()):
        backend.restore(lease, Archive(folded(entries), part, 12))
        reader = storage.open()
        assert reader.holder() is None
        assert reader.latest() == folded(entries)
        assert [(e.sequence, e.epoch, e.body) for e in reader.history()] == [
            (e.sequence, e.epoch, e.body) for e in part
        ]
        with refused(LeaseLostError):
            backend.append(lease, [kept("late")])
        lease = backend.lease(BOB)
        assert lease.epoch > 12
    assert backend.append(lease, [kept("c")]) == 4
    assert backend.compact(lease) == storage.open().latest() == folded([*entries, kept("c")])
    assert [e.sequence for e in storage.open().history()] == [4]


def a_stack_that_was_moved_is_used_no_more(storage: Storage) -> None:
    """Whoever comes is told where it is; its history can still be read."""
    backend = storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    backend.retire(lease, "s3://elsewhere")
    later = storage.open()
    for attempt in (later.latest, later.unlock, lambda: later.lease(BOB)):
        with refused(StateError, "s3://elsewhere"):
            attempt()
    with refused(OpsctlError):
        backend.append(lease, [kept("b")])
    assert [e.entry for e in later.history()] == [kept("a")]


def what_is_put_aside_is_kept_and_leaves_nothing(storage: Storage) -> None:
    """Nobody's state is put aside while it is held; afterwards the stack is as if it had never been written.

    A backend that cannot do it says so, and changes nothing.
    """
    backend, moment = storage.open(), "20260101T000000Z"
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    with refused(OpsctlError):
        storage.open().put_aside(moment)
    backend.release(lease)
    place, why = "", ""
    try:
        place = storage.open().put_aside(moment)
    except StateError as error:
        why = str(error)
    if why:
        assert "cannot put a state aside" in why, why
        assert sorted(storage.open().latest().resources) == ["a"]
        return
    assert moment in place, f"{place} does not say when"
    fresh = storage.open()
    assert fresh.latest() == Snapshot(STACK)
    assert fresh.append(fresh.lease(BOB), [kept("b")]) == 1
    assert sorted(storage.open().latest().resources) == ["b"]


PLACE_CASES: Final[tuple[Callable[[Storage], None], ...]] = (
    an_archive_takes_the_place_of_all_that_was_kept,
    a_stack_that_was_moved_is_used_no_more,
    what_is_put_aside_is_kept_and_leaves_nothing,
)
