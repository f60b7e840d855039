"""apply and destroy: the plan is shown, asked about, and carried out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.identity import holder
from orchestrator.cli.render.conceal import conceal
from orchestrator.cli.render.stale import explained
from orchestrator.cli.render.style import Style
from orchestrator.cli.render.text import render_verdicts
from orchestrator.cli.sessions import Work, found, opened
from orchestrator.cli.streams import ResultLostError, discard
from orchestrator.cli.work.planning import PLAN_FOLDER, Wish, planned_text, stack
from orchestrator.engine import applying
from orchestrator.engine.applying import Applied
from orchestrator.engine.planning import Planned, sealed
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.errors import OpsctlError, StalePlanError

_DONE: Final = "what was done is done and recorded, and opsctl plan shows what is left"


def apply(console: Console, wish: Wish, *, approved: bool) -> int:
    """Plan and apply in one go, under one lease."""
    command = "destroy" if wish.destroy else "apply"
    if not approved and not console.interactive:
        message = f"nobody is here to approve: {command} asks on a terminal only"
        hint = f"opsctl {command} --auto-approve; or opsctl plan --out FILE, and opsctl apply FILE"
        raise OpsctlError(f"{message}\nhint: {hint}")
    with stack(console, wish) as work:
        work.session.limit(wish.parallelism)
        asking = Asking(work, approved=approved, destroy=wish.destroy)
        applied = work.watched(
            lambda: applying.apply(
                work.session.blueprint,
                work.session.workspace,
                holder=holder(command),
                approve=asking.approve,
            )
        )
        if applied is None:
            return console.failed([Diagnostic("not approved: nothing was done")], 1)
        return tell_applied(work, applied, asking.notes)


def apply_saved(
    console: Console,
    path: Path,
    *,
    trusted: Path | None,
    signed: bool,
    approvals: Sequence[Path] = (),
    parallelism: int | None = None,
) -> int:
    """Exactly what a saved plan says, or nothing."""
    saved = bootstrap.read_plan(path)
    plan = bootstrap.open_plan(saved, trusted or PLAN_FOLDER, signed=signed)
    with opened(
        console, lambda progress: bootstrap.open_saved(plan, folder=PLAN_FOLDER, progress=progress)
    ) as work:
        session = work.session
        session.limit(parallelism)
        who = holder(f"apply {path.name}")
        by = f"{plan.signed_by.name} ({plan.signed_by.key})" if plan.signed_by is not None else ""
        if by:
            console.say(f"Signed by {by}.")
        given = bootstrap.read_approvals(approvals, session.blueprint.bundle)
        try:
            applied = work.watched(
                lambda: applying.apply_saved(
                    plan.plan,
                    session.blueprint,
                    session.workspace,
                    holder=who,
                    signed_by=by,
                    approvals=given,
                )
            )
        except StalePlanError as error:
            raise explained(error, session.workspace.kind) from error
        notes = found(work, ())
        if console.output is Output.TEXT and applied.plan.verdicts:
            said = render_verdicts(applied.plan.verdicts, applied.plan.engine, console.out_style)
            console.result("\n".join(said))
        return tell_applied(work, applied, notes)


class Asking:
    """Shows a plan and asks whether to go on; remembers what was noticed on the way."""

    def __init__(self, work: Work, *, approved: bool, destroy: bool) -> None:
        self._work = work
        self._approved = approved
        self._destroy = destroy
        self.notes: list[Diagnostic] = []

    def approve(self, planned: Planned) -> bool:
        """Whether the plan may be carried out."""
        console = self._work.console
        console.interrupts.check()
        with self._work.events.paused():
            self.notes = found(self._work, planned.notes)
            if console.output is Output.TEXT:
                self._show(planned)
            elif not self._approved:
                console.say(self.told(planned))
            if planned.plan.empty or self._approved or planned.plan.denied:
                return True
            return self._ask(planned)

    def _show(self, planned: Planned) -> None:
        """Nothing is applied that nobody could see."""
        console = self._work.console
        try:
            console.result(self.told(planned))
            console.out.flush()
        except ResultLostError as error:
            discard(console.out)
            raise OpsctlError(f"{error}; nothing was applied") from error

    @property
    def style(self) -> Style:
        """Of the stream that the plan is shown on."""
        console = self._work.console
        return console.out_style if console.output is Output.TEXT else console.err_style

    def told(self, planned: Planned) -> str:
        """What is shown before the question."""
        return planned_text(planned, self._work, on_error_stream=self._work.console.output is not Output.TEXT)

    def _ask(self, planned: Planned) -> bool:
        """Ask in words that fit the danger: whoever destroys a stack types its name."""
        console, name = self._work.console, planned.plan.charter.name
        wanted = name if self._destroy else "yes"
        question = (
            f"Destroy everything of {name}? Type {name} to go on: "
            if self._destroy
            else "Apply this? Type yes to go on: "
        )
        return console.confirms(question, wanted)


def tell_applied(work: Work, applied: Applied, notes: list[Diagnostic]) -> int:
    """Print how it ended; returns the exit code."""
    console = work.console
    if applied.unrecorded is not None:
        notes = [*notes, _unrecorded(applied.unrecorded)]
        console.diagnostics(notes[-1:])
    try:
        _print(work, applied, notes)
        console.out.flush()
    except ResultLostError as error:
        discard(console.out)
        raise OpsctlError(f"{error}; {_DONE}") from error
    return applied.exit_code


def _unrecorded(error: OpsctlError) -> Diagnostic:
    message = f"the state could not be written any more, so nothing further was started: {error}"
    hint = "what was under way is settled by the next apply, which does the rest too"
    return Diagnostic(message, hint=hint)


def _print(work: Work, applied: Applied, notes: list[Diagnostic]) -> None:
    """The result, as the console wants it."""
    console = work.console
    if console.output is Output.TEXT:
        from orchestrator.cli.render.applied import render_applied  # noqa: PLC0415 - lazy

        console.out.write("\n" if not applied.plan.empty else "")
        console.result(render_applied(applied, console.out_style))
        return
    from dataclasses import replace  # noqa: PLC0415 - lazy

    shown = replace(applied, plan=conceal(sealed(applied.plan), work.session.workspace.kind))
    if console.output is Output.JSON:
        from orchestrator.cli.render.json import applied_document  # noqa: PLC0415 - lazy

        console.document(lambda: applied_document(shown, notes))
    else:
        from orchestrator.cli.render.reported import apply_report  # noqa: PLC0415 - lazy

        console.report(apply_report(console.command, shown, notes))
