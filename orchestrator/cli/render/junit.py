"""A report as JUnit XML, as test reporters of Jenkins, GitLab, GitHub and Azure read it.

What is an error is a failed case; warnings and notes are cases that pass and say so in their output; what was
looked at and is right is a case that passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

from orchestrator.cli.render.report import Case, Finding, Report
from orchestrator.cli.render.values import addressed
from orchestrator.model.diagnostic import Severity

_NOT_XML: Final = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def render_junit(report: Report) -> str:
    """The report as one test suite; ends with a newline."""
    failed = sum(_fails(f) for f in report.findings)
    skipped = sum(bool(f.aside) for f in report.findings)
    seconds = sum(case.seconds for case in report.passed)
    counts = {
        "tests": str(len(report.findings) + len(report.passed)),
        "failures": str(failed),
        "errors": "0",
        "time": f"{seconds:.3f}",
    }
    name = f"{report.command} {report.subject}".strip()
    root = ET.Element("testsuites", {"name": "opsctl", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": _clean(name), **counts, "skipped": str(skipped)})
    suite.extend([*(_finding(f, report) for f in report.findings), *(_case(c) for c in report.passed)])
    ET.SubElement(suite, "system-out").text = _clean(report.summary)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _fails(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR and not finding.aside


def _finding(finding: Finding, report: Report) -> ET.Element:
    name = finding.address or finding.place or finding.message.partition("\n")[0]
    about = {"name": _clean(name), "classname": _clean(finding.rule), "time": "0.000"}
    if finding.file:
        about["file"] = _clean(report.file(finding))
        about["line"] = str(max(1, finding.line))
    case = ET.Element("testcase", about)
    text = _clean("\n".join(_told(finding, report)))
    if finding.aside:
        ET.SubElement(case, "skipped", {"message": _clean(finding.aside)})
        ET.SubElement(case, "system-out").text = text
    elif _fails(finding):
        kind = str(finding.standing or finding.severity)
        ET.SubElement(case, "failure", {"message": _clean(finding.message), "type": kind}).text = text
    else:
        ET.SubElement(case, "system-out").text = text
    return case


def _told(finding: Finding, report: Report) -> Iterator[str]:
    yield f"{finding.standing or finding.severity}: {addressed(finding.message, finding.address)}"
    where = (
        f"{report.file(finding)}:{finding.line}" if finding.line else finding.file and report.file(finding)
    )
    yield from (part for part in (where, finding.path) if part)
    if finding.hint:
        yield f"to change: {finding.hint}"
    if finding.link:
        yield finding.link


def _case(case: Case) -> ET.Element:
    about = {"name": _clean(case.name), "classname": _clean(case.group), "time": f"{case.seconds:.3f}"}
    return ET.Element("testcase", about)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
