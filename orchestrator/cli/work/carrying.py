"""state pull, push and migrate: the state into a file, from one, or to another backend."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from orchestrator import bootstrap
from orchestrator.cli.console import Console
from orchestrator.cli.identity import holder
from orchestrator.cli.work.planning import PLAN_FOLDER
from orchestrator.cli.work.state import remembered
from orchestrator.engine.carrying import archive_of, carry, objections, packed, unpacked
from orchestrator.engine.leasing import held
from orchestrator.model.errors import OpsctlError
from orchestrator.seams.state import StateBackend


def pull(console: Console, out: Path | None, *, environment: str | None) -> int:
    """The whole state as one document, to standard output or into a file that only its owner can read."""
    with remembered(console, environment) as work:
        archive = archive_of(work.session.workspace.state)
    if out is None:
        console.result(packed(archive).decode())
        return 0
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(packed(archive))
    console.result(
        f"Pulled: {archive.snapshot.sequence} entries, revision {archive.snapshot.revision}, into {out}."
    )
    return 0


def push(console: Console, path: Path, *, force: bool, environment: str | None) -> int:
    """A pulled state in the place of what is kept, under the lease."""
    given = unpacked(sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes(), str(path))
    with remembered(console, environment) as work:
        workspace = work.session.workspace
        with held(workspace, holder("state push")) as lease:
            found = objections(given, archive_of(workspace.state), work.session.charter.id)
            other = [o for o in found if "of the stack" in o]
            if other or (found and not force):
                advice = (
                    "\nhint: opsctl state push --force, if it is to be replaced all the same"
                    if not other
                    else ""
                )
                raise OpsctlError("nothing was pushed: " + "; ".join(found) + advice)
            workspace.state.restore(lease, given)
    console.result(f"Pushed: the state stands at entry {given.snapshot.sequence}.")
    return 0


def migrate(
    console: Console, *, source: str | None, target: str | None, dry_run: bool, environment: str | None
) -> int:
    """The state carried from where it was to where opsctl.yaml says, or from there to another place."""
    with remembered(console, environment) as work:
        session = work.session
        other = bootstrap.other_state(session, source or target or "", PLAN_FOLDER)
        here = session.workspace.state
        names = (source, "where opsctl.yaml says") if source else ("where opsctl.yaml says", target)
        old, new = (other, here) if source else (here, other)
        try:
            return _migrate(
                console, work.session, (old, new), (str(names[0]), str(names[1])), dry_run=dry_run
            )
        finally:
            other.close()


def _migrate(
    console: Console,
    session: bootstrap.Session,
    states: tuple[StateBackend, StateBackend],
    names: tuple[str, str],
    *,
    dry_run: bool,
) -> int:
    old, new = states
    before = archive_of(old)
    if not before.snapshot.sequence:
        raise OpsctlError(
            f"there is no state of stack {session.charter.id} at {names[0]}: nothing to migrate"
        )
    told = (
        f"{len(before.snapshot.resources)} resources, {before.snapshot.sequence} entries, "
        f"revision {before.snapshot.revision}"
    )
    if dry_run:
        there = new.latest().sequence
        console.result(f"Would migrate {told}\n  from {names[0]}\n  to {names[1]}")
        if there:
            raise OpsctlError(f"{names[1]} holds {there} entries of this stack already")
        return 0
    who, ttl = holder("state migrate"), session.workspace.lease
    first = old.lease(who, ttl=ttl)
    try:
        second = new.lease(who, ttl=ttl)
        try:
            carry(old, new, (first, second), names)
        finally:
            new.release(second)
    finally:
        old.release(first)
    console.result(
        f"Migrated {told}\n  from {names[0]} (marked as moved, kept for its history)\n  to {names[1]}"
    )
    return 0
