"""What readers of reports accept, written down from their own documents: JUnit XML and GitLab's code quality.

JUnit: the elements and attributes of Jenkins' xunit plugin (``junit-10.xsd``), and ``file`` and ``line`` of a case,
which pytest writes and GitLab reads. GitLab: "Code quality report format" of its documentation.
"""

from __future__ import annotations

import re
from typing import Any, Final
from xml.etree import ElementTree as ET

import jsonschema

_TIME: Final = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")
_COUNTS: Final = ("tests", "failures", "errors")
_JUNIT: Final[dict[str, tuple[set[str], set[str], set[str]]]] = {
    "testsuites": (set(), {"name", "time", *_COUNTS}, {"testsuite"}),
    "testsuite": (
        {"name", *_COUNTS},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"time", "classname", "group", "file", "line"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
    "system-err": (set(), set(), set()),
}
"""By element: required attributes, optional ones, children."""
_GITLAB: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "location", "severity"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./|/).+"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def check_junit(text: str) -> ET.Element:
    """The document, which holds nothing that readers do not know, and whose counts are right."""
    root = ET.fromstring(text)  # noqa: S314 - our own output
    assert root.tag == "testsuites"
    for element in root.iter():
        required, optional, children = _JUNIT[element.tag]
        assert required <= set(element.keys()) <= required | optional, (element.tag, element.keys())
        assert {child.tag for child in element} <= children, element.tag
        assert _TIME.fullmatch(element.get("time", "0")), element.get("time")
    for suite in root.iter("testsuite"):
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(sum(case.find("failure") is not None for case in cases))
        assert suite.get("skipped", "0") == str(sum(case.find("skipped") is not None for case in cases))
    return root


def check_gitlab(document: Any) -> Any:
    """The report, in the form that GitLab documents, with no fingerprint twice."""
    jsonschema.validate(document, _GITLAB)
    prints = [issue["fingerprint"] for issue in document]
    assert len(prints) == len(set(prints))
    return document
