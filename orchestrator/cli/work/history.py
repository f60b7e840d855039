"""state history: what was written, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, assert_never

from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import head, time_of
from orchestrator.cli.work.state import remembered
from orchestrator.model.snapshot import (
    Began,
    Damaged,
    Deposed,
    Entry,
    Finished,
    Gone,
    Grounds,
    Kept,
    Lapsed,
    Link,
    Outputs,
    Refused,
    Rekeyed,
    Settled,
    Started,
    Waiting,
)
from orchestrator.seams.state import Logged


def history(console: Console, limit: int, *, environment: str | None) -> int:
    """The last entries of the journal, oldest first."""
    with remembered(console, environment) as work:
        entries = work.session.workspace.state.history(limit)
    if console.output is Output.JSON:
        console.document(lambda: {**head("history"), "entries": [_document(e) for e in entries]})
    else:
        console.result("\n".join(_lines(entries)) or "Nothing was written yet.")
    return 0


def _lines(entries: Sequence[Logged]) -> Iterator[str]:
    for logged in entries:
        if isinstance(logged.entry, Link):
            continue
        yield f"{logged.sequence:>6}  {describe(logged.entry)}"


def describe(entry: Entry | Damaged) -> str:
    """One entry in words."""
    match entry:
        case Started(run=run, owner=owner, command=command, at=at):
            return f"{_time(at)}  run {run}: {command} by {owner}"
        case Finished(run=run, at=at, result=result, summary=summary):
            counts = ", ".join(f"{n} {what}" for what, n in summary.items())
            return f"{_time(at)}  run {run}: {result}{f' ({counts})' if counts else ''}"
        case Began(intent):
            return f"  about to {intent.action} {intent.address} ({intent.type})"
        case Waiting(id=id):
            return f"  the cloud works on it{f': {id}' if id else ''}"
        case Kept(record):
            gate = "" if record.gate == "passed" else f", gate {record.gate}"
            return f"  {record.address} is {record.id}{gate}"
        case Deposed(record):
            return f"  {record.address}: {record.id} is replaced, and still to be deleted"
        case Gone(address=address):
            return f"  {address} is gone"
        case Settled():
            return "  an interrupted step came to nothing"
        case Lapsed():
            return "  an interrupted create did not show; if it comes late, it is removed"
        case Outputs(values):
            return f"  outputs: {', '.join(sorted(values)) or 'none'}"
        case Refused(owner=owner, command=command, at=at, why=why):
            return f"{_time(at)}  {command} by {owner} was refused: {why.splitlines()[0]}"
        case Rekeyed(owner=owner, command=command, at=at, bodies=bodies):
            return f"{_time(at)}  {command} by {owner}: {bodies} bodies"
        case Grounds(run=run, verdicts=verdicts, approvals=approvals):
            return f"  run {run}: {len(verdicts)} verdicts of policy, {len(approvals)} approvals"
        case Damaged(why):
            return f"  damaged: this entry {why}"
        case Link(sums=sums):
            return f"  the audit's chain goes on over {len(sums)} entries"
        case _:
            assert_never(entry)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _document(logged: Logged) -> dict[str, Any]:
    entry = logged.entry
    address = getattr(entry, "address", None) or getattr(getattr(entry, "record", None), "address", None)
    address = address or getattr(getattr(entry, "intent", None), "address", None)
    return {
        "sequence": logged.sequence,
        "epoch": logged.epoch,
        "entry": type(entry).__name__.lower(),
        "address": address,
        "at": time_of(getattr(entry, "at", 0.0)),
        "text": describe(entry).strip(),
    }
