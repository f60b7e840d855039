"""The audit's chain: in every backend, over every entry, and what does not fit is named."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.chained import ChainedState
from orchestrator.kit.object_log import ObjectLog
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.audit import follow
from orchestrator.model.codec import encode
from orchestrator.model.errors import StateError
from orchestrator.model.runs import runs
from orchestrator.model.snapshot import Finished, Grounds, Link, Refused, Started
from orchestrator.seams.state import Logged
from orchestrator.testing.clock import FakeClock
from orchestrator.testing.object_store import MemoryStore
from orchestrator.testing.state_conformance import ALICE, BOB, STACK, kept

ALL = 10**9


@pytest.fixture
def backend():
    inner = ObjectLog(MemoryStore(), STACK, FakeClock(), PLAIN)
    yield inner
    inner.close()


def written(backend, batches=((1, 2), (3,), (4, 5, 6))):
    """A chained journal with these batches, by one owner, compacted in the middle."""
    state = ChainedState(backend)
    lease = state.lease(ALICE)
    for number, batch in enumerate(batches):
        state.append(lease, [kept(f"r{n}", value=n) for n in batch])
        if number == 1:
            state.compact(lease)
    state.release(lease)
    return state


def test_a_chain_covers_every_entry_and_survives_compaction_and_owners(backend):
    state = written(backend)
    second = state.lease(BOB)
    state.append(second, [kept("later")])
    chain = follow(state.history(ALL))
    assert (chain.faults, chain.begins) == ((), 1)
    assert chain.linked == len(state.history(ALL))
    assert chain.head == state.latest().link != ""


def test_an_append_of_nothing_adds_nothing(backend):
    state = written(backend)
    lease = state.lease(BOB)
    assert state.append(lease, []) == len(state.history(ALL))


JOURNAL: list[Logged] = []


def journal():
    """The same one for each example."""
    if not JOURNAL:
        inner = ObjectLog(MemoryStore(), STACK, FakeClock(), PLAIN)
        JOURNAL.extend(written(inner, ((1,), (2, 3), (4,), (5, 6, 7), (8,))).history(ALL))
        inner.close()
    return list(JOURNAL)


def changed(logged, value):
    entry = kept("forged", value=value)
    return dataclasses.replace(logged, entry=entry, body=encode(entry))


@given(st.data())
def test_whatever_is_done_to_an_entry_is_found_and_the_first_one_named(data):
    """Changed, removed, put in, exchanged: wherever, whether it is an entry or a link of the chain."""
    found = journal()
    at = data.draw(st.integers(0, len(found) - 2))
    match data.draw(st.sampled_from(["change", "remove", "insert", "exchange"])):
        case "change":
            found[at] = changed(found[at], "other")
        case "remove":
            del found[at]
        case "insert":
            found.insert(at, changed(found[at], "new"))
        case "exchange":
            found[at], found[at + 1] = found[at + 1], found[at]
    assert follow(found).faults, "nothing was noticed"


def test_a_changed_entry_is_named_by_its_place():
    found = journal()
    place = next(i for i, e in enumerate(found) if not isinstance(e.entry, Link) and e.sequence > 5)
    found[place] = changed(found[place], "other")
    assert follow(found).faults[0] == f"entry {found[place].sequence} is not the one that was written there"


def test_a_journal_that_was_cut_off_no_longer_has_the_noted_head():
    """Cut behind a link it fits in itself: only a head that was noted outside tells."""
    whole = follow(journal())
    links = [i for i, e in enumerate(journal()) if isinstance(e.entry, Link)]
    cut = follow(journal()[: links[-2] + 1])
    assert cut.faults == ()
    assert whole.head not in cut.heads
    assert cut.head in whole.heads


def test_a_chain_begins_behind_a_journal_of_an_older_version(backend):
    """What was written without links is taken into the first one."""
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("old"), kept("older")])
    state = ChainedState(backend)
    state.append(lease, [kept("new")])
    chain = follow(state.history(ALL))
    assert (chain.faults, chain.begins, chain.linked) == ((), 1, 4)


def test_entries_that_another_program_appends_are_named(backend):
    state = written(backend)
    lease = backend.lease(BOB)
    backend.append(lease, [kept("smuggled")])
    last = len(backend.history(ALL))
    assert follow(state.history(ALL)).faults == (f"entry {last} and what follows are not in the chain",)


class LosesAnswers(ObjectLog):
    """An append arrives, and is reported as failed."""

    losing = False

    def append(self, lease, entries):
        last = super().append(lease, entries)
        if self.losing:
            self.losing = False
            raise StateError("the answer got lost")
        return last


def test_an_append_whose_answer_got_lost_breaks_no_chain():
    inner = LosesAnswers(MemoryStore(), STACK, FakeClock(), PLAIN)
    state = ChainedState(inner)
    lease = state.lease(ALICE)
    state.append(lease, [kept("a")])
    inner.losing = True
    with pytest.raises(StateError):
        state.append(lease, [kept("b")])
    state.append(lease, [kept("c")])
    assert follow(state.history(ALL)).faults == ()
    inner.close()


def test_runs_are_gathered_from_their_entries(backend):
    """One that ended, one that was killed, one that was refused."""
    state = ChainedState(backend)
    lease = state.lease(ALICE)
    state.append(
        lease,
        [
            Started("r1", "alice", "apply", 1.0, "p1", "s1"),
            Grounds("r1", {"user": "alice"}, ("deny x",), signed_by="k"),
        ],
    )
    state.append(lease, [Finished("r1", 2.0, "incomplete", {"create": 1}, 1, {"web": "create: failed"})])
    state.append(lease, [Started("r2", "bob", "apply", 3.0, "p2")])
    state.append(lease, [Refused("eve", "apply", 4.0, "p3", "policy denies", 3)])
    done, killed, refused = runs(state.history(ALL))
    assert (done.plan, done.spec, done.exit, done.results) == ("p1", "s1", 1, {"web": "create: failed"})
    assert (done.actor, done.verdicts, done.signed_by) == ({"user": "alice"}, ("deny x",), "k")
    assert (killed.result, killed.exit, killed.finished) == ("did not end", None, 0.0)
    assert (refused.result, refused.exit, refused.why) == ("refused", 3, "policy denies")
    assert len({done.link, killed.link, refused.link}) == 3
    assert refused.link == state.latest().link
