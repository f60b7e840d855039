"""What is tried again, when, and how often."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.limits import Bucket
from orchestrator.adapters.retry import RetryPolicy
from orchestrator.model.change import Action
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, ProviderError, TransientError
from orchestrator.model.ids import Address, ProviderName
from orchestrator.model.outcome import Outcome, Result
from orchestrator.seams.executor import Step


def calling(
    world: Any, function: Callable[[], Any], seen: list[Any], **more: Any
) -> Callable[[Address], Step]:
    """A step of one call that keeps what it was resumed with."""

    def visit(address: Address) -> Step:
        try:
            seen.append((yield world.call(function, **more)))
        except ProviderError as error:
            seen.append(error)
        return Outcome(address, Action.CREATE, Result.DONE)

    return visit


@pytest.mark.parametrize("provider", ["cloud", "here"])
def test_a_transient_error_is_tried_again_with_growing_waits(world: Any, provider: str) -> None:
    """1, 2, 4 seconds with the jitter at its largest; the step sees the answer alone. Inline or not."""
    times: list[float] = []
    seen: list[Any] = []

    def act() -> str:
        times.append(world.clock.monotonic())
        if len(times) < 4:
            raise TransientError("busy", "Create", "Busy")
        return "made"

    world.walk({"a": []}, calling(world, act, seen, provider=ProviderName(provider)))
    assert times == [0, 1, 3, 7]
    assert seen == ["made"]
    assert world.progress.told[1] == ("a", "creating, again in 1 s: Create: Busy: busy")


def test_the_servers_word_on_when_to_come_back_is_honoured(make_world: Any) -> None:
    world = make_world(jitter=lambda: 0.5)
    times: list[float] = []

    def act() -> None:
        times.append(world.clock.monotonic())
        if len(times) == 1:
            raise TransientError("slow down", retry_after=30.0)

    world.walk({"a": []}, calling(world, act, []))
    assert times == [0, 30.5]


def test_the_budget_covers_all_tries_and_then_the_error_is_the_steps(world: Any) -> None:
    times: list[float] = []
    seen: list[Any] = []

    def act() -> None:
        times.append(world.clock.monotonic())
        raise TransientError("busy")

    world.walk({"a": []}, calling(world, act, seen, budget=10.0))
    assert times == [0, 1, 3, 7]
    assert isinstance(seen[0], TransientError)


@pytest.mark.parametrize("error", [PermanentError("no"), OutcomeUnknownError("no answer")])
def test_other_families_are_the_steps_at_once(world: Any, error: ProviderError) -> None:
    seen: list[Any] = []

    def act() -> None:
        raise error

    world.walk({"a": []}, calling(world, act, seen))
    assert seen == [error]
    assert world.clock.monotonic() == 0


@pytest.mark.parametrize("provider", ["cloud", "here"])
@pytest.mark.parametrize("fault", [KeyError("VpcId"), SystemExit(3)])
def test_an_error_of_no_family_is_a_faulty_plugin(world: Any, fault: BaseException, provider: str) -> None:
    """It is named and neither swallowed nor the end of a worker."""
    seen: list[Any] = []

    def act() -> None:
        raise fault

    world.walk({"a": []}, calling(world, act, seen, provider=ProviderName(provider)))
    assert isinstance(seen[0], PermanentError)
    assert type(fault).__name__ in str(seen[0])
    assert "plugin" in str(seen[0])


def test_throttling_slows_the_whole_provider_down(make_world: Any) -> None:
    """After one throttled answer the next calls are spaced, and later they are not any more."""
    world = make_world(threads=False, limits={ProviderName("cloud"): 1}, jitter=lambda: 0.0)
    times: list[float] = []

    def act() -> None:
        times.append(world.clock.monotonic())
        if len(times) == 20:
            raise TransientError("slow down", throttled=True)

    world.walk({f"n{i}": [] for i in range(500)}, calling(world, act, []))
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert set(gaps[:19]) == {0.0}
    assert gaps[19] == pytest.approx(0.1, rel=0.05)
    assert gaps[60] < gaps[19]
    assert gaps[-1] == 0.0


def test_calls_that_were_throttled_together_halve_the_rate_once() -> None:
    bucket = Bucket()
    for _ in range(10):
        bucket.take(0.0)
    for _ in range(10):
        bucket.throttled(0.5, started=0.0)
    assert bucket.rate(0.5) == pytest.approx(5.0)
    bucket.throttled(2.0, started=1.0)
    assert bucket.rate(2.0) == pytest.approx(2.5, rel=0.2)


@given(st.integers(1, 1000), st.one_of(st.none(), st.floats(0, 1e6)), st.floats(0, 1))
def test_waits_stay_within_their_bounds(failures: int, retry_after: float | None, draw: float) -> None:
    """Never before the server's word, never longer than the cap without one."""
    delay = RetryPolicy(base=0.5, cap=20.0, jitter=lambda: draw).delay(failures, retry_after)
    if retry_after is None:
        assert 0 <= delay <= min(20.0, 0.5 * 2 ** min(failures - 1, 10))
    else:
        assert retry_after <= delay <= retry_after + 0.5


def test_a_provider_without_a_limit_is_an_error_of_ours(world: Any) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        world.walk({"a": []}, calling(world, lambda: None, [], provider=ProviderName("nowhere")))
