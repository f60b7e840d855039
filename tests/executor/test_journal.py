"""What is durable when a step goes on, and what a broken journal stops."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from orchestrator.model.change import Action
from orchestrator.model.errors import LeaseLostError, StateError
from orchestrator.model.ids import Address, ProviderName, Token
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.snapshot import Settled
from orchestrator.seams.executor import Journal, Step, Unwritten


def test_intent_is_durable_before_the_effect(world: Any) -> None:
    """Invariant 4: a call finds its own intent in the journal already."""

    def visit(address: Address) -> Step:
        def look() -> None:
            assert f"{address} begins" in world.journal

        return world.plain(address, look)

    outcomes = world.walk({f"n{i}": [] for i in range(40)}, visit)
    assert {o.message for o in outcomes.values()} == {""}


def test_effects_of_ready_steps_are_one_batch(make_world: Any) -> None:
    """Three levels of inline steps need two appends each, not two a node."""
    world = make_world(limits={ProviderName("cloud"): 0})
    graph: dict[str, list[str]] = {f"a{i}": [] for i in range(100)}
    graph |= {f"b{i}": [f"a{i}"] for i in range(100)}
    world.walk(graph)
    assert sum(world.batches) == 400
    assert len(world.batches) <= 8


def test_while_an_append_is_in_flight_the_next_batch_collects(world: Any) -> None:
    """A slow backend blocks nobody, gets one batch at a time, and few of them."""
    called, appending = threading.Event(), threading.Lock()
    calls: list[str] = []
    append = world.executor.append

    def slow(entries: Any) -> None:
        assert appending.acquire(blocking=False), "two appends at once"
        assert called.wait(20), "the scheduler was blocked by the journal"
        append(entries)
        appending.release()

    world.executor.append = slow

    def visit(address: Address) -> Step:
        def act() -> None:
            calls.append(address)
            if len(calls) == 9:
                called.set()

        if address != "first":
            yield world.call(act)
        yield Journal([Settled(Token(address))])
        return Outcome(address, Action.CREATE, Result.DONE)

    world.walk({"first": [], **{f"x{i}": [] for i in range(9)}}, visit)
    assert (world.batches[0], sum(world.batches)) == (1, 10)
    assert len(world.batches) <= 3


def test_entries_of_one_step_are_written_together_and_none_is_no_write(world: Any) -> None:
    def visit(address: Address) -> Step:
        yield Journal([])
        yield Journal([Settled(Token("1")), Settled(Token("2"))])
        return Outcome(address, Action.CREATE, Result.DONE)

    world.walk({"a": []}, visit)
    assert world.batches == [2]


@pytest.mark.parametrize("threads", [True, False])
@pytest.mark.parametrize("error", [LeaseLostError("another run has it"), StateError("disk full")])
def test_a_refused_append_stops_the_walk(make_world: Any, threads: Any, error: Exception) -> None:
    """No call starts after it, calls in flight are awaited, and every node has its outcome."""
    world = make_world(threads=threads, journal_error=error, fails_after=3)
    calls: list[str] = []

    def visit(address: Address) -> Step:
        return world.plain(address, lambda: calls.append(address))

    graph = {"n0": []} | {f"n{i}": [f"n{i - 1}"] for i in range(1, 10)}
    outcomes = world.walk(graph, visit)
    assert [o.result for o in outcomes.values()] == [Result.DONE] + [Result.INTERRUPTED] * 9
    assert calls == ["n0", "n1"]
    assert world.journal == ["n0 begins", "n0 ends", "n1 begins"]
    assert world.running == 0


def test_calls_in_flight_are_awaited_and_their_steps_hear_that_nothing_is_written(make_world: Any) -> None:
    """The step knows what its call did, and says so."""
    world = make_world(fails_after=4, journal_error=StateError("gone"))
    broken, finished = threading.Event(), []
    append = world.executor.append

    def watched(entries: Any) -> None:
        try:
            append(entries)
        except StateError:
            broken.set()
            raise

    world.executor.append = watched

    def visit(address: Address) -> Step:
        def act() -> None:
            if address == "slow":
                assert broken.wait(20)
                finished.append(address)

        try:
            return (yield from world.plain(address, act))
        except Unwritten:
            return Outcome(address, Action.CREATE, Result.INTERRUPTED, "could not be written")

    outcomes = world.walk({"slow": [], "a": [], "b": ["a"], "c": ["b"]}, visit)
    assert finished == ["slow"]
    assert outcomes["slow"].message == "could not be written"


@pytest.mark.parametrize("threads", [True, False])
def test_an_error_that_nobody_expects_of_the_journal_is_raised(make_world: Any, threads: Any) -> None:
    """What is no OpsctlError, as when memory runs out, is the walk's own end."""
    world = make_world(threads=threads, journal_error=MemoryError("none"), fails_after=1)
    with pytest.raises(MemoryError):
        world.walk({"a": [], "b": ["a"]})
    assert world.running == 0


def test_a_fault_of_a_step_is_raised_and_not_lost(world: Any) -> None:
    """A step that raises what it should have caught is a fault of ours: the walk says so."""

    def visit(address: Address) -> Step:
        yield world.call()
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        world.walk({"a": []}, visit)


def test_a_fault_of_a_step_lets_the_others_write_what_they_did(world: Any) -> None:
    """Calls in flight end and are recorded; nothing new starts."""
    raised = threading.Event()

    def visit(address: Address) -> Step:
        def act() -> None:
            if address == "slow":
                assert raised.wait(20)

        yield from world.plain(address, act)
        if address == "bad":
            raised.set()
            raise RuntimeError("a bug")
        return Outcome(address, Action.CREATE, Result.DONE)

    with pytest.raises(RuntimeError, match="a bug"):
        world.walk({"bad": [], "slow": [], "later": ["slow"]}, visit)
    assert "slow ends" in world.journal
    assert "later begins" not in world.journal


def test_a_walk_can_follow_a_broken_one(world: Any) -> None:
    """Nothing of the first is left in the lanes."""
    world.journal_error, world.fails_after = StateError("gone"), 0
    assert {o.result for o in world.walk({"a": [], "b": []}).values()} == {Result.INTERRUPTED}
    world.journal_error = None
    assert world.walk({"a": []})[Address("a")].result is Result.DONE
