"""state list, show, history, verify, rekey, unlock; and output: what is remembered."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli import carrying, surgery
from orchestrator.cli.console import Output
from orchestrator.cli.options import Environment, Format, LockTimeout, console_of, patience

_OUTPUT = ("text", "json", "raw")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="state", help="Look at the state, mend it, and free its lock.", rich_markup_mode=None
    )
    group.command("list")(list_)
    for command in (show, history, verify, rekey, unlock):
        group.command()(command)
    surgery.register(group)
    carrying.register(group)
    app.add_typer(group)
    app.command()(output)


def output(
    context: typer.Context,
    *,
    name: Annotated[str | None, typer.Argument(help="One output; without it: all of them.")] = None,
    environment: Environment = None,
    output: Annotated[
        str, typer.Option("--output", help="text, json or raw (one output, no quotes).")
    ] = "text",
) -> int:
    """Print the outputs of the stack, as of the last apply."""
    if output not in _OUTPUT:
        raise typer.BadParameter(f"--output {output}: write one of {', '.join(_OUTPUT)}")
    if output == "raw" and name is None:
        raise typer.BadParameter("--output raw needs the name of an output")
    console = console_of(context, Output.JSON if output == "json" else Output.TEXT)
    from orchestrator.cli.work.outputs import print_outputs  # noqa: PLC0415 - lazy

    return print_outputs(console, name, environment=environment, raw=output == "raw")


def list_(context: typer.Context, *, environment: Environment = None, output: Format = Output.TEXT) -> int:
    """List the resources that the state remembers."""
    console = console_of(context, output)
    from orchestrator.cli.work.state import list_state  # noqa: PLC0415 - lazy

    return list_state(console, environment=environment)


def show(
    context: typer.Context,
    *,
    address: Annotated[str, typer.Argument(help="The resource's address.")],
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Show one resource as the state remembers it."""
    console = console_of(context, output)
    from orchestrator.cli.work.state import show_record  # noqa: PLC0415 - lazy

    return show_record(console, address, environment=environment)


def history(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many entries, the last ones.")] = 50,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Show what was written to the state, and by whom."""
    console = console_of(context, output)
    from orchestrator.cli.work.history import history  # noqa: PLC0415 - lazy

    return history(console, limit, environment=environment)


def verify(context: typer.Context, *, environment: Environment = None, output: Format = Output.TEXT) -> int:
    """Look at all that is stored: checksums, invariants, the audit's chain. Ends with 1 where something is wrong."""
    console = console_of(context, output)
    from orchestrator.cli.work.verifying import verify_state  # noqa: PLC0415 - lazy

    return verify_state(console, environment=environment)


def rekey(
    context: typer.Context,
    *,
    lock_timeout: LockTimeout = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Encrypt the whole state by the key that opsctl.yaml names now; with key: none, decrypt it."""
    console = console_of(context, output)
    console.lock_timeout = patience(lock_timeout)
    from orchestrator.cli.work.rekeying import rekey  # noqa: PLC0415 - lazy

    return rekey(console, environment=environment)


def unlock(
    context: typer.Context,
    *,
    environment: Environment = None,
    force: Annotated[bool, typer.Option("--force", help="Do not ask.")] = False,
) -> int:
    """Break the lock of a run that is known to be dead. A lock frees itself half a minute after its run dies."""
    console = console_of(context)
    from orchestrator.cli.work.state import unlock  # noqa: PLC0415 - lazy

    return unlock(console, environment=environment, force=force)
