"""A snapshot that breaks an invariant is never written: the journal stays, and the invariant is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model import snapshot_invariants
from orchestrator.model.change import Action
from orchestrator.model.errors import StateError
from orchestrator.model.ids import Address, StackId, Token, Uid
from orchestrator.model.snapshot import Deposed, Fold, Gone, Kept, Outputs, Snapshot
from orchestrator.model.snapshot_invariants import INVARIANTS, broken
from orchestrator.model.values import UNKNOWN
from orchestrator.testing.state_conformance import ALICE, STACK, begun, kept

SOUND = Snapshot(
    STACK,
    10,
    {Address("a"): kept("a").record, Address("b"): replace(kept("b").record, dependencies=(Address("a"),))},
    {Uid("uid-old"): replace(kept("a").record, uid=Uid("uid-old"))},
    {Token("t1"): begun("c", "t1").intent},
    {"url": "x"},
    revision=2,
)


def with_record(**changes):
    return replace(SOUND, resources={**SOUND.resources, "b": replace(SOUND.resources["b"], **changes)})


def with_intent(**changes):
    return replace(SOUND, intents={Token("t1"): replace(SOUND.intents["t1"], **changes)})


BREAKS = {
    "more than was written": (1, replace(SOUND, sequence=5)),
    "a negative revision": (1, replace(SOUND, revision=-1)),
    "a record under another's name": (2, with_record(address=Address("z"))),
    "a deposed one under another uid": (2, replace(SOUND, deposed={Uid("u"): SOUND.deposed["uid-old"]})),
    "an intent under another token": (2, with_intent(token=Token("t2"))),
    "one uid twice": (3, with_record(uid=Uid("uid-a"))),
    "deposed and current at once": (3, with_record(uid=Uid("uid-old"))),
    "a record without an id": (4, with_record(id="")),
    "a gate that there is not": (4, with_record(gate="maybe")),
    "an edge to nothing": (5, with_record(dependencies=(Address("ghost"),))),
    "an edge to itself": (5, with_record(dependencies=(Address("b"),))),
    "an intent that marks another address": (6, with_intent(address=Address("z"))),
    "an intent of another stack": (6, replace(SOUND, stack=StackId("shop/prod"))),
    "an intent without an effect": (6, with_intent(action=Action.NOOP)),
    "a create of what is there": (
        6,
        with_intent(marker=replace(SOUND.intents["t1"].marker, uid=Uid("uid-a"))),
    ),
    "a spec that is not known": (7, with_record(spec={"value": [UNKNOWN]})),
    "an output that is not known": (7, replace(SOUND, outputs={"url": UNKNOWN})),
}


def test_a_sound_snapshot_breaks_nothing():
    assert list(broken(SOUND)) == []


@pytest.mark.parametrize("what", BREAKS)
def test_each_break_is_told_by_its_number(what):
    number, snapshot = BREAKS[what]
    assert [each.partition(":")[0] for each in broken(snapshot)] == [f"invariant {number}"]


def test_every_invariant_of_the_list_is_checked_and_has_a_break():
    listed = [
        int(line.partition(".")[0])
        for line in (snapshot_invariants.__doc__ or "").splitlines()
        if line[:1].isdigit()
    ]
    assert listed == sorted(INVARIANTS) == sorted({number for number, _ in BREAKS.values()})


@pytest.fixture(params=["sqlite_storage", "object_storage"])
def storage(request):
    return request.getfixturevalue(request.param)


def test_a_compaction_that_would_break_one_writes_nothing_and_says_which(storage):
    """The journal goes on, and once it is put right the snapshot is written again."""
    backend = storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    sound = backend.compact(lease)
    twin = Kept(replace(kept("twin").record, uid=Uid("uid-a")))
    backend.append(lease, [twin])
    before = storage.content()
    with pytest.raises(StateError, match=r"invariant 3: the uid uid-a is that of a and of twin"):
        backend.compact(lease)
    assert storage.content() == before
    assert storage.open().latest().resources.keys() == {"a", "twin"}
    backend.append(lease, [Gone(Address("twin"), Uid("uid-a"))])
    assert backend.compact(lease).resources == sound.resources


def test_an_edge_stays_while_its_target_is_replaced_or_gone():
    """It orders the delete of what is left; it is forgotten with the last that rests on it."""
    fold = Fold(Snapshot(STACK))
    resting = Kept(replace(kept("b").record, dependencies=(Address("a"),)))
    for entry in (kept("a"), resting, Gone(Address("a"), Uid("uid-a"))):
        fold.add(entry)
    assert fold.snapshot().gone == {"a"}
    assert list(broken(fold.snapshot())) == []
    again = Kept(replace(kept("a").record, uid=Uid("uid-a2")))
    for entry in (again, Deposed(again.record)):
        fold.add(entry)
        assert list(broken(fold.snapshot())) == []
    fold.add(Gone(Address("a"), Uid("uid-a2")))
    assert fold.snapshot().gone == {"a"}
    fold.add(Gone(Address("b"), Uid("uid-b")))
    fold.add(Outputs({}))
    assert fold.snapshot().gone == frozenset()
