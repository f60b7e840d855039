"""Drift as text and as JSON: the property, what is desired, and what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from orchestrator.cli.render.json import (
    change_document,
    diagnostic_document,
    head,
    stack_document,
    verdict_document,
)
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.text import render_verdicts
from orchestrator.cli.render.values import count, inline
from orchestrator.model.change import Action, Change, PropertyChange
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.ids import render_path
from orchestrator.model.plan import Plan


def render_drift(plan: Plan, drifted: Sequence[Change], style: Style = PLAIN) -> str:
    """Every drifted resource with what differs; ends with a newline."""
    sections = [list(_lines(change, style)) for change in drifted]
    sections.append(list(render_verdicts(plan.verdicts, plan.engine, style)))
    sections.append([style.paint(summary(plan, drifted), "bold")])
    if drifted:
        sections[-1].append("opsctl apply puts back what the spec says.")
    return style.plain("\n\n".join("\n".join(s) for s in sections if s) + "\n")


def summary(plan: Plan, drifted: Sequence[Change]) -> str:
    """In one line: ``Drift: 2 resources drifted (9 resources looked at).``."""
    looked = count(len(plan.changes), "resource")
    found = f"{count(len(drifted), 'resource')} drifted" if drifted else "nothing"
    return f"Drift: {found} ({looked} looked at)."


def deleted(change: Change) -> bool:
    """Whether the object itself is gone."""
    return change.action in (Action.CREATE, Action.FORGET)


def _lines(change: Change, style: Style) -> Iterator[str]:
    place = style.paint(f"{change.file}:{change.line}" if change.file else "", "dim")
    known = style.paint(f"({change.id})", "dim") if change.id else ""
    head_parts = [style.paint(change.address, "bold"), change.type, known, place]
    yield "  ".join(p for p in head_parts if p)
    if deleted(change):
        yield f"  {style.paint('deleted', 'red')} outside opsctl"
    elif change.action is Action.RETAG:
        yield f"  {change.reason}"
    for difference in change.properties:
        yield from _property(difference, style)


def _property(change: PropertyChange, style: Style) -> Iterator[str]:
    yield f"  {render_path(change.path)}"
    yield f"    desired: {style.paint(inline(change.after), 'green')}"
    yield f"    actual:  {style.paint(inline(change.before), 'red')}"


def drift_document(plan: Plan, drifted: Iterable[Change], notes: Iterable[Diagnostic]) -> dict[str, Any]:
    """Drift for programs."""
    changes = [change_document(c) for c in drifted]
    return {
        **head("drift"),
        "stack": stack_document(plan.charter),
        "drifted": bool(changes),
        "looked_at": len(plan.changes),
        "changes": changes,
        "policy": {"engine": plan.engine, "verdicts": [verdict_document(v) for v in plan.verdicts]},
        "reads": {str(name): calls for name, calls in sorted(plan.reads.items())},
        "diagnostics": [diagnostic_document(d) for d in notes],
    }
