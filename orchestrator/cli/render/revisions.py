"""The past as text and as JSON: revisions, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from orchestrator.cli.render.json import change_document, head, time_of, values_document
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.text import output_changes, spaced
from orchestrator.engine.revisions import Revision
from orchestrator.model.change import Action, Change

_BECAME: Final[Mapping[Action, str]] = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DELETE: "gone",
    Action.MOVE: "moved",
    Action.GATE: "changed beside its spec",
}
_SHORT: Final = 12


def render_history(shown: Sequence[Revision], total: int, style: Style = PLAIN) -> str:
    """A line for each revision, oldest first; ends with a newline."""
    if not shown:
        return "Nothing was applied yet.\n"
    lines = [line for revision in shown for line in _revision(revision, style)]
    if len(shown) < total:
        lines.append(style.paint(f"{total - len(shown)} older ones: opsctl history --limit {total}", "dim"))
    return style.plain("\n".join(lines) + "\n")


def _revision(revision: Revision, style: Style) -> Iterator[str]:
    started, finished = revision.started, revision.finished
    when = datetime.fromtimestamp(started.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    result = finished.result if finished is not None else "did not end"
    colour = "green" if result == "done" else "yellow"
    counts = ", ".join(f"{n} {what}" for what, n in finished.summary.items()) if finished is not None else ""
    told = f"{style.paint(result, colour)}{f' ({counts})' if counts else ''}"
    yield f"{revision.number:>5}  {when}  {style.paint(started.command, 'bold')}  {told}"
    digests = [f"{name} {value[:_SHORT]}" for name, value in _digests(revision) if value]
    yield style.paint(f"       by {'; '.join([started.owner, *digests])}", "dim")


def _digests(revision: Revision) -> list[tuple[str, str]]:
    return [("spec", revision.started.spec), ("plan", revision.started.plan)]


def history_document(shown: Sequence[Revision]) -> dict[str, Any]:
    """The revisions for programs."""
    return {**head("revisions"), "revisions": [_document(revision) for revision in shown]}


def _document(revision: Revision) -> dict[str, Any]:
    started, finished = revision.started, revision.finished
    return {
        "revision": revision.number,
        "run": started.run,
        "owner": started.owner,
        "command": started.command,
        "started": time_of(started.at),
        "finished": time_of(finished.at) if finished is not None else None,
        "result": finished.result if finished is not None else None,
        "summary": dict(finished.summary) if finished is not None else {},
        "spec_digest": started.spec or None,
        "plan_digest": started.plan or None,
    }


Between = tuple[int, int | None]
OutputsPair = tuple[Mapping[str, Any], Mapping[str, Any]]


def render_difference(
    between: Between, changes: Sequence[Change], outputs: OutputsPair, style: Style = PLAIN
) -> str:
    """In the words of a plan, in the past tense where it counts; ends with a newline."""
    sections: list[list[str]] = [
        list(spaced((_told(change) for change in changes), style)),
        [f"  {line}" for line in output_changes(outputs[1], outputs[0], style)],
    ]
    if sections[1]:
        sections[1].insert(0, style.paint("Outputs", "bold"))
    sections.append([style.paint(_summary(between, changes), "bold")])
    return style.plain("\n\n".join("\n".join(s) for s in sections if s) + "\n")


def _told(change: Change) -> Change:
    """A past change waits for no gate."""
    return replace(change, gates=())


def _summary(between: Between, changes: Sequence[Change]) -> str:
    first, second = between
    span = f"From revision {first} to {f'revision {second}' if second is not None else 'now'}"
    counts = {action: sum(c.action is action for c in changes) for action in _BECAME}
    told = ", ".join(f"{n} {_BECAME[action]}" for action, n in counts.items() if n)
    return f"{span}: {told or 'no resource differs'}."


def difference_document(
    first: int,
    second: int | None,
    changes: Sequence[Change],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> dict[str, Any]:
    """The same for programs."""
    return {
        **head("revision-diff"),
        "from": first,
        "to": second,
        "changes": [change_document(change) for change in changes],
        "outputs_before": values_document(before),
        "outputs_after": values_document(after),
    }
