"""schema, explain, types and providers: what can be written in a spec."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import Format, console_of


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (schema, explain, types, providers):
        app.command()(command)


def schema(
    context: typer.Context,
    *,
    type: Annotated[
        str | None, typer.Argument(help="The spec of one type; without it: all documents.")
    ] = None,
    result: Annotated[
        str | None,
        typer.Option("--result", metavar="KIND", help="What --output json prints: plan, audit, rekey, ..."),
    ] = None,
) -> int:
    """Print the JSON Schema of the documents, for editors; or of a result, for programs that read it."""
    console = console_of(context)
    if type is not None and result is not None:
        raise typer.BadParameter("write a type, or --result KIND: one of them")
    from orchestrator.cli.work.schemas import result_schema, schema  # noqa: PLC0415 - lazy

    return schema(console, type) if result is None else result_schema(console, result)


def explain(
    context: typer.Context,
    *,
    type: Annotated[str, typer.Argument(metavar="TYPE[.PATH]", help="Such as AWS::EC2::VPC.CidrBlock.")],
) -> int:
    """Explain a type or one of its properties."""
    console = console_of(context)
    from orchestrator.cli.work.explaining import explain  # noqa: PLC0415 - lazy

    return explain(console, type)


def types(
    context: typer.Context,
    *,
    family: Annotated[str | None, typer.Argument(help="A provider family, such as aws.")] = None,
    output: Format = Output.TEXT,
) -> int:
    """List the types of resources that can be written."""
    console = console_of(context, output)
    from orchestrator.cli.work.listing import types  # noqa: PLC0415 - lazy

    return types(console, family)


def providers(context: typer.Context, *, output: Format = Output.TEXT) -> int:
    """List the installed providers."""
    console = console_of(context, output)
    from orchestrator.cli.work.listing import providers  # noqa: PLC0415 - lazy

    return providers(console)
