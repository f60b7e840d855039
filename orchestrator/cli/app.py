"""The command tree. Only Typer is imported to build it: a command's body imports what it needs when it runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.completion import get_completion_inspect_parameters

from orchestrator.cli import (
    about,
    applying,
    approving,
    audit,
    catalogue,
    discovering,
    planning,
    policy,
    proving,
    revisions,
    sandbox,
    signing,
    starting,
    state,
)
from orchestrator.cli.console import Console

app = typer.Typer(
    name="opsctl",
    help="Declarative operations on several clouds: specs, policy, plan, gated apply.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 error, 2 changes present, 3 denied by policy, 4 gate failed, 5 locked, "
    "6 plan is stale, 130 interrupted.",
)
for group in (
    starting,
    planning,
    discovering,
    applying,
    approving,
    signing,
    revisions,
    state,
    audit,
    policy,
    catalogue,
    proving,
    sandbox,
    about,
):
    group.register(app)


_WRONG_USAGE, _WRONG = typer.BadParameter.__mro__[1:3]
"""The bases of every error of a command line; Typer does not export them, and where they live varies."""


class UsageError(Exception):
    """The command line is wrong; ``hint`` says what to type instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@app.callback(invoke_without_command=True)
def _anywhere(
    context: typer.Context,
    *,
    chdir: Annotated[
        Path | None,
        typer.Option(
            "--chdir", "-C", metavar="FOLDER", help="Work in this folder instead of the present one."
        ),
    ] = None,
) -> None:
    if chdir is not None:
        try:
            os.chdir(chdir)
        except OSError as error:
            raise typer.BadParameter(f"cannot work in {chdir}: {error.strerror}") from None
    if context.invoked_subcommand is None:
        context.obj.result(context.get_help())


def invoke(arguments: Sequence[str], console: Console) -> int:
    """Run the command that the arguments name; raises UsageError where they name none."""
    command = typer.main.get_command(app)
    if "_OPSCTL_COMPLETE" in console.environ:
        get_completion_inspect_parameters()  # as a side effect, Typer's shells are made known
    try:
        code = command.main(list(arguments), prog_name="opsctl", standalone_mode=False, obj=console)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if not isinstance(error, _WRONG):
            raise
        raise _usage_error(error) from None
    return code if isinstance(code, int) else 0


def _usage_error(error: Any) -> UsageError:
    """What is wrong with the command line, and where its help is."""
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path if context else 'opsctl'} --help shows what can be written here"
    return UsageError(error.format_message(), hint if isinstance(error, _WRONG_USAGE) else "")
