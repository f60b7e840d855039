"""drift: what was changed behind opsctl's back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.conceal import conceal_change
from orchestrator.cli.render.drift import drift_document, render_drift
from orchestrator.cli.sessions import found
from orchestrator.cli.work.planning import Wish, stack
from orchestrator.engine.planning import Planned
from orchestrator.engine.planning import plan as make_plan
from orchestrator.model.change import Action, Cause, Change
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.plan import Plan
from orchestrator.model.verdict import Effect, Stage


def drift(console: Console, wish: Wish) -> int:
    """Compare what is there with what was applied; ends with 2 where they differ, 3 where policy denies that."""
    with stack(console, wish) as work:
        blueprint = replace(work.session.blueprint, stage=Stage.DRIFT)
        planned = work.watched(lambda: make_plan(blueprint, work.session.workspace))
        console.interrupts.check()
        notes = found(work, planned.notes)
        kinds = work.session.workspace.kind
        drifted = tuple(conceal_change(c, kinds(c.type)) for c in drifted_changes(planned))
        denied = any(v.blocks and v.effect is Effect.DENY for v in planned.plan.verdicts)
        code = 3 if denied else 2 if drifted else 0
        _print(console, planned.plan, drifted, notes, code)
    return code


def _print(
    console: Console, plan: Plan, drifted: Sequence[Change], notes: Sequence[Diagnostic], code: int
) -> None:
    match console.output:
        case Output.JSON:
            console.document(lambda: drift_document(plan, drifted, notes))
        case Output.TEXT:
            console.result(render_drift(plan, drifted, console.out_style))
        case _:
            from orchestrator.cli.render.reported import drift_report  # noqa: PLC0415 - lazy

            console.report(drift_report(console.command, plan, drifted, notes, code))


def drifted_changes(planned: Planned) -> tuple[Change, ...]:
    """The changes that somebody else has caused, with those of their properties that show it."""
    found = (_drifted(change, planned) for change in planned.plan.changes)
    return tuple(change for change in found if change is not None)


def _drifted(change: Change, planned: Planned) -> Change | None:
    known = planned.situation.snapshot.resources
    if change.action is Action.CREATE:
        return change if (change.moved_from or change.address) in known else None
    if change.action is Action.FORGET:
        gone = change.before is None and change.address in known
        return change if gone else None
    if change.action is Action.RETAG:
        return change
    properties = tuple(p for p in change.properties if p.cause is Cause.DRIFT)
    return replace(change, properties=properties) if properties else None
