"""Who starts when, and what a failure closes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, ProviderName
from orchestrator.model.outcome import Outcome, Result
from orchestrator.seams.executor import Call, Sleep, Step


def test_dependents_start_after_their_dependencies_opened(world: Any) -> None:
    """A diamond runs top, both sides, bottom."""
    outcomes = world.walk({"bottom": ["left", "right"], "left": ["top"], "right": ["top"], "top": []})
    assert {o.result for o in outcomes.values()} == {Result.DONE}
    assert list(outcomes) == ["bottom", "left", "right", "top"]
    assert world.events[:2] == ["start top", "end top"]
    assert world.events[-2:] == ["start bottom", "end bottom"]


def test_a_slow_branch_holds_up_nobody_else(make_world: Any) -> None:
    """There are no barriers: a short branch comes to its end while a long one sleeps."""
    world = make_world()

    def visit(address: Address) -> Step:
        if address == "slow":
            yield Sleep(100.0, "it boots")
        return (yield from world.plain(address))

    world.walk({"slow": [], "quick": [], "after": ["quick"]}, visit)
    assert world.events.index("end after") < world.events.index("start slow")
    assert ("slow", "it boots") in world.progress.told


def test_ready_nodes_start_in_the_order_of_the_graph(make_world: Any) -> None:
    world = make_world(threads=False)
    names = [f"n{i:03}" for i in (5, 3, 9, 1, 7)]
    world.walk({name: [] for name in names})
    assert [e for e in world.events if e.startswith("start")] == [f"start {n}" for n in names]


@pytest.mark.parametrize(
    "graph", [{"a": ["a"]}, {"a": ["b"], "b": ["a"]}, {"x": [], "a": ["b", "x"], "b": ["c"], "c": ["a"]}]
)
def test_a_cycle_is_refused_before_anything_starts(world: Any, graph: Mapping[str, list[str]]) -> None:
    with pytest.raises(ValueError, match=r"cycle: a -> .*a"):
        world.walk(graph)
    assert world.events == []


def test_a_dependency_that_is_no_node_is_named(world: Any) -> None:
    with pytest.raises(ValueError, match="a depends on b"):
        world.walk({"a": ["b"]})


def test_one_failure_is_the_cause_of_everything_behind_it(world: Any) -> None:
    """The root is named, not the neighbour; what does not need it goes on."""

    def visit(address: Address) -> Step:
        def fail() -> None:
            if address == "b":
                raise PermanentError("no", "Create", "Denied")

        return world.plain(address, fail)

    outcomes = world.walk({"a": [], "b": ["a"], "c": ["b"], "d": ["c", "a"], "e": ["a"]}, visit)
    assert outcomes[Address("b")].result is Result.FAILED
    assert [outcomes[Address(n)].cause for n in "cd"] == ["b", "b"]
    assert outcomes[Address("e")].result is Result.DONE


def test_ten_thousand_ready_nodes_are_not_all_half_open(make_world: Any) -> None:
    """No more steps are open than the provider can take calls of, times a small number."""
    world = make_world(limits={ProviderName("cloud"): 2, ProviderName("here"): 0})
    open_, most = set(), 0

    def visit(address: Address) -> Step:
        nonlocal most
        open_.add(address)
        most = max(most, len(open_))
        outcome = yield from world.plain(address)
        open_.discard(address)
        return outcome

    world.walk({f"n{i}": [] for i in range(300)}, visit, lane=lambda _: ProviderName("cloud"))
    assert most <= 8
    assert world.most <= 2


def test_a_throttled_lane_does_not_keep_another_from_starting(make_world: Any) -> None:
    """Lanes have windows of their own."""
    cloud, other = ProviderName("cloud"), ProviderName("other")
    world = make_world(limits={cloud: 1, other: 1})
    seen: list[str] = []

    def visit(address: Address) -> Step:
        lane = other if address.startswith("o") else cloud
        seen.append(address)
        yield world.call(lambda: None, lane)
        return Outcome(address, Action.CREATE, Result.DONE)

    graph = {**{f"c{i}": [] for i in range(50)}, "o": []}
    world.walk(graph, visit, lane=lambda a: other if a.startswith("o") else cloud)
    assert seen.index("o") == 4


@st.composite
def dags(draw: st.DrawFn) -> dict[str, list[str]]:
    """Graphs of up to 25 nodes in any order of listing, edges pointing from later to earlier ones."""
    size = draw(st.integers(1, 25))
    graph = {}
    for node in range(size):
        needs = draw(st.sets(st.integers(0, node - 1), max_size=4)) if node else set()
        graph[f"n{node}"] = [f"n{need}" for need in needs]
    names = draw(st.permutations(list(graph)))
    return {name: graph[name] for name in names}


@pytest.mark.parametrize("threads", [True, False])
@settings(max_examples=60, deadline=None)
@given(graph=dags(), data=st.data())
def test_every_node_has_one_outcome_and_the_right_one(
    make_world: Any, threads: Any, graph: dict[str, list[str]], data: st.DataObject
) -> None:
    """Random graphs, random failures: nothing starts early, nothing is lost, causes are roots, limits hold."""
    failing = data.draw(st.sets(st.sampled_from(sorted(graph)), max_size=4), label="failing")
    limit = data.draw(st.integers(0, 3), label="limit")
    world = make_world(threads=threads, limits={ProviderName("cloud"): limit})
    done: set[str] = set()

    def visit(address: Address) -> Step:
        def act() -> None:
            if address in failing:
                raise PermanentError("no")

        assert all(need in done for need in graph[address])
        outcome = yield from world.plain(address, act)
        if outcome.opens:
            done.add(address)
        return outcome

    outcomes = world.walk(graph, visit)
    assert list(outcomes) == list(graph)
    assert sorted(world.ends) == sorted(graph)
    assert world.most <= max(limit, 1)
    for name, outcome in outcomes.items():
        behind = failing & _ancestors(graph, name)
        if behind:
            assert outcome.result is Result.SKIPPED
            assert outcome.cause in behind
            assert not failing & _ancestors(graph, outcome.cause)
        else:
            assert outcome.result is (Result.FAILED if name in failing else Result.DONE)
        if outcome.result is Result.DONE:
            assert world.journal.index(f"{name} begins") < world.journal.index(f"{name} ends")
            assert all(
                world.journal.index(f"{need} ends") < world.journal.index(f"{name} begins")
                for need in graph[name]
            )


def _ancestors(graph: Mapping[str, list[str]], name: str) -> set[str]:
    found: set[str] = set()
    stack = list(graph[name])
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(graph[node])
    return found


def test_an_inline_call_waits_for_no_turn(make_world: Any) -> None:
    """It runs on the scheduler's thread while the provider's only worker is busy."""
    world = make_world(limits={ProviderName("cloud"): 1})
    done, scheduler = threading.Event(), threading.current_thread()
    on: list[threading.Thread] = []

    def visit(address: Address) -> Step:
        def act() -> None:
            on.append(threading.current_thread())
            done.set()

        if address == "long":
            yield world.call(lambda: done.wait(20))
        else:
            yield Call(act, ProviderName("cloud"), "creating", inline=True)
        return Outcome(address, Action.CREATE, Result.DONE)

    world.walk({"long": [], "short": []}, visit)
    assert on == [scheduler]
