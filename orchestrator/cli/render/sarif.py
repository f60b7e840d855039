"""A report as SARIF 2.1.0, the format of code scanning.

Source: OASIS Static Analysis Results Interchange Format 2.1.0; what GitHub shows of it is in its documentation
("SARIF support for code scanning"): a location for every result, ``security-severity`` of a rule, and partial
fingerprints that tell a moved finding from a new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from typing import Any, Final
from urllib.parse import quote

from orchestrator.cli.render.json import dump
from orchestrator.cli.render.report import Finding, Report, numbered
from orchestrator.cli.render.values import addressed
from orchestrator.model.diagnostic import Severity

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SECURITY: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0"}
"""A rank as a number from 0 to 10, in the middle of the band that GitHub gives that name."""
_ROOT: Final = "%SRCROOT%"


def render_sarif(report: Report) -> str:
    """The report as one SARIF log with one run; ends with a newline."""
    rules = {f.rule: f for f in reversed(report.findings)}
    index = {rule: n for n, rule in enumerate(sorted(rules))}
    driver = {
        "name": "opsctl",
        "version": _version(),
        "rules": [_rule(rules[name]) for name in sorted(rules)],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "/".join([*report.command.split(), report.subject or "stack", ""])},
        "invocations": [{"executionSuccessful": report.exit_code == 0, "exitCode": report.exit_code}],
        "columnKind": "unicodeCodePoints",
        "results": list(_results(report, index)),
    }
    return dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _version() -> str:
    try:
        return metadata.version("opsctl-orchestrator")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def _rule(finding: Finding) -> dict[str, Any]:
    about: dict[str, Any] = {
        "id": finding.rule,
        "name": finding.rule.rpartition(".")[2],
        "shortDescription": {"text": finding.title or finding.rule},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
    }
    if finding.link:
        about["helpUri"] = finding.link
        about["help"] = {
            "text": finding.link,
            "markdown": f"[{finding.title or finding.rule}]({finding.link})",
        }
    properties: dict[str, Any] = {"tags": ["policy" if finding.standing else "spec"]}
    if finding.rank in _SECURITY:
        properties["security-severity"] = _SECURITY[finding.rank]
        properties["tags"].append("security")
    return {**about, "properties": properties}


def _results(report: Report, index: dict[str, int]) -> Iterator[dict[str, Any]]:
    for finding, fingerprint in numbered(report.findings):
        result: dict[str, Any] = {
            "ruleId": finding.rule,
            "ruleIndex": index[finding.rule],
            "level": _LEVELS[finding.severity],
            "message": {"text": _message(finding)},
            "locations": [_location(finding, report)],
            "partialFingerprints": {"opsctl/v1": fingerprint},
        }
        said = {
            "address": finding.address,
            "path": finding.path,
            "standing": finding.standing and str(finding.standing),
        }
        if any(said.values()):
            result["properties"] = {key: value for key, value in said.items() if value}
        if finding.aside:
            result["suppressions"] = [{"kind": "external", "justification": finding.aside}]
        yield result


def _message(finding: Finding) -> str:
    said = addressed(finding.message, finding.address)
    return f"{said}\nTo change: {finding.hint}" if finding.hint else said


def _location(finding: Finding, report: Report) -> dict[str, Any]:
    region = {"startLine": max(1, finding.line)}
    if finding.column:
        region["startColumn"] = finding.column
    artifact = {"uri": quote(report.file(finding)), "uriBaseId": _ROOT}
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": artifact, "region": region}}
    if finding.address:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.address, "kind": "resource"}]
    return location
