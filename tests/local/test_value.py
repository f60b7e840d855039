"""Values: state alone, no call."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.model.change import Action
from orchestrator.model.ids import Address, Uid
from orchestrator.model.provision import Ref
from orchestrator.model.schema import check
from orchestrator.model.values import Secret

VALUES = [1, 1.5, True, None, "text", ["a", {"b": 2}], {"deep": {"er": [1, 2]}}]


@pytest.mark.parametrize("plain", VALUES)
def test_any_value_is_handed_on_with_its_type(value: Any, plain: Any) -> None:
    spec = {"value": plain}
    assert list(check(spec, value.schema.spec)) == []
    seen = value.create(spec)
    assert seen.status == {"id": seen.id, "value": plain}


@pytest.mark.parametrize("plain", VALUES)
def test_after_apply_there_is_nothing_to_do(value: Any, plain: Any) -> None:
    """Invariant 11: what was applied is what is read."""
    spec = {"value": plain}
    seen = value.create(spec)
    assert value.read(spec, seen.id) == seen
    assert value.propose(spec, seen, spec).action is Action.NOOP


def test_reading_any_number_costs_no_call(value: Any) -> None:
    refs = [Ref(Address(f"v{i}"), f"value-{i}", {"value": i}, Uid(str(i))) for i in range(1000)]
    result = value.provider.read_many(value.type, refs, value.schema.reads[0])
    assert (len(result.found), result.calls) == (1000, 0)
    assert value.provider.calls == {}


def test_without_an_id_there_is_nothing(value: Any) -> None:
    assert value.read({"value": 1}) is None


def test_a_change_is_an_update_and_the_id_stays(value: Any) -> None:
    seen = value.create({"value": 1})
    assert value.propose({"value": 2}, seen, {"value": 1}).action is Action.UPDATE
    assert value.update({"value": 2}, seen, {"value": 1}).id == seen.id


def test_a_change_of_replace_on_replaces(value: Any) -> None:
    last = {"value": 1, "replaceOn": "a"}
    proposal = value.propose({"value": 1, "replaceOn": "b"}, value.create(last), last)
    assert proposal.action is Action.REPLACE


def test_creating_twice_is_creating_once(value: Any) -> None:
    """The id follows from the incarnation, so an interrupted create is settled by its intent."""
    first, again = value.create({"value": 1}), value.create({"value": 1})
    assert first == again == value.provider.find(value.intent(Action.CREATE, {"value": 1}))
    assert value.provider.find(value.intent(Action.DELETE, {}, first.id)) is None


def test_a_secret_value_stays_one(value: Any) -> None:
    """It is handed on as it came: never in plain."""
    secret = Secret("hunter2", "env:PASSWORD", "v1")
    assert value.create({"value": secret}).status["value"] is secret
