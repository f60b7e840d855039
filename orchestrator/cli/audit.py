"""audit show, verify and export: who did what, and whether the record of it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import Environment, Format, console_of


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="audit", help="Who did what, when, and why it was allowed.", rich_markup_mode=None
    )
    for command in (show, verify, export):
        group.command()(command)
    app.add_typer(group)


def show(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many runs, the last ones.")] = 20,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Show the runs: who, which plan, what policy said, how each change ended."""
    console = console_of(context, output)
    from orchestrator.cli.work.auditing import show  # noqa: PLC0415 - lazy

    return show(console, limit, environment=environment)


def verify(
    context: typer.Context,
    *,
    head: Annotated[
        str | None,
        typer.Option(
            "--head", metavar="HASH", help="A head that was noted outside: it must be in the chain."
        ),
    ] = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Check the chain of hashes, and the state against the journal. Ends with 1 where something does not fit."""
    console = console_of(context, output)
    from orchestrator.cli.work.auditing import verify  # noqa: PLC0415 - lazy

    return verify(console, head, environment=environment)


def export(
    context: typer.Context,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write there, for its owner only.")
    ] = None,
    environment: Environment = None,
) -> int:
    """Write the runs as JSON Lines, one a line, for a log store."""
    console = console_of(context)
    from orchestrator.cli.work.auditing import export  # noqa: PLC0415 - lazy

    return export(console, out, environment=environment)
