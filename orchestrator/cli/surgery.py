"""state mv, state rm and state rebuild: changes to the state that touch no cloud."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.applying import Approved
from orchestrator.cli.console import Output
from orchestrator.cli.options import (
    DryRun,
    Environment,
    Format,
    LockTimeout,
    Params,
    console_of,
    parameters,
    patience,
)


def register(group: typer.Typer) -> None:
    """Add the commands of this file to those of the state."""
    group.command("mv")(move)
    group.command("rm")(forget)
    group.command()(rebuild)
    group.command("settle")(settle)


def move(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The address that it has in the state.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The address that the files have for it.")],
    dry_run: DryRun = False,
    auto_approve: Approved = False,
    lock_timeout: LockTimeout = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Give a resource another address in the state; of a composite, all its children. No cloud is touched."""
    console = console_of(context, output)
    console.lock_timeout = patience(lock_timeout)
    from orchestrator.cli.work.surgery import move  # noqa: PLC0415 - lazy

    return move(console, source, target, dry_run=dry_run, approved=auto_approve, environment=environment)


def forget(
    context: typer.Context,
    *,
    address: Annotated[str, typer.Argument(help="The resource's address; of a composite: all its children.")],
    dry_run: DryRun = False,
    auto_approve: Approved = False,
    lock_timeout: LockTimeout = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Let go of a resource: the state forgets it, and its object stays in its cloud."""
    console = console_of(context, output)
    console.lock_timeout = patience(lock_timeout)
    from orchestrator.cli.work.surgery import forget  # noqa: PLC0415 - lazy

    return forget(console, address, dry_run=dry_run, approved=auto_approve, environment=environment)


def rebuild(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    dry_run: DryRun = False,
    auto_approve: Approved = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Put it in the place of a state that is there (history keeps the old), or that cannot be read (it is put aside).",
        ),
    ] = False,
    lock_timeout: LockTimeout = None,
    environment: Environment = None,
    param: Params = None,
    output: Format = Output.TEXT,
) -> int:
    """Make a lost state again: from the markers in the clouds, from names, and from the spec. No cloud is changed."""
    console = console_of(context, output)
    console.lock_timeout = patience(lock_timeout)
    values = parameters(param)
    from orchestrator.cli.work.planning import Wish  # noqa: PLC0415 - lazy
    from orchestrator.cli.work.rebuilding import rebuild  # noqa: PLC0415 - lazy

    return rebuild(console, Wish(environment, values), dry_run=dry_run, approved=auto_approve, force=force)


def settle(
    context: typer.Context,
    *,
    address: Annotated[str, typer.Argument(help="The address whose step was cut off.")],
    gone: Annotated[bool, typer.Option("--gone", help="There is no such object.")] = False,
    id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The object is there: this one.")
    ] = None,
    lock_timeout: LockTimeout = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Say what became of an interrupted step that no cloud can tell: for kinds without a marker."""
    console = console_of(context, output)
    console.lock_timeout = patience(lock_timeout)
    if gone == (id is not None):
        raise typer.BadParameter("write --gone, or --id ID: what did you find?")
    from orchestrator.cli.work.surgery import settle  # noqa: PLC0415 - lazy

    return settle(console, address, id, environment=environment)
