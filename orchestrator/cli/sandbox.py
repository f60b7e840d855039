"""sandbox up, status and down: local stand-ins of the clouds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import Format, console_of

Folder = Annotated[
    Path | None,
    typer.Option("--folder", envvar="OPSCTL_SANDBOX", help="Where it keeps its file.", show_default=False),
]
Faults = Annotated[
    Path | None, typer.Option("--faults", metavar="FILE", help="Latency, throttling and failures on request.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="sandbox", help="Local stand-ins of the clouds, on loopback.", rich_markup_mode=None
    )
    for command in (up, status, down):
        group.command()(command)
    group.command(hidden=True)(serve)
    app.add_typer(group)


def up(
    context: typer.Context, *, folder: Folder = None, faults: Faults = None, output: Format = Output.TEXT
) -> int:
    """Start the stand-ins, and wait until they answer. Nothing happens where they run already."""
    console = console_of(context, output)
    from orchestrator.cli.work.sandbox import up  # noqa: PLC0415 - lazy

    return up(console, folder, faults)


def status(context: typer.Context, *, folder: Folder = None, output: Format = Output.TEXT) -> int:
    """Tell whether the stand-ins run, and where. Ends with 1 where they do not."""
    console = console_of(context, output)
    from orchestrator.cli.work.sandbox import status  # noqa: PLC0415 - lazy

    return status(console, folder)


def down(context: typer.Context, *, folder: Folder = None) -> int:
    """Stop the stand-ins; everything in them is forgotten."""
    console = console_of(context)
    from orchestrator.cli.work.sandbox import down  # noqa: PLC0415 - lazy

    return down(console, folder)


def serve(context: typer.Context, *, folder: Folder = None, faults: Faults = None) -> int:
    """Run the stand-ins in this process, until it is told to end."""
    console = console_of(context)
    from orchestrator.cli.work.sandbox import serve  # noqa: PLC0415 - lazy

    return serve(console, folder, faults)
