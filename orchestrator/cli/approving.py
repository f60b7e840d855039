"""approve: sign a saved plan that policy lets through only with somebody's approval."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import Format, console_of


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(approve)


def approve(
    context: typer.Context,
    *,
    plan_file: Annotated[
        Path, typer.Argument(metavar="PLANFILE", help="A plan that was saved with plan --out.")
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="Your private ed25519 key, in PEM or OpenSSH form.")
    ],
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="NAME", help="Who approves. Without it: you, at this machine."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever reads the result.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Where to write it. Without it: PLANFILE.approval."),
    ] = None,
    output: Format = Output.TEXT,
) -> int:
    """Sign a saved plan: for apply --approval, where policy asks for approval."""
    console = console_of(context, output)
    from orchestrator.cli.work.approving import Signing, approve  # noqa: PLC0415 - lazy

    place = out or plan_file.with_name(f"{plan_file.name}.approval")
    return approve(console, plan_file, Signing(key, by, reason, place))
