"""init: the files of a first stack."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.options import console_of


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(init)


def init(
    context: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", help="The stack's name; else the folder's.")] = None,
) -> int:
    """Write the files of a first stack. Nothing that is there is overwritten."""
    console = console_of(context)
    from orchestrator.cli.work.starting import init  # noqa: PLC0415 - lazy

    return init(console, name)
