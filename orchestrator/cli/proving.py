"""provider new and provider test: a first provider, and whether a provider does what every provider must do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import Format, console_of, parameters

Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="TYPE", help="Test this kind alone (repeatable). Without it: all."),
]
Checks = Annotated[
    list[str] | None, typer.Option("--check", metavar="NAME", help="Run this check alone (repeatable).")
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--provider-config",
        metavar="FILE",
        help="Test on the cloud that these settings name: YAML, as under the provider in opsctl.yaml.",
    ),
]
Endpoint = Annotated[
    str,
    typer.Option("--endpoint", metavar="URL", help="Test on the cloud at this address.", show_default=False),
]
Given = Annotated[
    list[str] | None,
    typer.Option(
        "--given",
        metavar="NAME=VALUE",
        help="What the samples take from the cloud, such as an image (repeatable).",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="provider", help="Write a provider, and put it to the test.", rich_markup_mode=None
    )
    group.command()(new)
    group.command("test")(run_tests)
    app.add_typer(group)


def new(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The provider's family, such as acme.")],
    folder: Annotated[
        Path | None,
        typer.Option("--folder", "-d", metavar="FOLDER", help="Where it is written; else opsctl-NAME."),
    ] = None,
) -> int:
    """Write a provider that works: a package with one kind, a local service, a sample and a test that passes."""
    console = console_of(context)
    from orchestrator.cli.work.proving import new  # noqa: PLC0415 - lazy

    return new(console, name, folder)


def run_tests(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An installed provider: opsctl providers.")],
    kinds: Kinds = None,
    checks: Checks = None,
    config: Config = None,
    endpoint: Endpoint = "",
    given: Given = None,
    output: Format = Output.TEXT,
) -> int:
    """Test each kind of a provider: made, read, planned, changed, drifted, replaced, lost, throttled, deleted.

    Runs on the provider's sandbox, which it starts and stops. On a real cloud it makes objects, and removes them: use a
    project that holds nothing else.
    """
    console = console_of(context, output, report=True)
    from orchestrator.cli.work.proving import Tested, test  # noqa: PLC0415 - lazy

    return test(console, name, Tested(kinds or (), checks or (), config, endpoint, parameters(given)))
