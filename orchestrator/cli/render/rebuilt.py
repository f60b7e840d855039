"""What a rebuilt state holds, and what was not found, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from orchestrator.cli.render.json import head
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import count
from orchestrator.engine.discovering import Unlisted
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
    yield from (style.paint(line, "yellow") for line in _unread_lines(rebuilt.unread))
    yield ""
    if rebuilt.damage:
        yield f"The state that is there cannot be read: {rebuilt.damage}"
        yield (
            f"It is kept as it is: {rebuilt.aside}"
            if rebuilt.aside
            else "It is put aside, and kept as it is."
        )
    lost = f", {len(rebuilt.missing)} not found" if rebuilt.missing else ""
    orphans = f", {count(len(rebuilt.orphans), 'orphan')}" if rebuilt.orphans else ""
    word = "Rebuilt" if done else "Would rebuild"
    yield f"{word}: {count(len(rebuilt.found), 'resource')}{orphans}{lost}. opsctl plan shows what is left to do."
    if rebuilt.replaced:
        yield f"It takes the place of a state of {count(rebuilt.replaced, 'resource')}, which history keeps."


def _unread_lines(unread: Sequence[Unlisted]) -> Iterator[str]:
    """What failed, one by one; what is an administrator's to list, which is most of it, together."""
    yield from (f"  ? could not be listed: {each}" for each in unread if not each.refused)
    refused = sorted((each.provider, each.type) for each in unread if each.refused)
    for provider, kinds in groupby(refused, key=itemgetter(0)):
        names = ", ".join(type for _, type in kinds)
        yield f"  ? {provider} lets this account not list {names}: of these, only what has a fixed name was looked for"


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
        "unread": [str(each) for each in rebuilt.unread],
        "aside": rebuilt.aside,
    }


def _object(record: Record) -> dict[str, Any]:
    return {
        "address": record.address,
        "type": record.type,
        "provider": record.provider,
        "id": record.id,
        "uid": record.uid,
    }
