"""policy check and test: are the policies right, and do they hold what their tests say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import Environment, Format, console_of

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Folders or files; without them: the policies of the stack."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(name="policy", help="Check and test policies.", rich_markup_mode=None)
    group.command()(check)
    group.command("test")(run_tests)
    app.add_typer(group)


def check(
    context: typer.Context,
    *,
    paths: Paths = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Compile the policies and tell what is wrong with them."""
    console = console_of(context, output)
    from orchestrator.cli.work.policies import check  # noqa: PLC0415 - lazy

    return check(console, paths or [], environment=environment)


def run_tests(
    context: typer.Context,
    *,
    paths: Paths = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Run the tests of the policies: every rule test_* in files *_test.rego."""
    console = console_of(context, output)
    from orchestrator.cli.work.policies import test  # noqa: PLC0415 - lazy

    return test(console, paths or [], environment=environment)
