"""validate, plan, drift, show and graph: what would be done, and what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import (
    Environment,
    Format,
    Parallelism,
    Params,
    Targets,
    console_of,
    parameters,
)

_KEY_HELP = (
    "Sign the saved plan: an ed25519 private key in a file, or a secret such as env:NAME (repeatable)."
)
_GRAPH = ("text", "mermaid", "dot")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (validate, plan, drift, show, graph):
        app.command()(command)


def validate(
    context: typer.Context,
    *,
    environment: Environment = None,
    param: Params = None,
    output: Format = Output.TEXT,
) -> int:
    """Check the files of the stack, without looking at any cloud."""
    console = console_of(context, output, report=True)
    values = parameters(param)
    from orchestrator.cli.work.planning import validate  # noqa: PLC0415 - lazy

    return validate(console, environment=environment, params=values)


def plan(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Save the plan for apply.")
    ] = None,
    sign: Annotated[
        list[str] | None,
        typer.Option("--sign", metavar="KEY", help=_KEY_HELP),
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="End with 2 where there are changes.")
    ] = False,
    destroy: Annotated[bool, typer.Option("--destroy", help="Plan to delete everything.")] = False,
    untrusted: Annotated[
        bool, typer.Option("--untrusted", help="The files come from a stranger: no env, files or secrets.")
    ] = False,
    trusted: Annotated[
        Path | None,
        typer.Option("--trusted", metavar="FOLDER", help="Take opsctl.yaml, policies and state from there."),
    ] = None,
    save_input: Annotated[
        Path | None,
        typer.Option("--save-input", metavar="FILE", help="Write what policies see, to test them with."),
    ] = None,
    target: Targets = None,
    environment: Environment = None,
    param: Params = None,
    parallelism: Parallelism = None,
    output: Format = Output.TEXT,
) -> int:
    """Show what apply would do, and what policy says about it."""
    console = console_of(context, output, report=True)
    values = parameters(param)
    if sign and out is None:
        raise typer.BadParameter("--sign signs the plan that --out saves: add --out FILE")
    from orchestrator.cli.work.planning import Wish, plan  # noqa: PLC0415 - lazy

    wish = Wish(environment, values, destroy, untrusted, trusted, parallelism, target or ())
    return plan(console, wish, out=out, save_input=save_input, detailed=detailed_exitcode, keys=sign or ())


def drift(
    context: typer.Context,
    *,
    environment: Environment = None,
    param: Params = None,
    output: Format = Output.TEXT,
) -> int:
    """Show what was changed behind opsctl's back. Ends with 2 where something was."""
    console = console_of(context, output, report=True)
    values = parameters(param)
    from orchestrator.cli.work.drifting import drift  # noqa: PLC0415 - lazy
    from orchestrator.cli.work.planning import Wish  # noqa: PLC0415 - lazy

    return drift(console, Wish(environment, values))


def show(
    context: typer.Context,
    *,
    plan_file: Annotated[
        Path | None, typer.Argument(metavar="PLANFILE", help="A saved plan; without one: the state.")
    ] = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Show a saved plan, or what the state remembers."""
    console = console_of(context, output, report=plan_file is not None)
    if plan_file is None:
        from orchestrator.cli.work.state import show_state  # noqa: PLC0415 - lazy

        return show_state(console, environment=environment)
    from orchestrator.cli.work.planning import show_plan  # noqa: PLC0415 - lazy

    return show_plan(console, plan_file)


def graph(
    context: typer.Context,
    *,
    format: Annotated[str, typer.Option("--format", help="text, mermaid or dot.")] = "text",
    environment: Environment = None,
    param: Params = None,
) -> int:
    """Show which resource needs which."""
    if format not in _GRAPH:
        raise typer.BadParameter(f"--format {format}: write one of {', '.join(_GRAPH)}")
    console = console_of(context)
    values = parameters(param)
    from orchestrator.cli.work.graphing import graph  # noqa: PLC0415 - lazy

    return graph(console, format, environment=environment, params=values)
