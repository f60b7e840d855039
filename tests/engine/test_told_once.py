"""What an object tells once goes into its sink before the step counts, and is lost visibly where it cannot."""

from __future__ import annotations

import sys

import pytest

from orchestrator.model.errors import InvalidSpecError, PermanentError
from orchestrator.model.values import Secret
from orchestrator.testing.cloud import Fault

SINK = "vault:kv/pair#key"


@pytest.fixture
def pair(world):
    """A key that is told once, and what uses it."""
    world.want("pair", "Key", secretSink={"key": SINK})
    world.want("app", spec={"password": "${pair.status.key}"})
    return world


def kept(world):
    return b"".join(p.read_bytes() for p in world.folder.rglob("*") if p.is_file())


def app(world):
    return next(o for o in world.cloud.objects() if o.spec["name"] == "app").spec


def test_it_is_stored_before_anything_uses_it_and_state_knows_the_reference(pair):
    """The value is in the sink and at the cloud that needs it, never in state; the next plan is empty."""
    before = []
    pair.cloud.before = lambda operation: before.append((operation, list(pair.store.stored)))
    planned = pair.plan().plan
    assert f"its key goes to {SINK}" in planned.changes[0].reason
    assert pair.apply().exit_code == 0
    assert [stored for operation, stored in before if operation == "CreateFake::Tag"] == [[SINK]]
    value = pair.store.kept[SINK].value
    assert app(pair)["password"] == value
    assert value.encode() not in kept(pair)
    assert pair.snapshot().resources["pair"].status["key"] == Secret(None, SINK, "v1")
    assert pair.plan().plan.empty


def test_an_update_keeps_what_was_told(pair):
    pair.apply()
    pair.want("pair", "Key", spec={"size": 2}, secretSink={"key": SINK})
    assert pair.actions() == {"pair": "update"}
    assert pair.apply().exit_code == 0
    assert pair.snapshot().resources["pair"].status["key"] == Secret(None, SINK, "v1")
    assert pair.plan().plan.empty


def test_a_gate_that_is_watched_afterwards_keeps_it_too(pair):
    health = [{"http": {"url": "http://x/${self.status.state}"}}]
    pair.want("pair", "Key", secretSink={"key": SINK}, health=health)
    assert pair.apply().exit_code == 0
    assert pair.snapshot().resources["pair"].status["key"] == Secret(None, SINK, "v1")


def test_who_dies_between_create_and_sink_replaces_it_under_the_plan(pair):
    """The object is there, its key is not anywhere: replaced, with that reason, and then all is well."""
    killed = sys.modules[type(pair).__module__].Killed

    def die(reference, value):
        pair.dead = True
        raise killed

    store, pair.store.store = pair.store.store, die
    with pytest.raises(killed):
        pair.apply()
    pair.dead, pair.store.store = False, store
    pair.clock.advance(30)
    planned = pair.plan().plan
    change = next(c for c in planned.changes if c.address == "pair")
    assert change.action == "replace"
    assert "its key was told once, and is not kept anywhere" in change.reason
    assert pair.apply().exit_code == 0
    assert [o.spec["name"] for o in pair.cloud.objects()].count("pair") == 1
    assert app(pair)["password"] == pair.store.kept[SINK].value
    assert pair.plan().plan.empty


def test_a_create_whose_answer_is_lost_has_lost_its_key(pair):
    pair.cloud.fail(Fault.LOST_ANSWER, "CreateFake::Key")
    done = pair.apply()
    assert done.exit_code == 1
    assert (
        "the answer that told its key was lost; the next apply replaces it" in done.outcomes["pair"].message
    )
    assert done.outcomes["app"].result == "skipped"
    assert pair.apply().exit_code == 0
    assert app(pair)["password"] == pair.store.kept[SINK].value


def test_a_sink_that_refuses_fails_the_step_and_the_next_apply_replaces_it(pair):
    pair.store.broken[SINK] = PermanentError("it is not allowed", "store a secret", "Forbidden")
    done = pair.apply()
    assert done.exit_code == 1
    assert (
        "its key could not be stored: store a secret: Forbidden: it is not allowed"
        in done.outcomes["pair"].message
    )
    assert pair.actions()["pair"] == "replace"
    pair.store.broken.clear()
    assert pair.apply().exit_code == 0
    assert pair.plan().plan.empty


def test_a_value_that_somebody_rotates_in_the_store_reaches_who_uses_it(pair):
    pair.apply()
    pair.store.store(SINK, "rotated by hand")
    assert pair.actions() == {"app": "update"}
    pair.apply()
    assert app(pair)["password"] == "rotated by hand"
    assert pair.plan().plan.empty


def test_a_value_that_is_gone_from_the_store_replaces_the_object(pair):
    pair.apply()
    del pair.store.kept[SINK]
    assert pair.actions()["pair"] == "replace"
    assert pair.apply().exit_code == 0
    assert app(pair)["password"] == pair.store.kept[SINK].value


def test_a_store_without_versions_still_sees_a_new_object(pair):
    """The incarnation is the version then."""
    pair.store.versionless = True
    pair.apply()
    first = app(pair)["password"]
    assert pair.plan().plan.empty
    pair.want("pair", "Key", spec={"zone": "b"}, secretSink={"key": SINK})
    assert set(pair.actions()) == {"pair", "app"}
    pair.apply()
    assert app(pair)["password"] == pair.store.kept[SINK].value != first
    assert pair.plan().plan.empty


def test_without_a_sink_it_is_dropped_and_said_so(world):
    world.want("pair", "Key")
    planned = world.plan()
    assert [d.message for d in planned.notes] == ["pair: its key is told only once, and is dropped"]
    assert world.apply().exit_code == 0
    assert "key" not in world.snapshot().resources["pair"].status
    assert b"key of" not in kept(world)


def problems(world):
    with pytest.raises(InvalidSpecError) as caught:
        world.plan()
    return "\n".join(f"{d.message} ({d.hint})" for d in caught.value.diagnostics)


def test_reading_what_is_kept_nowhere_is_an_error(world):
    world.want("pair", "Key")
    world.want("app", spec={"password": "${pair.status.key}"})
    assert "pair.status.key is told only once, and is kept nowhere (write secretSink: {key:" in problems(
        world
    )


def test_a_sink_for_what_is_never_told_is_an_error(world):
    world.want("pair", "Key", secretSink={"kee": SINK})
    world.want("app", secretSink={"key": "vault:kv/other"})
    said = problems(world)
    assert "Fake::Key has no 'kee' that is told once (did you mean 'key'?)" in said
    assert "Fake::Tag has no 'key' that is told once (it tells nothing that is told only once)" in said


def test_two_in_one_place_are_an_error_and_each_key_of_a_for_each_has_its_own(world):
    world.want("pair", "Key", secretSink={"key": SINK})
    world.want("other", "Key", secretSink={"key": SINK})
    assert f"pair: {SINK} is the sink of other already" in problems(world)
    world.drop("other")
    world.want("pair", "Key", forEach=["a", "b"], secretSink={"key": "vault:kv/pair#${each.key}"})
    assert world.apply().exit_code == 0
    assert sorted(world.store.kept) == ["vault:kv/pair#a", "vault:kv/pair#b"]


def test_a_sink_that_nothing_can_be_stored_in_stops_the_plan(world):
    world.want("pair", "Key", secretSink={"key": "nowhere"})
    assert "pair: nowhere names no store" in problems(world)
