"""A plan as text: changes that do something, what policy says, what it took to read, and one line that sums up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from orchestrator.cli.render.changes import render_change
from orchestrator.cli.render.findings import policy_lines, standings
from orchestrator.cli.render.report import of_verdict
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import UNKNOWN_TEXT, block, count, inline
from orchestrator.model.change import Action, Change
from orchestrator.model.plan import Plan
from orchestrator.model.values import Unknown, contains
from orchestrator.model.verdict import Effect, Verdict

_TOLD: Final = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.REPLACE: "to replace",
    Action.DELETE: "to delete",
    Action.ADOPT: "to adopt",
    Action.FORGET: "to forget",
    Action.MOVE: "to move",
    Action.RETAG: "to retag",
    Action.GATE: "to gate",
}


def render_plan(plan: Plan, style: Style = PLAIN, *, outputs_before: Mapping[str, Any] | None = None) -> str:
    """Everything that a reviewer needs, in the order of reading; ends with a newline."""
    sections = [
        list(_selected(plan, style)),
        list(spaced((told(change, plan) for change in plan.pending), style)),
        list(_quiet(plan, style)),
        list(_outputs(plan, outputs_before, style)),
        list(render_verdicts(plan.verdicts, plan.engine, style)),
        list(_foot(plan, style)),
    ]
    return style.plain("\n\n".join("\n".join(s) for s in sections if s) + "\n")


def _selected(plan: Plan, style: Style) -> Iterator[str]:
    """Of a plan of a part of the stack: what it is about, as far as it changes, and why."""
    changed = {c.address for c in plan.pending}
    lines = [
        f"  {address}  {style.paint(why, 'dim')}"
        for address, why in plan.selected.items()
        if address in changed
    ]
    if plan.targets:
        yield style.paint(f"Only {', '.join(plan.targets)}, and what that needs", "bold")
        yield from lines


def spaced(changes: Iterable[Change], style: Style) -> Iterator[str]:
    """Changes as lines; a blank one stands around those that have more than one."""
    tall = False
    for index, change in enumerate(changes):
        lines = list(render_change(change, style))
        if index and (tall or len(lines) > 1):
            yield ""
        tall = len(lines) > 1
        yield from lines


def told(change: Change, plan: Plan) -> Change:
    """A change with the reason that its reader has in mind: whoever destroys a stack knows that it is gone."""
    return replace(change, reason="") if plan.destroy and change.action is Action.DELETE else change


def _quiet(plan: Plan, style: Style) -> Iterator[str]:
    same = sum(c.action is Action.NOOP for c in plan.changes)
    reads = [c for c in plan.changes if c.action is Action.READ]
    for change in reads:
        yield f"  {style.paint('?', 'dim')} {change.address}  {change.type}  {style.paint(change.reason, 'dim')}"
    if same and not plan.empty:
        yield style.paint(
            f"  = {count(same, 'resource stays as it is', 'resources stay as they are')}", "dim"
        )


def _outputs(plan: Plan, before: Mapping[str, Any] | None, style: Style) -> Iterator[str]:
    lines = list(output_changes({} if plan.destroy and not plan.targets else plan.outputs, before, style))
    if lines:
        yield style.paint("Outputs", "bold")
        yield from (f"  {line}" for line in lines)


def output_changes(
    outputs: Mapping[str, Any], before: Mapping[str, Any] | None, style: Style
) -> Iterator[str]:
    """The outputs that change; all of them where nobody knows what they were."""
    for name in sorted({*outputs, *(before or {})}):
        value = outputs.get(name)
        if before is None:
            yield from block(name, value)
        elif name not in before:
            yield f"{style.paint('+', 'green')} {name}: {inline(value)}"
        elif name not in outputs:
            yield f"{style.paint('-', 'red')} {name}"
        elif contains(value, Unknown):
            was = inline(before[name])
            yield f"{style.paint('~', 'yellow')} {name}: {was} {style.sign('→')} {UNKNOWN_TEXT}"
        elif value != before[name]:
            yield f"{style.paint('~', 'yellow')} {name}: {inline(before[name])} {style.sign('→')} {inline(value)}"


def render_verdicts(verdicts: Sequence[Verdict], engine: str, style: Style) -> Iterator[str]:
    """What policy says, worst first and each rule once; one line where it has nothing to say."""
    if not engine and not verdicts:
        return
    by = style.paint(f"({engine})", "dim") if engine else ""
    if not verdicts:
        yield f"{style.paint('Policy', 'bold')}  nothing to object {by}"
        return
    findings = [of_verdict(v) for v in verdicts]
    yield f"{style.paint('Policy', 'bold')}  {standings(findings)} {by}".rstrip()
    yield from policy_lines(findings, style)


def _foot(plan: Plan, style: Style) -> Iterator[str]:
    calls = {name: n for name, n in plan.reads.items() if n}
    if calls:
        told = ", ".join(f"{name} {count(n, 'call')}" for name, n in sorted(calls.items()))
        yield style.paint(f"Read with {told}.", "dim")
    yield style.paint(summary(plan), "bold")
    if plan.denied:
        yield style.paint(denial(plan), "red", "bold")


def denial(plan: Plan) -> str:
    """What keeps a plan from being applied."""
    if any(v.blocks and v.effect is Effect.DENY for v in plan.verdicts):
        return "Denied by policy: this plan cannot be applied."
    return "To be approved: save the plan, and have it approved (opsctl approve)."


def summary(plan: Plan) -> str:
    """In one line: ``Plan: 3 to create, 1 to update; 5 unchanged``."""
    if plan.unread:
        return "No plan: policy denies what the files say, so nothing was read."
    counts = plan.summary()
    same = counts.get(Action.NOOP, 0)
    if plan.empty:
        what = "nothing is there to destroy" if plan.destroy else "nothing to do"
        tail = f"{count(same, 'resource is', 'resources are')} as desired." if same else "No resources."
        return f"Plan: {what}. {'' if plan.destroy else tail}".rstrip()
    told = ", ".join(f"{counts[action]} {words}" for action, words in _TOLD.items() if counts.get(action))
    return f"Plan: {told}{f'; {same} unchanged' if same else ''}."


def indented(lines: Iterable[str], by: str = "  ") -> Iterator[str]:
    """The same lines, further in."""
    return (f"{by}{line}" for line in lines)
