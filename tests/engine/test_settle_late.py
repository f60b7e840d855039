"""What a create that was given up comes to when its call arrives after all, and what is believed of a delete."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from orchestrator.model.change import Action
from orchestrator.model.ids import Address, ProviderName, StackId, Token, TypeName, Uid
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Intent, Observed
from orchestrator.model.schema import Property
from orchestrator.model.snapshot import Fold, Kept, Lapsed, Record, Settled, Snapshot
from orchestrator.seams.executor import Call, Sleep
from orchestrator.stages.settle import WATCHED, closing, late, look, settle

STACK, NET = StackId("shop"), Address("net")
TAGGED = KindSchema(TypeName("Fake::Tag"), Property("object"), marking=Marking.TAG, consistency=5.0)


def intent(action=Action.CREATE, *, lapsed=0.0):
    marker = Marker(STACK, NET, Uid("u1"))
    return Intent(Token("t1"), action, TAGGED.type, NET, "fake", marker, lapsed=lapsed, id=None)


def state(*ids):
    records = [Record(NET, TAGGED.type, ProviderName("fake"), id, Uid(f"of-{id}")) for id in ids]
    return Snapshot(
        STACK, resources={r.address: r for r in records}, intents={Token("t1"): intent(lapsed=1.0)}
    )


def folded(snapshot, entries):
    fold = Fold(snapshot)
    for entry in entries:
        fold.add(entry)
    return fold.snapshot()


def test_one_that_comes_beside_its_successor_is_to_be_deleted_by_the_next_plan():
    """It is known by the uid of its own intent, and the resource stays what it is."""
    after = folded(state("second"), late(intent(lapsed=1.0), Observed("first", {}), state("second"), 2.0))
    assert [(r.id, r.late) for r in after.deposed.values()] == [("first", True)]
    assert after.resources[NET].id == "second"
    assert not after.intents


def test_one_that_comes_where_nothing_was_made_since_is_the_resource():
    entries = late(intent(lapsed=1.0), Observed("first", {}), state(), 2.0)
    assert [(type(e), e.record.id, e.record.gate) for e in entries] == [(Kept, "first", "pending")]


def test_what_state_knows_is_never_taken_for_a_duplicate():
    """A name that both calls meant is one object: it must not be deleted."""
    assert late(intent(lapsed=1.0), Observed("one", {}), state("one"), 2.0) == [Settled(Token("t1"))]


def test_it_is_looked_for_until_no_cloud_keeps_a_call_any_longer():
    assert late(intent(lapsed=1.0), None, state("second"), WATCHED) == []
    assert late(intent(lapsed=1.0), None, state("second"), WATCHED + 2) == [Settled(Token("t1"))]


def test_a_create_that_does_not_show_is_given_up_and_watched_where_it_can_be_looked_for():
    """One whose id or name is fixed too: when it arrives, nobody may want it any more. Not what cannot be looked for."""
    fixed = replace(TAGGED, marking=Marking.DETERMINISTIC)
    keyed = replace(TAGGED, marking=Marking.NATURAL, natural_key=("name",))
    assert closing(intent(), None, state(), TAGGED, 7.0) == [Lapsed(Token("t1"), 7.0)]
    assert closing(intent(), None, state(), fixed, 7.0) == [Lapsed(Token("t1"), 7.0)]
    named = replace(intent(), spec={"name": "one"})
    assert closing(named, None, state(), keyed, 7.0) == [Lapsed(Token("t1"), 7.0)]
    unfindable = replace(TAGGED, marking=Marking.NONE)
    assert closing(intent(), None, state(), unfindable, 7.0) == [Settled(Token("t1"))]


def test_what_has_the_name_of_a_create_that_was_given_up_is_ours_only_by_its_marker():
    """Somebody may have made it by hand since, and we would delete it."""
    given_up, fixed = intent(lapsed=1.0), replace(TAGGED, marking=Marking.DETERMINISTIC)
    byhand, ours = Observed("net", {}), Observed("net", {}, marker=given_up.marker)
    for there, found in ((byhand, None), (ours, ours)):
        provider = SimpleNamespace(kinds={TAGGED.type: fixed}, find=lambda _, there=there: there)
        assert driven(look(given_up, provider), SimpleNamespace(time=0.0)) == found


def driven(step, clock):
    """Make the calls of a step, and let the time pass that it waits."""
    answer = None
    while True:
        try:
            asked = step.send(answer)
        except StopIteration as end:
            return end.value
        answer = asked.function() if isinstance(asked, Call) else None
        clock.time += asked.seconds if isinstance(asked, Sleep) else 0.0


def test_a_delete_is_believed_only_when_a_fresh_object_would_have_shown():
    """Reads may hide what was made a moment ago: a single look that finds nothing proves nothing."""
    clock = SimpleNamespace(time=0.0, now=lambda: clock.time, monotonic=lambda: clock.time)
    looks = iter([None, None, Observed("net-1", {})])
    provider = SimpleNamespace(kinds={TAGGED.type: TAGGED}, find=lambda _intent: next(looks))
    step = settle(intent(Action.DELETE), state("net-1"), provider, clock)
    assert driven(step, clock) == [Settled(Token("t1"))]
    assert next(looks, "no look is left") == "no look is left"
