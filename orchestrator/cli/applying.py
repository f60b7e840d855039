"""apply and destroy: carry a plan out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import (
    Environment,
    Format,
    LockTimeout,
    Parallelism,
    Params,
    Targets,
    console_of,
    parameters,
    patience,
)

Approved = Annotated[bool, typer.Option("--auto-approve", help="Do not ask: for CI.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(apply)
    app.command()(destroy)


def apply(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    plan_file: Annotated[
        Path | None, typer.Argument(metavar="PLANFILE", help="A plan that was saved with plan --out.")
    ] = None,
    auto_approve: Approved = False,
    require_signature: Annotated[
        bool, typer.Option("--require-signature", help="Refuse a saved plan that no trusted key has signed.")
    ] = False,
    trusted: Annotated[
        Path | None,
        typer.Option("--trusted", metavar="FOLDER", help="Take the keys from the opsctl.yaml there."),
    ] = None,
    approval: Annotated[
        list[Path] | None,
        typer.Option(
            "--approval", metavar="FILE", help="What opsctl approve wrote for the plan (repeatable)."
        ),
    ] = None,
    target: Targets = None,
    environment: Environment = None,
    param: Params = None,
    lock_timeout: LockTimeout = None,
    parallelism: Parallelism = None,
    output: Format = Output.TEXT,
) -> int:
    """Plan, ask, and do it. With a saved plan: do exactly what it says."""
    console = console_of(context, output, report=True)
    values = parameters(param)
    if plan_file is None and (require_signature or trusted is not None):
        raise typer.BadParameter("--require-signature and --trusted are about a saved plan: name its file")
    console.lock_timeout = patience(lock_timeout)
    if plan_file is not None and (environment or values or target):
        said = "a saved plan has its environment, parameters and targets in it: leave -e, -p and --target out"
        raise typer.BadParameter(said)
    if approval and plan_file is None:
        raise typer.BadParameter("--approval is for a saved plan: opsctl apply PLANFILE --approval FILE")
    from orchestrator.cli.work import applying  # noqa: PLC0415 - lazy
    from orchestrator.cli.work.planning import Wish  # noqa: PLC0415 - lazy

    if plan_file is not None:
        return applying.apply_saved(
            console,
            plan_file,
            trusted=trusted,
            signed=require_signature,
            approvals=approval or [],
            parallelism=parallelism,
        )
    wish = Wish(environment, values, parallelism=parallelism, targets=target or ())
    return applying.apply(console, wish, approved=auto_approve)


def destroy(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    auto_approve: Approved = False,
    target: Targets = None,
    environment: Environment = None,
    param: Params = None,
    lock_timeout: LockTimeout = None,
    parallelism: Parallelism = None,
    output: Format = Output.TEXT,
) -> int:
    """Delete everything that the stack has made, or what --target names."""
    console = console_of(context, output, report=True)
    values = parameters(param)
    console.lock_timeout = patience(lock_timeout)
    from orchestrator.cli.work import applying  # noqa: PLC0415 - lazy
    from orchestrator.cli.work.planning import Wish  # noqa: PLC0415 - lazy

    wish = Wish(environment, values, destroy=True, parallelism=parallelism, targets=target or ())
    return applying.apply(console, wish, approved=auto_approve)
