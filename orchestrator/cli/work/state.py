"""state list, show and unlock, and show without a plan: what is remembered."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.conceal import conceal_spec
from orchestrator.cli.render.json import head, record_document, state_document
from orchestrator.cli.render.state import record_lines, render_list, render_state
from orchestrator.cli.sessions import Work, opened
from orchestrator.cli.work.planning import PLAN_FOLDER
from orchestrator.kit.lease import told
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import OpsctlError
from orchestrator.model.ids import Address
from orchestrator.model.snapshot import Record, Snapshot


def remembered(console: Console, environment: str | None) -> AbstractContextManager[Work]:
    """The stack in the present folder, for its state alone."""
    return opened(
        console,
        lambda progress: bootstrap.open_state(PLAN_FOLDER, environment=environment, progress=progress),
    )


def list_state(console: Console, *, environment: str | None) -> int:
    """A line for each resource."""
    with remembered(console, environment) as work:
        snapshot = _concealed(work.session.workspace.state.latest())
    if console.output is Output.JSON:
        console.document(lambda: state_document(snapshot))
    else:
        console.result(render_list(snapshot, console.out_style))
    return 0


def show_state(console: Console, *, environment: str | None) -> int:
    """Everything that is remembered."""
    with remembered(console, environment) as work:
        snapshot = _concealed(work.session.workspace.state.latest())
    if console.output is Output.JSON:
        console.document(lambda: state_document(snapshot))
    else:
        console.result(render_state(snapshot, console.out_style))
    return 0


def show_record(console: Console, address: str, *, environment: str | None) -> int:
    """One resource."""
    with remembered(console, environment) as work:
        snapshot = _concealed(work.session.workspace.state.latest())
    record = snapshot.resources.get(Address(address))
    if record is None:
        near = did_you_mean(address, map(str, snapshot.resources)) or "opsctl state list shows what there is"
        raise OpsctlError(f"the state has no resource {address!r}\nhint: {near}")
    if console.output is Output.JSON:
        console.document(lambda: {**head("resource"), "resource": record_document(record)})
    else:
        console.result("\n".join(record_lines(record, console.out_style)))
    return 0


def unlock(console: Console, *, environment: str | None, force: bool) -> int:
    """Break a lock, after a question."""
    with remembered(console, environment) as work:
        state = work.session.workspace.state
        holder = state.holder()
        if holder is None:
            console.result("Not locked.")
            return 0
        console.say(f"Locked by {told(holder, now=time.time())}.")
        if not force:
            if not console.interactive:
                raise OpsctlError("nobody is here to be asked\nhint: opsctl state unlock --force")
            console.err.write("If that run is still alive, its writes are refused from now on. Type yes: ")
            console.err.flush()
            if console.answer() != "yes":
                raise OpsctlError("not approved: the lock stays")
        state.unlock()
    console.result(f"Unlocked: it was held by {holder.owner}.")
    return 0


def _concealed(snapshot: Snapshot) -> Snapshot:
    from dataclasses import replace  # noqa: PLC0415 - lazy

    return replace(
        snapshot,
        resources={a: _hidden(r) for a, r in snapshot.resources.items()},
        deposed={u: _hidden(r) for u, r in snapshot.deposed.items()},
    )


def _hidden(record: Record) -> Record:
    from dataclasses import replace  # noqa: PLC0415 - lazy

    kind = bootstrap.catalogue().kind(record.type)
    if kind is None:
        return record
    spec, status = conceal_spec(record.spec, kind.spec), conceal_spec(record.status, kind.status)
    return replace(record, spec=spec, status=status)
