"""What going back means, step by step, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from orchestrator.cli.render.json import head, plan_document
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.engine.undoing import Label, Undoing
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.plan import Plan


def render_labels(undo: Undoing, steps: Sequence[Label], style: Style = PLAIN) -> str:
    """Below the plan: whether each step could be undone in turn, and what is lost; ends with a newline."""
    return style.plain("\n".join(_lines(undo, steps, style)) + "\n")


def _lines(undo: Undoing, steps: Sequence[Label], style: Style) -> Iterator[str]:
    started = undo.revision.started
    when = datetime.fromtimestamp(started.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    yield ""
    yield style.paint(f"Undo of revision {undo.revision.number}", "bold") + f" ({started.command}, {when})"
    wide = max((len(step.address) for step in steps), default=0)
    for step in steps:
        word = style.paint("reversible", "green") if step.reversible else style.paint("final", "red")
        yield f"  {step.address:<{wide}}  {step.action}: {word}"
        yield from (f"  {'':<{wide}}    lost: {what}" for what in step.lost)
    yield "The files stay as they are: as long as they say what is undone here, the next plan shows it again."


def undo_document(
    undo: Undoing, plan: Plan, steps: Sequence[Label], notes: Iterable[Diagnostic]
) -> dict[str, Any]:
    """A planned undo for programs."""
    return {
        **head("undo"),
        "revision": undo.revision.number,
        "steps": [
            {
                "address": step.address,
                "action": str(step.action),
                "reversible": step.reversible,
                "lost": list(step.lost),
            }
            for step in steps
        ],
        "plan": plan_document(plan, notes),
    }
