"""schema, explain, types, providers and permissions: what can be written in a spec, and what it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import Environment, Format, Params, console_of, parameters

_AS = ("list", "iam-policy", "azure-role")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (schema, explain, types, providers, permissions):
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
    type: Annotated[
        str,
        typer.Argument(metavar="TYPE[.PATH]", help="Such as AWS::EC2::VPC.CidrBlock, state.s3, encryption."),
    ],
) -> int:
    """Explain a type, or a section of opsctl.yaml (state, encryption), or one property of either."""
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


def permissions(
    context: typer.Context,
    *,
    types: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TYPE]...", help="Of these types; without them: of the stack in this folder."
        ),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only what plan and drift need, which change nothing.")
    ] = False,
    form: Annotated[
        str,
        typer.Option("--as", metavar="FORM", help="list, iam-policy (AWS) or azure-role (a custom role)."),
    ] = "list",
    environment: Environment = None,
    param: Params = None,
    output: Format = Output.TEXT,
) -> int:
    """List what the clouds must allow for a stack, without asking them."""
    if form not in _AS:
        raise typer.BadParameter(f"--as {form}: write one of {', '.join(_AS)}")
    console = console_of(context, output)
    from orchestrator.cli.work.permitting import permissions  # noqa: PLC0415 - lazy

    values = parameters(param)
    return permissions(
        console, types or [], environment=environment, params=values, planning=read_only, form=form
    )
