"""Tests of policies: every rule ``test_*`` of a folder, run as ``opa test`` runs them.

Enters: folders. Leaves: one result a test, with the line at which a failing test stopped; or diagnostics of
everything that is wrong with the policies. Holds: a test that crashes or never ends is an error of its own
and hides no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from orchestrator.adapters.policy_child import ChildFailedError, in_child
from orchestrator.adapters.policy_embedded import Limits, compile_modules, new_engine, plain
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.adapters.policy_rules import TEST_SUFFIX, Outline, discover
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.errors import InvalidSpecError
from orchestrator.model.verdict import Bundle

_PREFIX: Final = "test_"


class Ending(StrEnum):
    """How one test ended."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test. ``line`` is the test's own, or for a failing one the line that did not hold."""

    name: str
    """``data.<package>.<rule>``."""
    ending: Ending
    file: str
    line: int
    message: str = ""
    printed: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the rule is true."""
        return self.ending is Ending.PASS


@dataclass(frozen=True, slots=True)
class _Test:
    path: str
    file: str
    line: int

    def stopped_at(self, covered: Mapping[str, Any], next_line: int) -> int:
        """The last line of the body that was evaluated: what follows it was not, so it did not hold."""
        report: Mapping[str, Any] = next((f for f in covered.get("files", ()) if f["path"] == self.file), {})
        return max((n for n in report.get("covered", ()) if self.line <= n < next_line), default=self.line)


def check(paths: Sequence[Path | str]) -> list[Diagnostic]:
    """Everything that is wrong with the policies and tests below these paths, without running a rule."""
    try:
        bundle = load_bundle(paths)
    except InvalidSpecError as error:
        return list(error.diagnostics)
    outlines, found = compile_modules(bundle.modules, bundle.data)
    return found + discover([o for o in outlines if not o.file.endswith(TEST_SUFFIX)])[1]


def run_tests(paths: Sequence[Path | str], *, limits: Limits | None = None) -> list[TestResult]:
    """Run every test below these paths, in order of file and line.

    Raises InvalidSpecError where the policies cannot be read or do not compile.
    """
    limits = limits or Limits()
    bundle = load_bundle(paths)
    outlines, found = compile_modules(bundle.modules, bundle.data, limits)
    errors = tuple(d for d in found if d.severity is Severity.ERROR)
    if errors:
        raise InvalidSpecError(errors)
    tests, starts = _tests(outlines)
    try:
        return _run(tests, starts, bundle, limits)
    except ChildFailedError:
        return [result for test in tests for result in _run_alone(test, starts, bundle, limits)]


def _tests(outlines: Sequence[Outline]) -> tuple[list[_Test], dict[str, list[int]]]:
    """The tests, each once, and the lines at which rules start, by file."""
    tests: dict[str, _Test] = {}
    starts: dict[str, list[int]] = {}
    for outline in sorted(outlines, key=lambda o: o.file):
        for name, line in sorted(outline.rules, key=lambda r: r[1]):
            starts.setdefault(outline.file, []).append(line)
            path = f"data.{outline.package}.{name}"
            if name.startswith(_PREFIX) and path not in tests:
                tests[path] = _Test(path, outline.file, line)
    return list(tests.values()), starts


def _run_alone(
    test: _Test, starts: Mapping[str, list[int]], bundle: Bundle, limits: Limits
) -> list[TestResult]:
    try:
        return _run([test], starts, bundle, limits)
    except ChildFailedError as error:
        return [TestResult(test.path, Ending.ERROR, test.file, test.line, plain(str(error)))]


def _run(
    tests: Sequence[_Test], starts: Mapping[str, list[int]], bundle: Bundle, limits: Limits
) -> list[TestResult]:
    def work() -> bytes:
        engine = new_engine(bundle.modules, bundle.data)
        return msgspec.json.encode([_ask(engine, test) for test in tests])

    answers = msgspec.json.decode(in_child(work, seconds=limits.seconds, memory=limits.memory))
    return [_result(test, answer, starts) for test, answer in zip(tests, answers, strict=True)]


def _ask(engine: Any, test: _Test) -> dict[str, Any]:
    """One test on a regorus engine; coverage is collected only for a test that did not pass."""
    try:
        answer = msgspec.json.decode(engine.eval_query_as_json(test.path))
        printed = list(engine.take_prints())
        if _value(answer) is True:
            return {"passed": True, "printed": printed}
        engine.set_enable_coverage(True)
        engine.clear_coverage_data()
        engine.eval_query_as_json(test.path)
        covered = msgspec.json.decode(engine.get_coverage_report_as_json())
        engine.set_enable_coverage(False)
        engine.take_prints()
    except RuntimeError as error:
        return {"error": str(error), "printed": list(engine.take_prints())}
    return {"passed": False, "covered": covered, "printed": printed}


def _value(answer: Mapping[str, Any]) -> Any:
    return answer["result"][0]["expressions"][0]["value"] if answer.get("result") else None


def _result(test: _Test, answer: Mapping[str, Any], starts: Mapping[str, list[int]]) -> TestResult:
    printed = tuple(answer["printed"])
    if "error" in answer:
        return TestResult(test.path, Ending.ERROR, test.file, test.line, plain(answer["error"]), printed)
    if answer["passed"]:
        return TestResult(test.path, Ending.PASS, test.file, test.line, "", printed)
    following = starts[test.file]
    next_line = min((n for n in following if n > test.line), default=1 << 30)
    line = test.stopped_at(answer["covered"], next_line)
    return TestResult(test.path, Ending.FAIL, test.file, line, "this does not hold", printed)
