"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Console, Output
from orchestrator.model.duration import seconds

Environment = Annotated[
    str | None,
    typer.Option("--environment", "-e", metavar="NAME", help="Overlay environments/NAME.yaml."),
]
Params = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="Set a parameter of the stack (repeatable)."),
]
PolicyPaths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Folders or files; without them: the policies of the stack."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
Parallelism = Annotated[
    int | None,
    typer.Option(
        "--parallelism",
        metavar="N",
        min=1,
        max=64,
        help="Calls in flight at once to each provider; without it, as its settings say.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="ADDRESS",
        help="Only this resource, and what it needs (repeatable). The rest is neither read nor changed.",
    ),
]
Format = Annotated[Output, typer.Option("--output", help="How to write the result.")]
LockTimeout = Annotated[
    str | None,
    typer.Option(
        "--lock-timeout",
        metavar="DURATION",
        help="Wait so long (30s, 5m) for a stack that another run holds. Without it: exit 5 at once.",
    ),
]


def patience(written: str | None) -> float:
    """``--lock-timeout`` in seconds; none is 0."""
    try:
        return seconds(written or 0)
    except ValueError as error:
        raise typer.BadParameter(f"--lock-timeout: {error}") from None


def parameters(written: list[str] | None) -> Mapping[str, str]:
    """``NAME=VALUE`` as a mapping; raises a usage error for what has no ``=``."""
    values: dict[str, str] = {}
    for item in written or ():
        name, found, value = item.partition("=")
        if not found or not name:
            raise typer.BadParameter(f"-p {item}: write it as NAME=VALUE")
        values[name] = value
    return values


def console_of(context: typer.Context, output: Output = Output.TEXT, *, report: bool = False) -> Console:
    """The console of this run, told how the result is wanted; only a report has every form."""
    console: Console = context.obj
    if output not in (Output.TEXT, Output.JSON) and not report:
        raise typer.BadParameter(f"--output {output}: this command writes text or json")
    console.output = output
    console.command = context.command_path
    return console
