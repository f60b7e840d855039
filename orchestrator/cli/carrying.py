"""state pull, push and migrate: the state carried into a file, from one, or to another backend."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import DryRun, Environment, LockTimeout, console_of, patience

_PLACE = "a file with a block state:, or sqlite:PATH, s3://BUCKET/KEY, azblob://ACCOUNT/CONTAINER/KEY, postgresql://…, https://…"


def register(group: typer.Typer) -> None:
    """Add the commands of this file to those of the state."""
    for command in (pull, push, migrate):
        group.command()(command)


def pull(
    context: typer.Context,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there (mode 0600).")
    ] = None,
    environment: Environment = None,
) -> int:
    """Print the whole state with its history as one JSON document. It is not encrypted; secrets are references."""
    console = console_of(context)
    from orchestrator.cli.work.carrying import pull  # noqa: PLC0415 - lazy

    return pull(console, out, environment=environment)


def push(
    context: typer.Context,
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What state pull has written; - is standard input.")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Even where it is older, or of another lineage.")
    ] = False,
    lock_timeout: LockTimeout = None,
    environment: Environment = None,
) -> int:
    """Put a pulled state in the place of what is kept. Refused where that would lose history."""
    console = console_of(context)
    console.lock_timeout = patience(lock_timeout)
    from orchestrator.cli.work.carrying import push  # noqa: PLC0415 - lazy

    return push(console, file, force=force, environment=environment)


def migrate(
    context: typer.Context,
    *,
    source: Annotated[
        str | None, typer.Option("--from", metavar="PLACE", help=f"Where the state was: {_PLACE}.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--to", metavar="PLACE", help="Where it is to be; opsctl.yaml has the old place."),
    ] = None,
    dry_run: DryRun = False,
    environment: Environment = None,
) -> int:
    """Carry the state with its history to another backend; the old one is marked as moved."""
    console = console_of(context)
    if (source is None) == (target is None):
        raise typer.BadParameter(
            "write either --from (opsctl.yaml has the new place) or --to (it has the old one)"
        )
    from orchestrator.cli.work.carrying import migrate  # noqa: PLC0415 - lazy

    return migrate(console, source=source, target=target, dry_run=dry_run, environment=environment)
