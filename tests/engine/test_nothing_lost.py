"""Whatever dies, and wherever: the next run finds everything that was made, and makes nothing twice."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestrator.engine import planning
from orchestrator.model.errors import OpsctlError
from orchestrator.model.snapshot import Fold
from orchestrator.model.snapshot_invariants import broken
from orchestrator.stages.apply import effect as effects
from orchestrator.testing.cloud import Fault

KINDS = ["Put", "Token", "Tag", "Provisional", "Natural", "Slow", "Twin"]


def load_world(folder):
    path = Path(__file__).with_name("conftest.py")
    spec = importlib.util.spec_from_file_location("engine_world", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["engine_world"] = module
    spec.loader.exec_module(module)
    return module.World(folder)


@st.composite
def stacks(draw, among=KINDS):
    """Two versions of a stack: names, kinds, parents, sizes and zones."""
    count = draw(st.integers(1, 6))
    versions = []
    kinds = [draw(st.sampled_from(among)) for _ in range(count)]
    for _ in range(2):
        present = [draw(st.booleans()) or draw(st.booleans()) for _ in range(count)]
        version = {}
        for i in range(count):
            if present[i]:
                candidates = [j for j in range(i) if present[j]]
                parent = draw(st.sampled_from([None, *candidates]))
                version[i] = (parent, draw(st.integers(1, 3)), draw(st.sampled_from("ab")))
        versions.append(version)
    return kinds, versions


def desire(world, kinds, version):
    world.documents.clear()
    for i, (parent, size, zone) in version.items():
        name = f"r{i}"
        spec = {"size": size, "zone": zone}
        if kinds[i] in {"Put", "Natural", "Twin"}:
            spec["name"] = f"r{i}{zone}"
        if parent is not None:
            spec["parent"] = f"${{r{parent}.status.id}}"
        elif kinds[i] == "Natural":
            spec["parent"] = ""
        world.want(name, kinds[i], spec=spec)


def reality(world):
    return sorted(
        (str(o.type), o.spec["name"], o.spec["size"], o.spec["zone"]) for o in world.cloud.objects()
    )


def expected(kinds, version):
    named = {"Put", "Natural", "Twin"}
    return sorted(
        (f"Fake::{kinds[i]}", f"r{i}{zone}" if kinds[i] in named else f"r{i}", size, zone)
        for i, (_, size, zone) in version.items()
    )


def run_killed(world, at_call, *, answered):
    """One apply that dies at the given call of the cloud: before it takes effect, or right after."""
    killed = sys.modules["engine_world"].Killed
    seen = [0]

    def before(operation):
        seen[0] += 1
        if world.dead or (seen[0] == at_call and not answered):
            world.dead = True
            raise killed
        world.dead = seen[0] == at_call

    world.cloud.before = before
    try:
        world.apply()
    except (killed, OpsctlError):
        assert world.dead
    finally:
        world.dead = False
        world.cloud.before = lambda _: None


LEFT_BEHIND = (
    ["Put", "Put", "Put", "Twin", "Put"],
    [
        {0: (None, 1, "a"), 1: (None, 1, "a"), 2: (None, 1, "a"), 3: (2, 1, "a")},
        {0: (None, 1, "a"), 1: (None, 1, "a"), 3: (None, 1, "a"), 4: (None, 1, "a")},
    ],
)
"""The old half of a createFirst replacement, left behind by a kill, rests on an orphan."""
THROUGH_AN_ORPHAN = (
    ["Put", "Put", "Put", "Twin", "Put"],
    [
        {0: (None, 1, "a"), 1: (None, 1, "a"), 2: (0, 1, "a"), 3: (2, 1, "a")},
        {0: (None, 1, "b"), 1: (None, 1, "a"), 3: (0, 1, "a"), 4: (None, 1, "a")},
    ],
)
"""A createFirst replacement rests on a deleteFirst one, through an orphan between them."""


@example(stack=LEFT_BEHIND, first=1, second=5, stale=0.0, answered=False)
@example(stack=THROUGH_AN_ORPHAN, first=1, second=1, stale=0.0, answered=False)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    stack=stacks(),
    first=st.integers(1, 40),
    second=st.integers(1, 40),
    stale=st.sampled_from([0.0, 3.0]),
    answered=st.booleans(),
)
def test_killed_at_any_call_and_applied_again_leaves_exactly_the_desired_set(
    stack, first, second, stale, answered
):
    kinds, (old, new) = stack
    with tempfile.TemporaryDirectory() as folder:
        world = load_world(Path(folder))
        world.cloud.stale = stale
        for version, moment in ((old, first), (new, second)):
            desire(world, kinds, version)
            run_killed(world, moment, answered=answered)
            world.clock.advance(60)
            assert world.apply().exit_code == 0
            assert reality(world) == expected(kinds, version)
            world.clock.advance(60)
            assert world.plan().plan.empty
        assert world.snapshot().open == {}
        assert world.snapshot().deposed == {}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    stacks(), st.integers(0, 12), st.sampled_from([Fault.LOST_ANSWER, Fault.LOST_REQUEST, Fault.THROTTLED])
)
def test_answers_and_requests_that_get_lost_cost_nothing(stack, after, fault):
    kinds, versions = stack
    with tempfile.TemporaryDirectory() as folder:
        world = load_world(Path(folder))
        for version in versions:
            desire(world, kinds, version)
            world.cloud.fail(fault, "[CDTUR]*Fake*", times=2, after=after)
            world.apply()
            world.clock.advance(60)
            assert world.apply().exit_code == 0
            assert reality(world) == expected(kinds, version)
            world.clock.advance(60)
            assert world.plan().plan.empty


def sound_at_every_batch(world):
    """Watch what a world appends: the snapshot after each batch must be sound, whoever dies next."""
    world.unsound = []
    make = world.workspace

    def workspace():
        made = make()
        fold, append = Fold(made.state.latest()), made.state.append

        def watched(lease, entries):
            last = append(lease, entries)
            for entry in entries:
                fold.add(entry)
            world.unsound += broken(fold.snapshot())
            return last

        made.state.append = watched
        return made

    world.workspace = workspace


LOST = Fault.LOST_ANSWER
LEFT_ON_LEFT = (
    ["Put", "Put", "Put", "Token", "Twin"],
    [
        {2: (None, 1, "a"), 3: (None, 1, "b"), 4: (3, 1, "a")},
        dict.fromkeys(range(5), (None, 1, "a")),
    ],
)
"""Two old halves are left behind, one resting on the other, while what took their place is replaced again."""
IN_THE_WAY = (
    ["Put", "Put", "Put", "Twin", "Put"],
    [
        {1: (None, 1, "a"), 2: (None, 1, "a"), 3: (1, 1, "a"), 4: (None, 1, "a")},
        {0: (None, 1, "a"), 1: (None, 1, "b"), 3: (None, 1, "a"), 4: (None, 1, "a")},
    ],
)
"""What was left behind has the name of something new, and another left behind, whose successor comes later, rests on it."""
GOING_FIRST = (
    ["Put", "Put", "Put", "Twin", "Put"],
    [
        {1: (None, 1, "a"), 2: (1, 1, "a"), 3: (2, 1, "a"), 4: (None, 1, "a")},
        {0: (None, 1, "a"), 1: (None, 1, "b"), 3: (None, 1, "a"), 4: (None, 1, "a")},
    ],
)
"""What was left behind rests on an object that is deleted before its own replacement is made."""
SAME_NAME = (
    ["Put", "Slow", "Twin", "Put", "Put"],
    [
        {0: (None, 1, "b"), 1: (None, 1, "b"), 2: (None, 1, "b")},
        {0: (None, 1, "a"), 1: (0, 1, "a"), 2: (0, 1, "a"), 3: (None, 1, "a")},
    ],
)
"""There, back, and there again: what is left behind has the name of what is to be made."""


@example(LEFT_ON_LEFT, [(LOST, 0, 7), (LOST, 0, 9)])
@example(SAME_NAME, [(LOST, 0, 1), (LOST, 0, 24), (LOST, 0, 7), (LOST, 0, 20)])
@example(IN_THE_WAY, [(LOST, 0, 8), (LOST, 0, 6)])
@example(GOING_FIRST, [(LOST, 0, 8), (LOST, 0, 6)])
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    stacks(),
    st.lists(
        st.tuples(
            st.sampled_from([f for f in Fault if f is not Fault.FAULTY]),
            st.integers(0, 9),
            st.integers(1, 30),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_whatever_fails_and_dies_the_snapshot_stays_sound(stack, troubles):
    """A generated snapshot, a generated program and a failing provider: every invariant holds after every batch.

    Runs may fail, be refused or be killed half-way, and nobody cleans up between them; what is journalled is never
    a snapshot that breaks an invariant.
    """
    kinds, versions = stack
    with tempfile.TemporaryDirectory() as folder:
        world = load_world(Path(folder))
        sound_at_every_batch(world)
        for turn, (fault, after, at_call) in enumerate(troubles):
            desire(world, kinds, versions[turn % 2])
            world.cloud.fail(fault, "[CDTUR]*Fake*", times=2, after=after)
            run_killed(world, at_call, answered=bool(turn % 2))
            world.clock.advance(30)
            assert world.unsound == []
        world.cloud.mend()
        world.clock.advance(60)
        desire(world, kinds, versions[0])
        assert world.apply().exit_code == 0
        assert world.unsound == []
        assert reality(world) == expected(kinds, versions[0])


def test_a_mutant_that_does_not_settle_is_caught(monkeypatch, tmp_path):
    """With settling taken out, a lost answer makes a second object: the suite above would turn red."""

    def not_settling(request, intent, at, tools):
        yield from ()
        return False, None

    monkeypatch.setattr(effects, "_settle", not_settling)
    world = load_world(tmp_path)
    world.want("net")
    world.cloud.fail(Fault.LOST_ANSWER, "CreateFake::Tag")
    world.apply()
    assert world.names() == ["net", "net"]


def test_what_cannot_be_settled_now_is_not_touched_and_blocks_nothing_else(tmp_path):
    """Invariant 5: while the cloud does not let us look, the resource waits; what does not need it goes on."""
    world = load_world(tmp_path)
    world.want("net")
    world.want("host", "Token", spec={"parent": "${net.status.id}"})
    world.want("other", "Token")
    run_killed(world, 1, answered=True)
    assert world.names() == ["net"]
    world.cloud.fail(Fault.REFUSED, "ListFake::Tag")
    done = world.apply()
    assert {str(a): str(o.result) for a, o in done.outcomes.items()} == {
        "net": "unsettled",
        "host": "skipped",
        "other": "done",
    }
    assert world.names() == ["net", "other"]
    world.apply()
    assert world.names() == ["host", "net", "other"]
    assert world.plan().plan.empty


def test_what_a_provider_began_that_is_gone_from_the_stack_is_named(tmp_path):
    """An interrupted create of a provider that is not configured any more is told in words."""
    world = load_world(tmp_path)
    world.want("net")
    run_killed(world, 1, answered=True)
    world.drop("net")
    without = replace(world.workspace(), providers={})
    planned = planning.plan(world.blueprint(), without)
    without.state.close()
    (note,) = planned.notes
    assert "the provider fake is not configured any more" in note.message


def test_a_refused_create_of_a_kind_that_cannot_be_found_leaves_nothing_to_settle(tmp_path):
    world = load_world(tmp_path)
    world.want("thing", "None")
    world.cloud.fail(Fault.REFUSED, "CreateFake::None")
    assert str(world.apply().outcomes["thing"].result) == "failed"
    assert world.snapshot().intents == {}
    world.apply()
    assert world.names() == ["thing"]


def test_a_plugin_that_breaks_after_the_cloud_has_acted_loses_nothing(monkeypatch, tmp_path):
    """The object is there although the plugin fell over its answer: it is found, not forgotten."""
    world = load_world(tmp_path)
    module = sys.modules[type(world).__module__]

    class Clumsy(module.FakeProvider):
        def _answer(self, there):
            raise KeyError("Vpc")

    world.want("net")
    monkeypatch.setattr(module, "FakeProvider", Clumsy)
    assert world.apply().exit_code == 1
    assert list(world.snapshot().resources) == ["net"]
    monkeypatch.undo()
    assert world.actions() == {"net": "replace"}
    assert world.apply().exit_code == 0
    assert world.names() == ["net"]
    assert world.plan().plan.empty
