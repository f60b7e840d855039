"""init and fmt: the files of a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import console_of


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(init)
    app.command()(fmt)


def init(
    context: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", help="The stack's name; else the folder's.")] = None,
) -> int:
    """Write the files of a first stack. Nothing that is there is overwritten."""
    console = console_of(context)
    from orchestrator.cli.work.starting import init  # noqa: PLC0415 - lazy

    return init(console, name)


def fmt(
    context: typer.Context,
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files or folders; without them: this stack. - is stdin."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; end with 1 where something would.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing; show what would be.")] = False,
) -> int:
    """Lay spec files out: indents, spaces, blank lines. What they mean stays, and so do comments."""
    console = console_of(context)
    from orchestrator.cli.work.formatting import fmt  # noqa: PLC0415 - lazy

    return fmt(console, paths or [], dry=check or diff, diff=diff)
