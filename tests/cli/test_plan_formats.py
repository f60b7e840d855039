"""Saved plans of older formats are read step by step; newer ones are refused and left as they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchestrator.model.errors import NewerStateError
from orchestrator.model.versions import PLAN_FORMAT, PLAN_STEPS, lifted_plan

OLD = Path(__file__).parents[1] / "state" / "fixtures" / "format-1.opsplan"
"""As the last program of format 1 wrote it: a value, a file that reads it, and an output."""


@pytest.fixture
def old(stack):
    """The plan in the folder of its stack, with none of the files that it was made of."""
    shutil.copy(OLD, stack.folder / "old.opsplan")
    return stack


def test_a_plan_of_format_1_is_shown_and_applied(old):
    """It carries all that it needs; the file stays as it was."""
    before = (old.folder / "old.opsplan").read_bytes()
    shown = old.run("show", "old.opsplan")
    assert (shown.code, "Plan: 2 to create." in shown.out) == (0, True)
    ran = old.run("apply", "old.opsplan")
    assert ran.code == 0, ran.err
    assert (old.folder / "letter.txt").read_text() == "hello 3"
    assert (old.folder / "old.opsplan").read_bytes() == before


@pytest.mark.parametrize("place", [("charter", "id"), ("changes", 0, "address"), ("digest",)])
def test_a_changed_plan_of_format_1_is_still_found_out(old, place):
    """Its digest goes over what was written then."""
    plan = json.loads(OLD.read_text())
    inside = plan
    for part in place[:-1]:
        inside = inside[part]
    inside[place[-1]] += "x"
    (old.folder / "old.opsplan").write_text(json.dumps(plan))
    ran = old.run("apply", "old.opsplan")
    assert (ran.code, "damaged" in ran.err) == (1, True)
    assert not (old.folder / "letter.txt").exists()


def test_a_newer_plan_is_refused_and_left_untouched(stack):
    stack.values(a="1")
    stack.run("plan", "-o", "next.opsplan")
    path = stack.folder / "next.opsplan"
    newer = {**json.loads(path.read_text()), "format": PLAN_FORMAT + 1}
    path.write_text(json.dumps(newer))
    before = path.read_bytes()
    for command in (("apply", "next.opsplan"), ("show", "next.opsplan"), ("verify", "next.opsplan")):
        ran = stack.run(*command)
        assert (ran.code, "written by a newer opsctl (plan format 3" in ran.err) == (1, True)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "text",
    ['{"format": 1}', '{"format": 0}', '{"format": "2"}', '{"format": 1, "charter": []}', "[]", "{}", "x"],
)
def test_what_is_no_plan_of_its_format_is_no_crash(stack, text):
    stack.write("p.opsplan", text)
    ran = stack.run("apply", "p.opsplan")
    assert (ran.code, "is not a plan of opsctl, or it is damaged" in ran.err) == (1, True)


def test_every_older_format_has_its_step():
    """And nothing is lifted that is newer."""
    assert sorted(PLAN_STEPS) == list(range(1, PLAN_FORMAT))
    with pytest.raises(NewerStateError):
        lifted_plan({"format": PLAN_FORMAT + 1}, "p")
