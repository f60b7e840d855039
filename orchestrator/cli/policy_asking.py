"""policy eval, explain, docs and bench: what policies say, of an input and of themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import Output
from orchestrator.cli.options import Environment, Format, PolicyPaths, console_of
from orchestrator.model.verdict import Stage

_Input = typer.Option(
    "--input", "-i", metavar="FILE", help="What policies see: opsctl plan --save-input FILE."
)


def register(group: typer.Typer) -> None:
    """Add the commands of this file to ``policy``."""
    group.command("eval")(evaluate)
    group.command()(explain)
    group.command()(docs)
    group.command()(bench)


def evaluate(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    paths: PolicyPaths = None,
    document: Annotated[Path, _Input],
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how far each rule came, expression by expression.")
    ] = False,
    rule: Annotated[
        str, typer.Option("--rule", metavar="NAME", help="Explain only rules with this in their name.")
    ] = "",
    stage: Annotated[
        Stage | None, typer.Option("--stage", help="Ask as at this stage, not at the input's own.")
    ] = None,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Ask the policies about a saved input. Ends with 3 where they deny."""
    console = console_of(context, output, report=True)
    from orchestrator.cli.work.policy_asking import Question, evaluate  # noqa: PLC0415 - lazy

    question = Question(document, explain=explain, rule=rule, stage=stage)
    return evaluate(console, paths or [], question, environment=environment)


def explain(
    context: typer.Context,
    *,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="As results name it, or a part of that.")],
    paths: PolicyPaths = None,
    environment: Environment = None,
) -> int:
    """Show what a rule says of itself, its parameters, its tests and its source; of a stack's rules or of ours."""
    console = console_of(context)
    from orchestrator.cli.work.policy_pages import explain  # noqa: PLC0415 - lazy

    return explain(console, rule, paths or [], environment=environment)


def docs(
    context: typer.Context,
    *,
    paths: PolicyPaths = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Write one file a policy, and an index."),
    ] = None,
    environment: Environment = None,
) -> int:
    """Write a page a policy, in Markdown, from the policies' metadata."""
    console = console_of(context)
    from orchestrator.cli.work.policy_pages import docs  # noqa: PLC0415 - lazy

    return docs(console, paths or [], out, environment=environment)


def bench(
    context: typer.Context,
    *,
    paths: PolicyPaths = None,
    document: Annotated[Path | None, _Input] = None,
    changes: Annotated[
        int,
        typer.Option("--changes", metavar="N", min=1, help="Without an input: a plan with so many changes."),
    ] = 1000,
    runs: Annotated[int, typer.Option("--runs", metavar="N", min=1, help="The fastest of so many runs.")] = 3,
    environment: Environment = None,
    output: Format = Output.TEXT,
) -> int:
    """Time every rule on one input, the slowest first."""
    console = console_of(context, output)
    from orchestrator.cli.work.policy_asking import bench  # noqa: PLC0415 - lazy

    return bench(console, paths or [], document, changes=changes, runs=runs, environment=environment)
