"""The fence between the steps of a run and the clouds: no call starts for a run that has lost the stack."""

from __future__ import annotations

import pytest

from orchestrator.engine.fencing import Fence
from orchestrator.model.errors import LeaseLostError, StateError, TransientError
from orchestrator.model.ids import ProviderName
from orchestrator.seams.executor import Call, Interrupted, Journal, Sleep
from orchestrator.seams.state import Holder, Lease

LEASE = Lease(3, Holder("alice"))
FAKE = ProviderName("fake")


class Store:
    """Says whether the lease is ours, as often as it is asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def check(self, lease):
        self.asked.append(lease)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer


class Cloud:
    """Keeps the calls that arrive."""

    def __init__(self):
        self.calls = []

    def call(self, name, error=None):
        def function():
            self.calls.append(name)
            if error is not None:
                raise error
            return f"{name} done"

        return Call(function, FAKE, name)


def driven(step):
    """Run a step as the executor does: calls are made, their ends handed back; returns (result, effects)."""
    effects, answer, error = [], None, None
    while True:
        try:
            asked = step.throw(error) if error is not None else step.send(answer)
        except StopIteration as end:
            return end.value, effects
        answer, error = None, None
        effects.append(type(asked))
        if isinstance(asked, Call):
            try:
                answer = asked.function()
            except TransientError as raised:
                error = raised


def story(cloud):
    """A step of two calls, with a pause and a line in the journal between them."""
    first = yield cloud.call("create")
    yield Journal([])
    yield Sleep(1.0)
    second = yield cloud.call("tag")
    return [first, second]


def test_while_the_lease_is_ours_a_step_runs_as_it_is():
    """The store is asked before each call, with our lease, and for nothing else."""
    store, cloud = Store(), Cloud()
    result, effects = driven(Fence(store, LEASE).around(story(cloud)))
    assert result == ["create done", "tag done"]
    assert effects == [Call, Journal, Sleep, Call]
    assert store.asked == [LEASE, LEASE]


@pytest.mark.parametrize("error", [LeaseLostError("taken over by bob"), StateError("the store is away")])
def test_a_call_behind_the_loss_is_never_made_and_the_step_is_interrupted(error):
    """Also where nobody can tell whose the lease is: fail closed."""
    store, cloud = Store(None, error), Cloud()
    fence = Fence(store, LEASE)
    with pytest.raises(Interrupted):
        driven(fence.around(story(cloud)))
    assert cloud.calls == ["create"]
    assert fence.error is error


def test_after_a_loss_nothing_is_asked_any_more_and_no_other_step_calls():
    """One refusal is final, whatever the store would say later: our token may be somebody else's intent by now."""
    store, cloud = Store(LeaseLostError("taken over")), Cloud()
    fence = Fence(store, LEASE)
    for _ in range(3):
        with pytest.raises(Interrupted):
            driven(fence.around(story(cloud)))
    assert (cloud.calls, len(store.asked)) == ([], 1)


def test_a_step_that_is_interrupted_may_say_its_last_words():
    """It is interrupted where it called, like by Ctrl-C, and what it returns is its outcome."""

    def careful():
        try:
            yield Cloud().call("create")
        except Interrupted:
            yield Journal([])
            return "left for the next run"

    result, effects = driven(Fence(Store(LeaseLostError("lost")), LEASE).around(careful()))
    assert (result, effects) == ("left for the next run", [Call, Journal])


def test_errors_of_a_call_reach_its_step():
    def patient():
        try:
            yield Cloud().call("create", TransientError("busy", "create"))
        except TransientError as error:
            return str(error)

    assert "busy" in driven(Fence(Store(), LEASE).around(patient()))[0]
