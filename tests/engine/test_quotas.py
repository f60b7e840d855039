"""Quotas of a cloud: named before the first create, and what happens where one is exceeded on the way all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model.errors import QuotaExceededError
from orchestrator.model.outcome import Result
from orchestrator.model.verdict import Stage
from tests.engine.conftest import FAKE


def going_on(world):
    """The same blueprint, with ``quotas: warn`` at the provider."""
    charter = world.blueprint().charter
    return {"charter": replace(charter, providers={FAKE: {"quotas": "warn"}})}


def asked(world) -> int:
    return [called.operation for called in world.cloud.log].count("GetQuota")


def test_a_plan_names_the_quota_its_use_its_limit_and_what_is_wanted(world):
    world.cloud.limit = 1
    for name in ("a", "b", "c"):
        world.want(name)
    planned = world.plan()
    (note,) = planned.notes
    assert note.severity == "warning"
    assert "fake objects: 0 of 1 used, 1 left, and 3 more wanted (a 1, b 1, c 1)" in note.message
    assert "--target" in note.hint
    assert planned.plan.reads == {FAKE: 1}, "the call is counted"


def test_apply_makes_nothing_where_a_quota_does_not_suffice(world):
    world.cloud.limit = 1
    world.want("a")
    world.want("b")
    with pytest.raises(QuotaExceededError, match="nothing was applied"):
        world.apply()
    assert world.names() == []
    world.cloud.limit = 2
    assert world.apply().exit_code == 0
    assert world.plan().plan.empty


def test_a_saved_plan_is_refused_where_the_quota_went_meanwhile(world):
    world.cloud.limit = 2
    world.want("a")
    saved = world.plan()
    assert saved.shortages == ()
    world.cloud.limit = 0
    with pytest.raises(QuotaExceededError):
        world.apply_saved(saved)
    assert world.names() == []


def test_a_quota_that_somebody_else_took_fails_one_and_the_next_apply_goes_on(world):
    """What fits is made, what does not is named, what rests on it is skipped; nothing is made twice."""
    world.cloud.limit = 2
    world.want("a")
    world.want("b", spec={"parent": "${a.status.id}"})
    world.want("c", spec={"parent": "${b.status.id}"})
    world.want("d", spec={"parent": "${c.status.id}"})
    assert "apply goes as far" in world.plan(**going_on(world)).notes[0].hint
    done = world.apply(**going_on(world))
    assert {str(a): o.result for a, o in done.outcomes.items()} == {
        "a": Result.DONE,
        "b": Result.DONE,
        "c": Result.FAILED,
        "d": Result.SKIPPED,
    }
    assert "QuotaExceeded: there may be 2 objects" in done.outcomes["c"].message
    world.cloud.limit = 4
    assert world.apply().exit_code == 0
    assert world.names() == ["a", "b", "c", "d"]
    assert world.plan().plan.empty


def test_what_goes_makes_room_and_what_is_made_before_the_old_goes_does_not(world):
    world.cloud.limit = 2
    world.want("a")
    world.want("b")
    assert world.apply().exit_code == 0
    world.drop("a")
    world.want("c")
    assert world.plan().shortages == ()
    world.apply()  # both at once: the new one may come before the old one has gone
    assert world.apply().exit_code == 0
    assert world.names() == ["b", "c"]
    world.want("c", spec={"zone": "z"})
    assert world.actions() == {"c": "replace"}
    assert world.plan().shortages == ()
    world.want("c", spec={"zone": "z"}, lifecycle={"replace": "createFirst"})
    (short,) = world.plan().shortages
    assert (short.quota.used, short.quota.limit, short.quota.wanted) == (2, 2, {"c": 1})


def test_nobody_is_asked_where_nothing_is_to_be_made(world):
    world.cloud.limit = 9
    world.want("a")
    assert world.apply().exit_code == 0
    before = asked(world)
    world.plan()
    world.plan(stage=Stage.DRIFT)
    assert world.destroy().exit_code == 0
    world.plan(stage=Stage.DRIFT)
    assert asked(world) == before
