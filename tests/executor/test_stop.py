"""Being told to stop: nothing new starts, nothing that was done is lost."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.executor_threads import ThreadsExecutor
from orchestrator.adapters.system_clock import SystemClock
from orchestrator.model.change import Action
from orchestrator.model.errors import TransientError
from orchestrator.model.ids import Address, ProviderName, Token
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.snapshot import Settled
from orchestrator.seams.executor import Abandoned, Interrupted, Journal, Sleep, Step


def test_before_the_walk_everything_is_interrupted(world: Any) -> None:
    world.executor.stop()
    outcomes = world.walk({"a": [], "b": ["a"]})
    assert {o.result for o in outcomes.values()} == {Result.INTERRUPTED}
    assert world.events == []


def test_calls_in_flight_finish_and_are_written(world: Any) -> None:
    """The step whose call was under way comes to its end; its dependents and the others do not start."""

    def visit(address: Address) -> Step:
        return world.plain(address, world.executor.stop)

    outcomes = world.walk({"a": [], "b": ["a"], "c": ["b"]}, visit)
    assert [o.result for o in outcomes.values()] == [Result.DONE, Result.INTERRUPTED, Result.INTERRUPTED]
    assert world.journal == ["a begins", "a ends"]


def test_a_sleeping_step_is_told_and_may_still_write(world: Any) -> None:
    """It wakes at once, not after its hour, and says its last word to the journal."""

    def visit(address: Address) -> Step:
        try:
            yield Sleep(3600.0, "its gate")
        except Interrupted:
            yield Journal([Settled(Token(f"{address} waits no more"))])
            return Outcome(address, Action.GATE, Result.INTERRUPTED, "its gate is pending")
        return Outcome(address, Action.GATE, Result.DONE)

    world.clock.at(10.0, world.executor.stop)
    outcomes = world.walk({"a": [], "b": ["a"]}, visit)
    assert outcomes[Address("a")].message == "its gate is pending"
    assert outcomes[Address("b")].result is Result.INTERRUPTED
    assert world.journal == ["a waits no more"]
    assert world.clock.monotonic() == 10.0


def test_a_call_that_waits_for_its_turn_or_its_retry_never_starts(make_world: Any) -> None:
    """Both are told Interrupted; without catching it a step ends as interrupted."""
    world = make_world(limits={ProviderName("cloud"): 1})
    calls: list[str] = []

    def visit(address: Address) -> Step:
        def act() -> None:
            calls.append(address)
            if len(calls) == 2:
                world.executor.stop()
            raise TransientError("busy")

        yield world.call(act)
        return Outcome(address, Action.CREATE, Result.DONE)

    def caught(address: Address) -> Step:
        try:
            return (yield from visit(address))
        except TransientError as error:
            return Outcome(address, Action.CREATE, Result.FAILED, str(error))

    outcomes = world.walk({"a": [], "b": [], "c": []}, caught)
    assert calls == ["a", "b"]
    assert [o.result for o in outcomes.values()] == [Result.INTERRUPTED, Result.FAILED, Result.INTERRUPTED]


def test_after_a_stop_a_step_starts_no_further_call(world: Any) -> None:
    calls: list[str] = []

    def visit(address: Address) -> Step:
        yield world.call(world.executor.stop)
        yield Journal([Settled(Token("first half"))])
        yield world.call(lambda: calls.append("second half"))
        return Outcome(address, Action.CREATE, Result.DONE)

    assert world.walk({"a": []}, visit)[Address("a")].result is Result.INTERRUPTED
    assert world.journal == ["first half"]
    assert calls == []


def test_a_call_that_hangs_can_be_abandoned(world: Any) -> None:
    """Its step hears that nobody knows whether it took effect; what comes of it later disturbs nobody."""
    late = threading.Event()

    def visit(address: Address) -> Step:
        def hang() -> None:
            world.executor.stop()
            world.executor.abandon()
            assert late.wait(20)

        try:
            yield from world.plain(address, hang)
        except Abandoned:
            return Outcome(address, Action.CREATE, Result.INTERRUPTED, "nobody knows")
        raise AssertionError("unreachable")

    outcomes = world.walk({"a": [], "b": ["a"]}, visit)
    late.set()
    assert [(o.result, o.message) for o in outcomes.values()] == [
        (Result.INTERRUPTED, "nobody knows"),
        (Result.INTERRUPTED, ""),
    ]
    assert world.journal == ["a begins"]


def test_a_failure_during_the_stop_keeps_its_own_name(make_world: Any) -> None:
    """What failed says so; what stood behind it was interrupted before."""
    world = make_world(threads=False)

    def visit(address: Address) -> Step:
        yield world.call(world.executor.stop)
        return Outcome(address, Action.CREATE, Result.FAILED, "no")

    outcomes = world.walk({"a": [], "b": ["a"]}, visit)
    assert [o.result for o in outcomes.values()] == [Result.FAILED, Result.INTERRUPTED]


def test_a_signal_wakes_the_scheduler_from_a_real_wait(world: Any) -> None:
    """Stop is called by the handler while the scheduler waits for a timer far away."""
    executor = ThreadsExecutor(SystemClock(), list, limits={}, progress=world.progress)

    def visit(address: Address) -> Step:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        yield Sleep(30.0)
        return Outcome(address, Action.GATE, Result.DONE)

    before = signal.signal(signal.SIGALRM, lambda *_: executor.stop())
    try:
        outcomes = executor.walk(
            {Address("a"): []},
            visit,
            skip=lambda a, c: Outcome(a, Action.GATE, Result.SKIPPED, cause=c),
            interrupted=lambda a: Outcome(a, Action.GATE, Result.INTERRUPTED),
        )
    finally:
        signal.signal(signal.SIGALRM, before)
    assert outcomes[Address("a")].result is Result.INTERRUPTED


@pytest.mark.parametrize("threads", [True, False])
@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 15), when=st.integers(0, 15))
def test_whenever_it_comes_every_node_has_one_outcome(
    make_world: Any, threads: Any, size: int, when: int
) -> None:
    """At any call of a chain beside loose nodes: what began is done or settled, no call follows the stop."""
    world = make_world(threads=threads, limits={ProviderName("cloud"): 2})
    count = 0
    late: list[str] = []

    def visit(address: Address) -> Step:
        def act() -> None:
            nonlocal count
            if world.executor.stopping:
                late.append(address)
            count += 1
            if count == when:
                world.executor.stop()

        return world.plain(address, act)

    graph: dict[str, list[str]] = {f"c{i}": [f"c{i - 1}"] if i else [] for i in range(size)}
    graph |= {f"l{i}": [] for i in range(size)}
    outcomes = world.walk(graph, visit)
    assert sorted(world.ends) == sorted(graph)
    assert len(late) <= 1
    for name, outcome in outcomes.items():
        assert outcome.result in (Result.DONE, Result.INTERRUPTED)
        assert (f"{name} ends" in world.journal) is (outcome.result is Result.DONE)
