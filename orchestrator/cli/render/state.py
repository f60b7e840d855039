"""State as text: what is remembered of each resource, and what is still open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import block, count
from orchestrator.model.snapshot import Record, Snapshot

_GATES: Final = {"pending": "its gate has not passed", "tainted": "its creation failed half-way"}


def render_list(snapshot: Snapshot, style: Style = PLAIN) -> str:
    """A line for each resource, then what is open; ends with a newline."""
    return style.plain("\n".join(_list(snapshot, style)) + "\n")


def _list(snapshot: Snapshot, style: Style) -> Iterator[str]:
    records = sorted(snapshot.resources.values(), key=lambda r: r.address)
    wide = max((len(r.address) for r in records), default=0)
    wider = max((len(r.type) for r in records), default=0)
    for record in records:
        note = style.paint(_GATES.get(record.gate, ""), "yellow")
        line = f"{record.address:<{wide}}  {record.type:<{wider}}  {style.paint(record.id, 'dim')}  {note}"
        yield line.rstrip()
    yield from _open(snapshot, style)
    if not records:
        yield "The state is empty."


def _open(snapshot: Snapshot, style: Style) -> Iterator[str]:
    for record in snapshot.deposed.values():
        yield style.paint(f"{record.address}  {record.type}  {record.id}  still to be deleted", "yellow")
    for intent in snapshot.open.values():
        yield style.paint(f"{intent.address}  {intent.type}  its {intent.action} was cut off", "yellow")


def render_state(snapshot: Snapshot, style: Style = PLAIN) -> str:
    """Every resource with its spec and status, and the outputs; ends with a newline."""
    blocks = ["\n".join(record_lines(r, style)) for _, r in sorted(snapshot.resources.items())]
    rest = list(_open(snapshot, style))
    if rest:
        blocks.append("\n".join(rest))
    if snapshot.outputs:
        lines = (line for name, v in sorted(snapshot.outputs.items()) for line in block(name, v))
        blocks.append("\n".join([style.paint("Outputs", "bold"), *(f"  {line}" for line in lines)]))
    blocks.append(f"{count(len(snapshot.resources), 'resource')}, revision {snapshot.revision}.")
    return style.plain("\n\n".join(blocks) + "\n")


def record_lines(record: Record, style: Style = PLAIN) -> Iterator[str]:
    """One resource with all that is remembered."""
    yield f"{style.paint(record.address, 'bold')}  {record.type}  at {record.provider}"
    yield f"  id: {record.id}"
    if record.gate != "passed":
        yield f"  gate: {record.gate} ({_GATES.get(record.gate, '')})"
    if record.dependencies:
        yield f"  needs: {', '.join(record.dependencies)}"
    for name, values in (("spec", record.spec), ("status", record.status)):
        yield from (f"  {line}" for line in block(name, values))
