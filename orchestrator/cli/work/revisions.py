"""history and diff: the numbered past of a stack, from its journal alone."""

from __future__ import annotations

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.conceal import conceal_change
from orchestrator.cli.render.revisions import (
    difference_document,
    history_document,
    render_difference,
    render_history,
)
from orchestrator.cli.work.state import remembered
from orchestrator.engine.revisions import difference, past_of


def history(console: Console, limit: int, *, environment: str | None) -> int:
    """The last revisions, oldest first."""
    with remembered(console, environment) as work:
        past, _ = past_of(work.session.workspace.state)
    shown = past.revisions[-limit:]
    if console.output is Output.JSON:
        console.document(lambda: history_document(shown))
    else:
        console.result(render_history(shown, len(past.revisions), console.out_style))
    return 0


def diff(console: Console, first: int, second: int | None, *, environment: str | None) -> int:
    """What differs between two states; the second is the present where it is not given."""
    with remembered(console, environment) as work:
        past, now = past_of(work.session.workspace.state)
    before = past.at(first)
    after = past.at(second) if second is not None else now
    kinds = bootstrap.catalogue().kind
    changes = tuple(conceal_change(c, kinds(c.type)) for c in difference(before, after))
    if console.output is Output.JSON:
        console.document(lambda: difference_document(first, second, changes, before.outputs, after.outputs))
    else:
        text = render_difference((first, second), changes, (before.outputs, after.outputs), console.out_style)
        console.result(text)
    return 0
