"""audit show, verify and export."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import head as head_of
from orchestrator.cli.render.json import time_of
from orchestrator.cli.work.state import remembered
from orchestrator.engine.verifying import ALL, state_faults
from orchestrator.model.audit import Chain, follow
from orchestrator.model.runs import Run, runs
from orchestrator.model.snapshot import Snapshot
from orchestrator.seams.state import Logged

_SHOWN: Final = 12


def _journal(console: Console, environment: str | None) -> tuple[Sequence[Logged], Snapshot]:
    with remembered(console, environment) as work:
        state = work.session.workspace.state
        return state.history(ALL), state.latest()


def show(console: Console, limit: int, *, environment: str | None) -> int:
    """The last runs, oldest first."""
    journal, snapshot = _journal(console, environment)
    found = runs(journal)[-limit:]
    if console.output is Output.JSON:
        documents = [run_document(run, snapshot) for run in found]
        console.document(lambda: {**head_of("audit"), "runs": documents, "head": snapshot.link or None})
        return 0
    lines = [line for run in found for line in _lines(run)]
    console.result("\n".join(lines) or "Nothing was applied yet.")
    return 0


def export(console: Console, out: Path | None, *, environment: str | None) -> int:
    """Every run as a line of JSON."""
    journal, snapshot = _journal(console, environment)
    found = runs(journal)
    text = "".join(f"{json.dumps(run_document(run, snapshot), ensure_ascii=False)}\n" for run in found)
    if out is None:
        console.out.write(text)
        return 0
    bootstrap.write_private(text.encode(), out, "the audit")
    console.say(f"Wrote {len(found)} runs to {out}.")
    return 0


def verify(console: Console, head: str | None, *, environment: str | None) -> int:
    """Whether the chain fits, whether the state is what the journal says, whether ``head`` is in it."""
    journal, snapshot = _journal(console, environment)
    chain = follow(journal)
    faults = [*chain.faults, *state_faults(journal, snapshot, chain), *_head_faults(head, chain)]
    if console.output is Output.JSON:
        console.document(
            lambda: {
                **head_of("audit-verification"),
                "valid": not faults,
                "entries": len(journal),
                "linked": chain.linked,
                "begins": chain.begins or None,
                "head": chain.head or None,
                "faults": faults,
            }
        )
    elif faults:
        console.result("\n".join(["The audit does not fit:", *(f"  {fault}" for fault in faults)]))
    else:
        console.result(_fits(chain, len(journal)))
    return 1 if faults else 0


def _fits(chain: Chain, entries: int) -> str:
    if not chain.linked:
        return f"{entries} entries, none of them in a chain: the next apply begins it."
    before = (
        f" Entries before {chain.begins} are not kept here, or were written without a chain."
        if chain.begins > 1
        else ""
    )
    return f"{chain.linked} entries fit.{before}\nHead: {chain.head}"


def _head_faults(head: str | None, chain: Chain) -> Iterator[str]:
    if head is not None and head not in chain.heads:
        yield f"the head {head} is not in the chain: the journal was cut off before it, or rewritten"


def run_document(run: Run, snapshot: Snapshot) -> dict[str, Any]:
    """One run, for programs."""
    times = {"started": time_of(run.started), "finished": time_of(run.finished)}
    return {"stack": str(snapshot.stack), **asdict(run), **times}


def _lines(run: Run) -> Iterator[str]:
    ended = run.result if run.exit is None else f"{run.result}, exit {run.exit}"
    yield f"{time_of(run.started)}  {run.command}: {ended}"
    yield f"  by {run.owner}{_who(run)}"
    yield f"  plan {run.plan}{f', spec {run.spec}' if run.spec else ''}"
    if run.signed_by:
        yield f"  signed by {run.signed_by}"
    for what, texts in (("policy", run.verdicts), ("waiver", run.waivers), ("approved by", run.approvals)):
        yield from (f"  {what}: {text}" for text in texts)
    if run.why:
        yield from (f"  {line}" for line in run.why.splitlines())
    shown = list(run.results.items())
    yield from (f"  {address}: {result}" for address, result in shown[:_SHOWN])
    if len(shown) > _SHOWN:
        yield f"  and {len(shown) - _SHOWN} more: --output json shows all"


def _who(run: Run) -> str:
    parts = [f"{name} {run.actor[name]}" for name in ("host", "process", "job") if name in run.actor]
    return f" ({', '.join(parts)})" if parts else ""
