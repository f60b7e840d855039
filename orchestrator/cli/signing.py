"""sign and verify: who stands for a saved plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import Format, console_of

PlanFile = Annotated[Path, typer.Argument(metavar="PLANFILE", help="A plan that was saved with plan --out.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(sign)
    app.command()(verify)


def sign(
    context: typer.Context,
    *,
    plan_file: PlanFile,
    key: Annotated[
        list[str],
        typer.Option(
            "--key",
            metavar="KEY",
            help="An ed25519 private key in a file, or a secret by reference such as env:NAME (repeatable).",
        ),
    ],
    output: Format = Output.TEXT,
) -> int:
    """Sign a saved plan, after you have read it with opsctl show."""
    console = console_of(context, output)
    from orchestrator.cli.work.signing import sign  # noqa: PLC0415 - lazy

    return sign(console, plan_file, key)


def verify(
    context: typer.Context,
    *,
    plan_file: PlanFile,
    trusted: Annotated[
        Path | None,
        typer.Option("--trusted", metavar="FOLDER", help="Take the keys from the opsctl.yaml there."),
    ] = None,
    output: Format = Output.TEXT,
) -> int:
    """Check who signed a saved plan. Ends with 1 where no key of opsctl.yaml has, or it was changed."""
    console = console_of(context, output)
    from orchestrator.cli.work.signing import verify  # noqa: PLC0415 - lazy

    return verify(console, plan_file, trusted)
