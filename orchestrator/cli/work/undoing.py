"""undo: a revision is taken back by a plan that is shown, asked about and carried out like any other."""

from __future__ import annotations

from pathlib import Path

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.identity import holder
from orchestrator.cli.render.conceal import conceal
from orchestrator.cli.render.undo import render_labels, undo_document
from orchestrator.cli.sessions import Work, found, opened
from orchestrator.cli.work.applying import Asking, tell_applied
from orchestrator.cli.work.planning import PLAN_FOLDER, planned_text
from orchestrator.engine import applying
from orchestrator.engine.planning import Planned, sealed
from orchestrator.engine.planning import plan as make_plan
from orchestrator.engine.revisions import past_of
from orchestrator.engine.undoing import Undoing, labels, undoing
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.errors import OpsctlError, StalePlanError


def undo(
    console: Console,
    number: int,
    *,
    plan_only: bool,
    out: Path | None,
    approved: bool,
    environment: str | None,
) -> int:
    """Take a revision back, or show what that would be. Returns the exit code of a plan or of an apply."""
    if not (plan_only or approved or console.interactive):
        hint = f"opsctl undo {number} --dry-run to look; --auto-approve to do it"
        raise OpsctlError(f"nobody is here to approve: undo asks on a terminal only\nhint: {hint}")
    with opened(
        console,
        lambda progress: bootstrap.open_state(
            PLAN_FOLDER, environment=environment, progress=progress, policies=True
        ),
    ) as work:
        way_back = _way_back(work, number)
        if plan_only:
            return _planned(work, way_back, out)
        return _applied(work, way_back, approved=approved)


def _way_back(work: Work, number: int) -> Undoing:
    session = work.session
    past, now = past_of(session.workspace.state)
    return undoing(
        past,
        now,
        number,
        charter=session.charter,
        bundle=session.blueprint.bundle,
        kinds=session.workspace.kind,
        opsctl=session.blueprint.opsctl,
    )


def _planned(work: Work, way_back: Undoing, out: Path | None) -> int:
    console, workspace = work.console, work.session.workspace
    planned = work.watched(lambda: make_plan(way_back.blueprint, workspace))
    notes = found(work, planned.notes)
    if out is not None:
        kept = bootstrap.save_plan(planned.plan, out, work.session.cipher)
    else:
        kept = sealed(planned.plan)
    steps = labels(way_back, planned.plan, workspace.kind)
    if console.output is Output.JSON:
        console.document(lambda: undo_document(way_back, conceal(kept, workspace.kind), steps, notes))
    else:
        console.result(planned_text(planned, work, on_error_stream=False))
        console.result(render_labels(way_back, steps, console.out_style))
    if out is not None:
        console.say(f"Saved to {out}: opsctl apply {out}")
    return 3 if planned.plan.denied else 0


def _applied(work: Work, way_back: Undoing, *, approved: bool) -> int:
    asking = _AskingBack(work, way_back, approved=approved)
    applied = work.watched(
        lambda: applying.apply(
            way_back.blueprint,
            work.session.workspace,
            holder=holder(f"undo {way_back.revision.number}"),
            approve=asking.approve,
        )
    )
    if applied is None:
        return work.console.failed([Diagnostic("not approved: nothing was done")], 1)
    return tell_applied(work, applied, asking.notes)


class _AskingBack(Asking):
    """Shows what each step of going back means, beside the plan."""

    def __init__(self, work: Work, way_back: Undoing, *, approved: bool) -> None:
        super().__init__(work, approved=approved, destroy=False)
        self._way_back = way_back

    def told(self, planned: Planned) -> str:
        """The plan, and below it what does not come back."""
        if planned.situation.snapshot.sequence < self._way_back.sequence or _went_on(planned, self._way_back):
            raise StalePlanError("another run changed the stack meanwhile: nothing was done; undo again")
        workspace = self._work.session.workspace
        steps = labels(self._way_back, planned.plan, workspace.kind)
        return f"{super().told(planned)}{render_labels(self._way_back, steps, self.style)}"


def _went_on(planned: Planned, way_back: Undoing) -> bool:
    return planned.situation.snapshot.sequence - len(planned.settled) != way_back.sequence
