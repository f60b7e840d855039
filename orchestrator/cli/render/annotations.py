"""A report where a host shows it beside the lines of a change: GitHub's workflow commands, GitLab's code quality.

Sources: GitHub, "Workflow commands" (``::error file=…,line=…,title=…::message``; ``%``, line ends, and in
properties ``:`` and ``,`` are percent-encoded); GitLab, "Code Quality", the report format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from orchestrator.cli.render.report import Finding, Report, numbered
from orchestrator.cli.render.values import addressed
from orchestrator.model.diagnostic import Severity

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_GITLAB: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}
_RANKS: Final = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}


def render_github(report: Report) -> str:
    """One workflow command a finding, and the summary as a line of the log; ends with a newline."""
    return "\n".join([*(_command(f, report) for f in report.findings), report.summary]) + "\n"


def _command(finding: Finding, report: Report) -> str:
    about = {"title": finding.title or finding.rule}
    if finding.file:
        about = {
            "file": report.file(finding),
            **({"line": str(finding.line)} if finding.line else {}),
            **about,
        }
    if finding.column:
        about["col"] = str(finding.column)
    properties = ",".join(f"{key}={_property(value)}" for key, value in about.items())
    severity = Severity.NOTE if finding.aside else finding.severity
    return f"::{_COMMANDS[severity]} {properties}::{_data(chr(10).join(_told(finding)))}"


def _told(finding: Finding) -> Iterator[str]:
    said = addressed(finding.message, finding.address)
    yield f"{finding.standing} ({finding.aside}): {said}" if finding.aside else said
    if finding.hint:
        yield f"To change: {finding.hint}"
    if finding.title:
        yield f"({finding.rule})"
    if finding.link:
        yield finding.link


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def render_gitlab(report: Report) -> str:
    """The report as GitLab's code quality artifact; what was set aside is left out. Ends with a newline."""
    issues = [_issue(f, fingerprint, report) for f, fingerprint in numbered(report.findings) if not f.aside]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _issue(finding: Finding, fingerprint: str, report: Report) -> dict[str, Any]:
    severity = _GITLAB[finding.severity]
    if finding.severity is Severity.ERROR:
        severity = _RANKS.get(finding.rank, severity)
    said = addressed(finding.message, finding.address)
    return {
        "description": f"{said} (to change: {finding.hint})" if finding.hint else said,
        "check_name": finding.rule,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": report.file(finding), "lines": {"begin": max(1, finding.line)}},
    }
