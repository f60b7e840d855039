"""A report in the form that a host of code, or a browser, reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from orchestrator.cli.render.annotations import render_github, render_gitlab
from orchestrator.cli.render.findings import render_comment
from orchestrator.cli.render.html import render_html
from orchestrator.cli.render.junit import render_junit
from orchestrator.cli.render.report import Report
from orchestrator.cli.render.sarif import render_sarif

FORMS: Final[Mapping[str, Callable[[Report], str]]] = {
    "markdown": render_comment,
    "sarif": render_sarif,
    "junit": render_junit,
    "github": render_github,
    "gitlab": render_gitlab,
    "html": render_html,
}
"""By the name that ``--output`` has for it."""
