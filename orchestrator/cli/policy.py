"""policy new, check, fmt, test, schema: write policies, and see that they are right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli import policy_asking
from orchestrator.cli.console import Output
from orchestrator.cli.options import Environment, Format, PolicyPaths, console_of
from orchestrator.model.verdict import Stage


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(name="policy", help="Write, check, test and ask policies.", rich_markup_mode=None)
    group.command()(new)
    group.command()(check)
    group.command("fmt")(fmt)
    group.command("test")(run_tests)
    policy_asking.register(group)
    group.command()(schema)
    group.command()(update)
    app.add_typer(group)


def new(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the policy is called: small_servers.")],
    folder: Annotated[
        Path, typer.Option("--folder", "-d", metavar="FOLDER", help="Where it is written.")
    ] = Path("policies"),
    type: Annotated[
        str,
        typer.Option(
            "--type", "-t", metavar="TYPE", help="The type that it judges; opsctl types lists them."
        ),
    ] = "Local::Value",
    effect: Annotated[str, typer.Option("--effect", help="deny, require_approval or warn.")] = "deny",
) -> int:
    """Write a first policy with its metadata and its tests, which pass."""
    console = console_of(context)
    from orchestrator.cli.work.policy_writing import new  # noqa: PLC0415 - lazy

    return new(console, name, folder, type=type, effect=effect)


def check(
    context: typer.Context,
    *,
    paths: PolicyPaths = None,
    strict: Annotated[bool, typer.Option("--strict", help="A warning is an error too.")] = False,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Compile the policies and tell what is wrong with them: calls, variables, metadata, what is never reached."""
    console = console_of(context, output, report=True)
    from orchestrator.cli.work.policies import check  # noqa: PLC0415 - lazy

    return check(console, paths or [], environment=environment, strict=strict)


def fmt(
    context: typer.Context,
    *,
    paths: PolicyPaths = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; end with 1 where something would.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing; show what would be.")] = False,
    opa: Annotated[
        str | None,
        typer.Option("--opa", metavar="PROGRAM", help="Let this opa format, not opsctl's own layout."),
    ] = None,
    environment: Environment = None,
) -> int:
    """Lay Rego out as opa fmt does: indents, spaces, blank lines, imports. Nothing but layout changes."""
    console = console_of(context)
    from orchestrator.cli.work.policy_writing import fmt  # noqa: PLC0415 - lazy

    return fmt(console, paths or [], environment=environment, dry=check or diff, diff=diff, opa=opa)


def run_tests(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    paths: PolicyPaths = None,
    pattern: Annotated[
        str,
        typer.Option(
            "--run", "-r", metavar="PATTERN", help="Only tests whose name has this expression in it."
        ),
    ] = "",
    coverage: Annotated[
        bool, typer.Option("--coverage", help="List the lines that no test reaches.")
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", metavar="PERCENT", min=0, max=100, help="End with 1 below this coverage."
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Run again whenever a file changes.")] = False,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Run the tests of the policies: every rule test_* in files *_test.rego."""
    console = console_of(context, output, report=True)
    from orchestrator.cli.work.policies import Wanted, test  # noqa: PLC0415 - lazy

    wanted = Wanted(pattern, coverage=coverage, threshold=threshold, watch=watch)
    return test(console, paths or [], wanted, environment=environment)


def schema(
    context: typer.Context,
    *,
    stage: Annotated[
        Stage | None, typer.Option("--stage", help="What policies see at this stage; without it: at any.")
    ] = None,
    type: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            "-t",
            metavar="TYPE",
            help="Of resources of this type: AWS::EC2::VPC, or with --out also 'AWS::EC2::*' (repeatable).",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="Write all of them, for opa check --schema FOLDER."
        ),
    ] = None,
) -> int:
    """Print the JSON Schema of what policies see, for validation and for # METADATA schemas in Rego."""
    console = console_of(context)
    from orchestrator.cli.work.policy_writing import schema  # noqa: PLC0415 - lazy

    return schema(console, stage, type or [], out)


def update(
    context: typer.Context,
    *,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Look at the policies that come from elsewhere, and pin them in opsctl.lock as they are now."""
    console = console_of(context, output)
    from orchestrator.cli.work.updating import update  # noqa: PLC0415 - lazy

    return update(console, environment=environment)
