"""validate, plan and the showing of a saved plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.conceal import conceal
from orchestrator.cli.render.values import count
from orchestrator.cli.sessions import Work, found, opened
from orchestrator.engine.judging import Judged, seen_by_policy
from orchestrator.engine.planning import Planned, judged_specs, sealed
from orchestrator.engine.planning import plan as make_plan
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.errors import InvalidSpecError
from orchestrator.model.plan import Plan
from orchestrator.model.resource import Mode
from orchestrator.model.scope import Surroundings
from orchestrator.model.verdict import Effect
from orchestrator.seams.progress import Progress
from orchestrator.stages.graph import Graph
from orchestrator.stages.graph import graph as make_graph

PLAN_FOLDER = Path()
"""Commands work in the present folder; --chdir has changed it already."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be planned."""

    environment: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    destroy: bool = False
    untrusted: bool = False
    trusted: Path | None = None
    parallelism: int | None = None
    targets: Sequence[str] = ()


def stack(console: Console, wish: Wish) -> AbstractContextManager[Work]:
    """The stack in the present folder, open."""

    def session(progress: Progress) -> bootstrap.Session:
        made = bootstrap.open_stack(
            PLAN_FOLDER,
            environment=wish.environment,
            params=wish.params,
            untrusted=wish.untrusted,
            trusted=wish.trusted,
            progress=progress,
            destroy=wish.destroy,
        )
        made.aim(wish.targets)
        return made

    return opened(console, session)


def validate(console: Console, *, environment: str | None, params: Mapping[str, str]) -> int:
    """Everything that can be found without a look at a cloud; 3 where policy denies the specs.

    The graph is made, not walked, and the rules of the stage spec are asked.
    """
    with stack(console, Wish(environment, params)) as work:
        shape = graph_of(work)
        session = work.session
        specs = work.watched(lambda: judged_specs(session.blueprint, session.workspace))
        work.console.interrupts.check()
        notes = found(work, [*shape.diagnostics, *specs.notes])
        code = 3 if specs.denied else 0
        _print_valid(console, work, notes, specs, code)
    return code


def _print_valid(console: Console, work: Work, notes: Sequence[Diagnostic], specs: Judged, code: int) -> None:
    resources = [r for r in work.session.blueprint.resources if r.mode in (Mode.MANAGED, Mode.DATA)]
    warned = sum(d.severity is Severity.WARNING for d in notes)
    tail = f", {warned} to look at" if warned else ""
    beside = ", and denied by policy" if specs.denied else ""
    told = f"Valid: {count(len(resources), 'resource')}{tail}{beside}."
    engine = work.session.workspace.policy.name
    match console.output:
        case Output.TEXT if specs.verdicts:
            from orchestrator.cli.render.text import render_verdicts  # noqa: PLC0415 - lazy

            console.result("\n".join([*render_verdicts(specs.verdicts, engine, console.out_style), "", told]))
        case Output.TEXT:
            console.result(told)
        case Output.JSON:
            from orchestrator.cli.render.json import valid_document  # noqa: PLC0415 - lazy

            console.document(lambda: valid_document(notes, code, specs.verdicts, specs.decisions))
        case _:
            from orchestrator.cli.render.reported import valid_report  # noqa: PLC0415 - lazy

            charter = work.session.charter
            console.report(
                valid_report(
                    console.command, told, charter, resources, notes, verdicts=specs.verdicts, exit_code=code
                )
            )


def graph_of(work: Work) -> Graph:
    """The graph of the files; raises InvalidSpecError with all that is wrong with it."""
    session = work.session
    charter = session.charter
    about = {"name": charter.name, "id": str(charter.id), "environment": charter.environment}
    around = Surroundings(charter.params, about, charter.env)
    shape = make_graph(session.blueprint.resources, kinds=session.workspace.kind, around=around)
    wrong = [*session.blueprint.diagnostics, *shape.diagnostics]
    if any(d.severity is Severity.ERROR for d in wrong):
        raise InvalidSpecError(tuple(dict.fromkeys(wrong)))
    return shape


def plan(
    console: Console,
    wish: Wish,
    *,
    out: Path | None,
    save_input: Path | None,
    detailed: bool,
    keys: Sequence[str] = (),
) -> int:
    """Make a plan, save it, sign it, save what policies see of it where that is asked for, and show it."""
    with stack(console, wish) as work:
        session = work.session
        home = wish.trusted or session.folder
        signers = [bootstrap.signer_of(key, session.charter, home) for key in keys]
        work.session.limit(wish.parallelism)
        planned = work.watched(lambda: make_plan(work.session.blueprint, work.session.workspace))
        work.console.interrupts.check()
        notes = found(work, planned.notes)
        if out is not None:
            kept = bootstrap.save_plan(planned.plan, out, session.cipher, signers)
        else:
            kept = planned.plan if console.output is Output.TEXT else sealed(planned.plan)
        if save_input is not None:
            bootstrap.write_input(seen_by_policy(planned.plan, work.session.blueprint.stage), save_input)
        shown = conceal(kept, work.session.workspace.kind)
        before = planned.situation.snapshot.outputs
        code = exit_code(planned.plan, detailed=detailed)
        print_plan(console, shown, notes, outputs_before=before, code=code)
    if out is not None:
        by = f", signed by {', '.join(s.key for s in signers)}" if signers else ""
        console.say(f"Saved to {out}{by}: {_next(planned.plan, out)}")
    if save_input is not None:
        console.say(f"Saved what policies see to {save_input}: opsctl policy eval -i {save_input}")
    return code


def _next(plan: Plan, out: Path) -> str:
    """What to do with a saved plan."""
    if not plan.denied:
        return f"opsctl apply {out}"
    if any(v.blocks and v.effect is Effect.DENY for v in plan.verdicts):
        return "policy denies it, so apply refuses it"
    return f"opsctl approve {out} --key KEY, then opsctl apply {out} --approval {out}.approval"


def exit_code(plan: Plan, *, detailed: bool) -> int:
    """3 where policy denies it, 2 where changes are asked about and there are some."""
    if plan.denied:
        return 3
    return 2 if detailed and not plan.empty else 0


def print_plan(
    console: Console,
    plan: Plan,
    notes: Sequence[Diagnostic] = (),
    *,
    outputs_before: Mapping[str, Any] | None = None,
    code: int = 0,
) -> None:
    """A plan as the console wants it; its secrets are concealed before it comes here."""
    match console.output:
        case Output.JSON:
            from orchestrator.cli.render.json import plan_document  # noqa: PLC0415 - lazy

            console.document(lambda: plan_document(plan, notes))
        case Output.TEXT:
            from orchestrator.cli.render.text import render_plan  # noqa: PLC0415 - lazy

            console.result(render_plan(plan, console.out_style, outputs_before=outputs_before))
        case _:
            from orchestrator.cli.render.html import render_plan_page  # noqa: PLC0415 - lazy
            from orchestrator.cli.render.markdown import render_markdown  # noqa: PLC0415 - lazy
            from orchestrator.cli.render.reported import plan_report  # noqa: PLC0415 - lazy

            report = plan_report(console.command, plan, notes, code)
            richer = {
                Output.MARKDOWN: lambda: render_markdown(plan, report),
                Output.HTML: lambda: render_plan_page(plan, report),
            }
            console.report(report, richer)


def show_plan(console: Console, path: Path) -> int:
    """A saved plan, without a look at anything but the keys that it is sealed and signed by."""
    saved = bootstrap.read_plan(path)
    opened = bootstrap.open_plan(saved, PLAN_FOLDER, judged=False)
    code = exit_code(opened.plan, detailed=False)
    print_plan(console, conceal(opened.plan, bootstrap.catalogue().kind), code=code)
    if saved.signatures and console.output is Output.TEXT:
        from orchestrator.cli.render.signatures import signature_lines  # noqa: PLC0415 - lazy

        console.result("\n".join(["Signatures", *signature_lines(saved, opened)]))
    return 0


def planned_text(planned: Planned, work: Work, *, on_error_stream: bool) -> str:
    """The plan that is asked about."""
    from orchestrator.cli.render.text import render_plan  # noqa: PLC0415 - lazy

    style = work.console.err_style if on_error_stream else work.console.out_style
    shown = conceal(planned.plan, work.session.workspace.kind)
    return render_plan(shown, style, outputs_before=planned.situation.snapshot.outputs)
