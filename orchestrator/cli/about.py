"""version and completion."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import Format, console_of

_SHELLS = ("bash", "zsh", "fish")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(version)
    app.command()(completion)


def version(context: typer.Context, *, output: Format = Output.TEXT) -> int:
    """Print the version."""
    console = console_of(context, output)
    from importlib import metadata  # noqa: PLC0415 - lazy
    from platform import python_version  # noqa: PLC0415 - lazy

    try:
        number = metadata.version("opsctl-orchestrator")
    except metadata.PackageNotFoundError:
        number = "0+unknown"
    if output is Output.JSON:
        console.document(lambda: {"format_version": "1.0", "kind": "version", "opsctl": number})
    else:
        console.result(f"opsctl {number} (Python {python_version()})")
    return 0


def completion(
    context: typer.Context, *, shell: Annotated[str, typer.Argument(help="bash, zsh or fish.")]
) -> int:
    """Print a completion script for a shell to source."""
    if shell not in _SHELLS:
        raise typer.BadParameter(f"no completion for {shell!r}: write one of {', '.join(_SHELLS)}")
    console = console_of(context)
    from typer import completion as typers  # noqa: PLC0415 - lazy

    make: Any = vars(typers)["get_completion_script"]
    console.result(make(prog_name="opsctl", complete_var="_OPSCTL_COMPLETE", shell=shell))
    return 0
