"""The fake cloud keeps the promises of each marking class, and breaks the others as real clouds do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.model.change import Action
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, TransientError
from orchestrator.model.health import Level
from orchestrator.model.ids import Address, StackId, Token, TypeName, Uid
from orchestrator.model.kind import How, Marking, ReadWay
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.testing.clock import FakeClock
from orchestrator.testing.cloud import FakeCloud, Fault
from orchestrator.testing.kinds import CONSISTENCY, KINDS
from orchestrator.testing.provider import FakeProvider

SPEC = {"name": "one", "size": 2, "tags": {"a": "b"}}
MADE = [t for t, kind in KINDS.items() if not kind.data_only]
MARK = Marker(StackId("s"), Address("it"), Uid("u1"))


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud(FakeClock())


@pytest.fixture
def provider(cloud: FakeCloud) -> FakeProvider:
    return FakeProvider(cloud)


def asked(type: str, action: Action = Action.CREATE, prior: Observed | None = None, **spec: Any) -> Request:
    return Request(action, TypeName(type), Address("it"), MARK, {**SPEC, **spec}, prior)


def intent(type: str, spec: Mapping[str, Any] = SPEC) -> Intent:
    return Intent(Token("t"), Action.CREATE, TypeName(type), Address("it"), "fake", MARK, spec)


def finished(provider: FakeProvider, request: Request) -> Observed | None:
    answer = provider.begin(request, Token("t"))
    while isinstance(answer, Pending):
        provider.cloud.clock.advance(answer.retry_after)
        answer = provider.poll(request.type, answer.handle)
    assert isinstance(answer, Done)
    return answer.observed


@pytest.mark.parametrize("type", MADE)
def test_after_a_create_there_is_nothing_to_do(provider: FakeProvider, type: str) -> None:
    seen = finished(provider, asked(type, password="x"))
    assert seen is not None
    want = {**SPEC, "password": "x"}
    assert provider.propose(TypeName(type), seen, want, want).action is Action.NOOP
    assert "password" not in seen.spec
    for way in KINDS[TypeName(type)].reads:
        found = provider.read_many(TypeName(type), [Ref(Address("it"), seen.id)], way).found
        told = set(KINDS[TypeName(type)].once)
        assert found == {"it": replace(seen, status={n: v for n, v in seen.status.items() if n not in told})}
        assert told <= seen.status.keys()


@pytest.mark.parametrize("type", MADE)
def test_every_effect_has_its_way(provider: FakeProvider, type: str) -> None:
    """Update in place, drift behind our back, delete, delete again."""
    made = finished(provider, asked(type))
    assert made is not None
    changed = finished(provider, asked(type, Action.UPDATE, made, size=3))
    assert changed is not None
    assert (changed.id, changed.spec["size"]) == (made.id, 3)
    provider.cloud.alter(made.id, size=4)
    assert provider.propose(TypeName(type), *provider.discover(TypeName(type)), SPEC, SPEC).changes
    assert finished(provider, asked(type, Action.DELETE, made)) is None
    assert provider.cloud.objects() == []
    assert finished(provider, asked(type, Action.DELETE, made)) is None


@pytest.mark.parametrize("type", MADE)
def test_a_lost_answer_leaves_the_object_and_find_tells_by_its_class(
    provider: FakeProvider, type: str
) -> None:
    provider.cloud.fail(Fault.LOST_ANSWER, "Create*")
    with pytest.raises(OutcomeUnknownError):
        provider.begin(asked(type), Token("t"))
    assert len(provider.cloud.objects(type)) == 1
    if KINDS[TypeName(type)].marking is Marking.NONE:
        with pytest.raises(OutcomeUnknownError):
            provider.find(intent(type))
    else:
        found = provider.find(intent(type))
        assert found is not None
        assert found.id == provider.cloud.objects(type)[0].id


@pytest.mark.parametrize("type", [t for t in MADE if KINDS[t].marking is not Marking.NONE])
def test_a_lost_request_leaves_nothing_and_find_says_so(provider: FakeProvider, type: str) -> None:
    provider.cloud.fail(Fault.LOST_REQUEST, "Create*")
    with pytest.raises(OutcomeUnknownError):
        provider.begin(asked(type), Token("t"))
    assert provider.cloud.objects() == []
    assert provider.find(intent(type)) is None


@pytest.mark.parametrize(
    ("type", "number"), [("Fake::Put", 1), ("Fake::Token", 1), ("Fake::Tag", 2), ("Fake::None", 2)]
)
def test_only_tokens_and_puts_make_twice_once(provider: FakeProvider, type: str, number: int) -> None:
    for _ in range(2):
        finished(provider, asked(type))
    assert len(provider.cloud.objects(type)) == number


def test_a_natural_key_is_taken_once(provider: FakeProvider) -> None:
    finished(provider, asked("Fake::Natural"))
    with pytest.raises(PermanentError, match="Conflict"):
        provider.begin(asked("Fake::Natural"), Token("other"))


def test_a_provisional_object_is_found_before_and_after_it_has_its_name(provider: FakeProvider) -> None:
    """The kill may come between the two calls."""
    half = provider.begin(asked("Fake::Provisional"), Token("t"))
    assert isinstance(half, Pending)
    found = provider.find(intent("Fake::Provisional"))
    assert found is not None
    assert (found.spec["name"], found.marker) == ("opsctl-t", None)
    provider.poll(TypeName("Fake::Provisional"), half.handle)
    found = provider.find(intent("Fake::Provisional"))
    assert found is not None
    assert (found.spec["name"], found.marker) == ("one", MARK)


def test_stale_reads_show_the_world_as_it_was(provider: FakeProvider) -> None:
    provider.cloud.stale = CONSISTENCY
    made = finished(provider, asked("Fake::Tag"))
    assert made is not None
    assert provider.find(intent("Fake::Tag")) is None
    provider.cloud.clock.advance(CONSISTENCY)
    assert provider.find(intent("Fake::Tag")) == made
    provider.cloud.remove(made.id)
    assert list(provider.discover(TypeName("Fake::Tag"))) == [made]


def test_a_slow_object_takes_its_time_and_its_handle_is_enough_for_another_process(cloud: FakeCloud) -> None:
    first, second = FakeProvider(cloud, seconds=20), FakeProvider(cloud, seconds=20)
    pending = first.begin(asked("Fake::Slow"), Token("t"))
    assert isinstance(pending, Pending)
    assert pending.id == cloud.objects()[0].id
    building = next(iter(second.discover(TypeName("Fake::Slow"))))
    assert second.assess(TypeName("Fake::Slow"), building).level is Level.PROGRESSING
    cloud.clock.advance(20)
    done = second.poll(TypeName("Fake::Slow"), pending.handle)
    assert isinstance(done, Done)
    assert done.observed is not None
    assert second.assess(TypeName("Fake::Slow"), done.observed).level is Level.HEALTHY


def test_a_state_that_nobody_listed_is_unknown(provider: FakeProvider) -> None:
    """Invariant 8: it ranks worst."""
    made = finished(provider, asked("Fake::Tag"))
    assert made is not None
    for state, level in [("error", Level.FAILED), ("on fire", Level.UNKNOWN)]:
        provider.cloud.alter(made.id, state=state)
        seen = next(iter(provider.discover(TypeName("Fake::Tag"))))
        assert provider.assess(TypeName("Fake::Tag"), seen).level is level


def test_a_parent_in_use_is_not_deleted(provider: FakeProvider) -> None:
    """The order of deletes matters here."""
    parent = finished(provider, asked("Fake::Tag"))
    assert parent is not None
    finished(provider, asked("Fake::Tag", name="two", parent=parent.id))
    with pytest.raises(PermanentError, match="DependencyViolation"):
        provider.begin(asked("Fake::Tag", Action.DELETE, parent), Token("t"))


def test_faults_strike_what_they_are_told_to(provider: FakeProvider) -> None:
    provider.cloud.fail(Fault.THROTTLED, "CreateFake::Tag", times=2, after=1, retry_after=3.0)
    finished(provider, asked("Fake::Tag"))
    finished(provider, asked("Fake::None"))
    for _ in range(2):
        with pytest.raises(TransientError) as caught:
            provider.begin(asked("Fake::Tag"), Token("t"))
        assert (caught.value.throttled, caught.value.retry_after) == (True, 3.0)
    finished(provider, asked("Fake::Tag"))


def test_calls_are_counted_by_page(provider: FakeProvider) -> None:
    for number in range(25):
        finished(provider, asked("Fake::Tag", name=f"n{number}"))
    refs = [Ref(Address(o.id), o.id) for o in provider.cloud.objects()]
    assert provider.read_many(TypeName("Fake::Tag"), refs, ReadWay(How.LIST, 10)).calls == 3
    assert provider.read_many(TypeName("Fake::Tag"), refs[:2], ReadWay(How.GET)).calls == 2
    assert provider.calls["CreateFake::Tag"] == 25
