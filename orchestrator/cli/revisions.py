"""history, diff and undo: what was done to the stack, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.applying import Approved
from orchestrator.cli.console import Output
from orchestrator.cli.options import DryRun, Environment, Format, LockTimeout, console_of, patience

Revision = Annotated[
    int,
    typer.Argument(min=0, metavar="REV", help="A revision's number, of opsctl history; 0: the beginning."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (history, diff, undo):
        app.command()(command)


def history(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the last ones.")] = 20,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """List the revisions: every run that changed the stack, who started it, and how it ended."""
    console = console_of(context, output)
    from orchestrator.cli.work.revisions import history  # noqa: PLC0415 - lazy

    return history(console, limit, environment=environment)


def diff(
    context: typer.Context,
    *,
    revision: Revision,
    other: Annotated[
        int | None, typer.Argument(min=0, metavar="[REV]", help="Another one; without it: the state now.")
    ] = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Show what changed between the state after one revision and after another, or now."""
    console = console_of(context, output)
    from orchestrator.cli.work.revisions import diff  # noqa: PLC0415 - lazy

    return diff(console, revision, other, environment=environment)


def undo(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    revision: Annotated[int, typer.Argument(min=1, metavar="REV", help="The revision to take back.")],
    dry_run: DryRun = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Save the plan for apply.")
    ] = None,
    auto_approve: Approved = False,
    lock_timeout: LockTimeout = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Take a revision back: what it touched becomes what it was before, by a plan like any other.

    The files are not needed and not changed: as long as they still say what was undone, the next plan shows it again.
    """
    console = console_of(context, output)
    console.lock_timeout = patience(lock_timeout)
    from orchestrator.cli.work.undoing import undo  # noqa: PLC0415 - lazy

    return undo(
        console,
        revision,
        plan_only=dry_run or out is not None,
        out=out,
        approved=auto_approve,
        environment=environment,
    )
