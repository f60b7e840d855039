"""What a rebuilt state holds, and what was not found, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.cli.render.json import head
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import count
from orchestrator.engine.rebuilding import Rebuilt
from orchestrator.model.snapshot import Record


def render_rebuilt(rebuilt: Rebuilt, style: Style = PLAIN, *, done: bool) -> str:
    """Found first, then what needs a look; ends with a newline."""
    return style.plain("\n".join(_lines(rebuilt, style, done=done)) + "\n")


def _lines(rebuilt: Rebuilt, style: Style, *, done: bool) -> Iterator[str]:
    wide = max((len(f.record.address) for f in rebuilt.found), default=0)
    for found in rebuilt.found:
        by = f"by its {found.how}" if found.how != "state" else "it is kept in state alone"
        doubt = style.paint("  (no marker says that it is ours)", "yellow") if found.unmarked else ""
        doubt = doubt if found.how == "id or name" else ""
        record = found.record
        yield f"  > {record.address:<{wide}}  {record.type}  {style.paint(record.id, 'dim')}  {by}{doubt}"
    for record in rebuilt.orphans:
        yield f"  ! {_named(record, style)}  marked as ours, and in no file: the next plan deletes it"
    for record in rebuilt.left_behind:
        yield f"  ! {_named(record, style)}  a second object of that address: the next plan deletes it"
    for address, why in sorted(rebuilt.missing.items()):
        yield f"  ? {address}  not found: {why}"
    for what in rebuilt.unread:
        yield style.paint(f"  ? could not be listed: {what}", "yellow")
    yield ""
    lost = f", {len(rebuilt.missing)} not found" if rebuilt.missing else ""
    orphans = f", {count(len(rebuilt.orphans), 'orphan')}" if rebuilt.orphans else ""
    word = "Rebuilt" if done else "Would rebuild"
    yield f"{word}: {count(len(rebuilt.found), 'resource')}{orphans}{lost}. opsctl plan shows what is left to do."
    if rebuilt.replaced:
        yield f"It takes the place of a state of {count(rebuilt.replaced, 'resource')}, which history keeps."


def _named(record: Record, style: Style) -> str:
    return f"{record.address}  {record.type}  {style.paint(record.id, 'dim')}"


def rebuilt_document(rebuilt: Rebuilt, *, done: bool) -> dict[str, Any]:
    """The same for programs."""
    return {
        **head("state-rebuild"),
        "done": done,
        "found": [{**_object(f.record), "how": f.how, "unmarked": f.unmarked} for f in rebuilt.found],
        "orphans": [_object(record) for record in rebuilt.orphans],
        "left_behind": [_object(record) for record in rebuilt.left_behind],
        "missing": [{"address": a, "why": why} for a, why in sorted(rebuilt.missing.items())],
        "unread": list(rebuilt.unread),
    }


def _object(record: Record) -> dict[str, Any]:
    return {
        "address": record.address,
        "type": record.type,
        "provider": record.provider,
        "id": record.id,
        "uid": record.uid,
    }
