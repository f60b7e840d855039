"""A report in the form that a host of code reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.annotations import render_github, render_gitlab
from orchestrator.cli.render.findings import render_comment
from orchestrator.cli.render.junit import render_junit
from orchestrator.cli.render.report import Report
from orchestrator.cli.render.sarif import render_sarif

_FORMS: Mapping[Output, Callable[[Report], str]] = {
    Output.SARIF: render_sarif,
    Output.JUNIT: render_junit,
    Output.GITHUB: render_github,
    Output.GITLAB: render_gitlab,
}


def write_report(console: Console, report: Report, comment: Callable[[], str] | None = None) -> None:
    """The command's result, where it is wanted as Markdown, SARIF, JUnit, GitHub's or GitLab's.

    ``comment`` makes the Markdown where a command has more to show than its report.
    """
    if console.output is Output.MARKDOWN:
        console.result(comment() if comment else render_comment(report))
    else:
        console.result(_FORMS[console.output](report))
