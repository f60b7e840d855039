"""What people and programs are shown, letter by letter."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from orchestrator.cli.render.applied import render_applied
from orchestrator.cli.render.changes import render_change
from orchestrator.cli.render.drift import render_drift
from orchestrator.cli.render.json import applied_document, dump, plan_document
from orchestrator.cli.render.markdown import render_markdown
from orchestrator.cli.render.reported import plan_report
from orchestrator.cli.render.revisions import render_difference, render_history
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.text import render_plan, summary
from orchestrator.cli.render.undo import render_labels
from orchestrator.engine.planning import Blueprint
from orchestrator.engine.revisions import Revision
from orchestrator.engine.undoing import Label, Undoing
from orchestrator.model.change import Action
from orchestrator.model.ids import Address
from orchestrator.model.snapshot import Finished, Snapshot, Started
from orchestrator.model.values import Secret


def test_plan_as_text(plan, outputs_before, golden):
    """A plan shows every change with its reason, its properties, its gates, and what policy says."""
    golden("plan.txt", render_plan(plan, outputs_before=outputs_before))


def test_plan_as_text_on_an_old_terminal(plan, golden):
    """Where only ASCII can be shown, every sign has one that stands for it."""
    text = render_plan(plan, Style(unicode=False))
    assert text.isascii()
    golden("plan-ascii.txt", text)


def test_plan_in_colour_says_the_same(plan):
    """Colour adds nothing that is not in the words."""
    coloured = render_plan(plan, Style(colour=True))
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_plan(plan)


def test_plan_as_markdown(plan, golden):
    """A pull request's comment: summary, table, policy, and a fold for each change."""
    golden("plan.md", render_markdown(plan, plan_report("opsctl plan", plan, (), 3)))


def test_a_long_plan_still_fits_a_comment(plan):
    """Folds are left out before a host would refuse the comment, and that is said."""
    many = replace(plan, changes=plan.changes * 200)
    text = render_markdown(many, plan_report("opsctl plan", many, (), 3))
    assert len(text) < 65_000
    assert "too long for a comment" in text


def test_plan_as_json(plan, golden):
    """The JSON plan holds everything: no-op and read actions, unknown and sensitive maps."""
    golden("plan.json", dump(plan_document(plan)))


def test_apply_as_text(applied, golden):
    """Each cause is told once, with what was not started because of it."""
    golden("apply.txt", render_applied(applied))


def test_apply_as_json(applied, golden):
    """Every outcome stands in the document."""
    document = applied_document(applied)
    document.pop("plan")
    golden("apply.json", dump(document))


def test_drift_as_text(plan, golden):
    """Drift names the property, the desired and the actual value."""
    drifted = [c for c in plan.changes if c.address in {"db", "old", "sg"} or "deleted" in c.reason]
    golden("drift.txt", render_drift(plan, drifted))


def test_an_empty_plan_is_one_line(plan):
    """Nothing to do is said in one line."""
    nothing = replace(plan, changes=plan.changes[-2:], verdicts=(), engine="", outputs={}, reads={})
    assert render_plan(nothing) == "Plan: nothing to do. 2 resources are as desired.\n"


def test_a_destroy_says_so(plan):
    """A destroy lists what goes, and gives no reason but the wish itself."""
    gone = replace(plan, changes=plan.changes[4:5], destroy=True, verdicts=(), engine="", reads={})
    assert "the spec no longer has it" not in render_plan(gone)
    assert summary(gone) == "Plan: 1 to delete."


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_no_rendering_shows_a_secret(plan, output):
    """A secret's plain value stands in no form of a plan."""
    plain = "hunter2-plain"
    secret = Secret(plain, "env:DB", "1")
    leaky = replace(
        plan,
        changes=tuple(
            replace(
                c,
                after={"p": secret, "list": [{"q": secret}]} if c.after else c.after,
                before={"p": secret} if c.before else c.before,
                properties=tuple(replace(p, before=secret, after=secret) for p in c.properties),
            )
            for c in plan.changes
        ),
        outputs={"key": secret},
    )
    shown = {
        "text": lambda: render_plan(leaky),
        "json": lambda: json.dumps(plan_document(leaky)),
        "markdown": lambda: render_markdown(leaky, plan_report("opsctl plan", leaky, (), 3)),
    }[output]()
    assert plain not in shown


def test_every_action_has_a_sign(plan):
    """No action is without a sign of its own, so that a plan can be skimmed."""
    assert {c.action for c in plan.changes} == set(Action)
    signs = {next(render_change(c, PLAIN)).split()[0] for c in plan.changes}
    assert len(signs) >= len(Action) - 1


def test_the_past_as_text(plan, outputs_before, golden):
    """Revisions that ended, failed and were killed; and what differs between two."""
    started = Started("r1", "alice@build-7 (process 12)", "apply", 1764043200.0, "d" * 64, "5" * 64)
    revisions = [
        Revision(1, started, Finished("r1", 1764043260.0, "done", {"create": 3}), 9),
        Revision(
            2,
            replace(started, command="state mv a b", spec="", plan=""),
            Finished("r2", 1.0, "done", {"mv": 1}),
            12,
        ),
        Revision(3, started, Finished("r3", 1.0, "incomplete", {"update": 1, "failed": 1}), 15),
        Revision(4, replace(started, command="undo 3"), None, 17),
    ]
    golden("history.txt", render_history(revisions, 9))
    told = [
        c for c in plan.changes if c.action in (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
    ]
    golden("revision-diff.txt", render_difference((3, None), told, (outputs_before, plan.outputs)))
    undo = Undoing(revisions[2], Blueprint(plan.charter, ()), Snapshot(plan.charter.id), 17, {})
    steps = [
        Label(Address("web"), Action.UPDATE, (), reversible=True),
        Label(Address("database"), Action.DELETE, ("the data that it holds are lost",)),
    ]
    golden("undo.txt", render_labels(undo, steps))
