"""discover and import: what is in the clouds and not in the stack, and how it comes in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import DryRun, Environment, Format, Params, console_of, parameters

_Types = Annotated[
    list[str] | None,
    typer.Option("--type", "-t", metavar="TYPE", help="Only this type; * is any text (repeatable)."),
]
_Providers = Annotated[
    list[str] | None,
    typer.Option("--provider", metavar="NAME", help="Only what this provider lists (repeatable)."),
]
_Region = Annotated[
    str, typer.Option("--region", metavar="REGION", help="Only what is there; * is any text.")
]
_Filter = Annotated[
    str,
    typer.Option(
        "--filter",
        metavar="CEL",
        help="Only what this is true of, such as 'tags.app == \"shop\"'. It may read id, name, type, provider, "
        "region, tags, stack, spec and status.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(discover)
    app.command("import")(import_)


def discover(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    types: _Types = None,
    provider: _Providers = None,
    region: _Region = "",
    filter: _Filter = "",
    everything: Annotated[bool, typer.Option("--all", help="Also what this stack manages.")] = False,
    environment: Environment = None,
    param: Params = None,
    output: Format = Output.TEXT,
) -> int:
    """List what is in the clouds and not in this stack. Nothing is changed."""
    console = console_of(context, output)
    values = parameters(param)
    from orchestrator.cli.work.discovering import Choice, discover  # noqa: PLC0415 - lazy

    choice = Choice(types=types or (), providers=provider or (), region=region, filter=filter)
    return discover(console, choice, environment=environment, params=values, everything=everything)


def import_(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Ids in the cloud, as opsctl discover lists them."),
    ] = None,
    types: _Types = None,
    provider: _Providers = None,
    region: _Region = "",
    filter: _Filter = "",
    related: Annotated[
        bool, typer.Option("--related", help="Also what these need, as far as nobody manages it.")
    ] = False,
    take_from: Annotated[
        str, typer.Option("--take-from", metavar="STACK", help="Take over what belongs to this other stack.")
    ] = "",
    into: Annotated[
        Path, typer.Option("--into", metavar="FILE", help="The file to write; there must be none.")
    ] = Path("imported.yaml"),
    dry_run: DryRun = False,
    environment: Environment = None,
    param: Params = None,
    output: Format = Output.TEXT,
) -> int:
    """Write documents for what is there already. The next plan adopts it; no cloud is changed before."""
    console = console_of(context, output)
    values = parameters(param)
    from orchestrator.cli.work.discovering import Choice, Writing, import_  # noqa: PLC0415 - lazy

    choice = Choice(ids or (), types or (), provider or (), region, filter)
    writing = Writing(into, related=related, take_from=take_from, dry_run=dry_run)
    return import_(console, choice, writing, environment=environment, params=values)
