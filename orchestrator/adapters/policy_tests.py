"""Tests of policies: every rule ``test_*`` of a folder, run as ``opa test`` runs them.

Enters: policies with their tests. Leaves: one result a test, with the line at which a failing test stopped; or diagnostics of
everything that is wrong with the policies. Holds: a test that crashes or never ends is an error of its own
and hides no other.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from orchestrator.adapters.policy_child import ChildFailedError, in_child
from orchestrator.adapters.policy_embedded import Limits, compile_modules, new_engine, plain, syntax_trees
from orchestrator.adapters.policy_lint import read_modules
from orchestrator.adapters.policy_paths import wrong_paths
from orchestrator.adapters.policy_review import review
from orchestrator.adapters.policy_rules import TEST_SUFFIX, Outline, discover
from orchestrator.adapters.policy_schemas import Schemas
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.errors import InvalidSpecError
from orchestrator.model.verdict import Bundle

_PREFIX: Final = "test_"
_PACKAGE: Final = re.compile(r"^package\s+(\S+)", re.MULTILINE)


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
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the rule is true."""
        return self.ending is Ending.PASS


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which lines of one policy the tests have evaluated; lines without an expression count in neither."""

    file: str
    covered: tuple[int, ...]
    missed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TestRun:
    """Every test that was run, and what they covered."""

    results: tuple[TestResult, ...]
    coverage: tuple[Coverage, ...] = ()

    @property
    def covered(self) -> float:
        """The share of lines that were evaluated, from 0 to 1; 1 where there is none."""
        lines = sum(len(c.covered) + len(c.missed) for c in self.coverage)
        return sum(len(c.covered) for c in self.coverage) / lines if lines else 1.0


@dataclass(frozen=True, slots=True)
class _Test:
    path: str
    file: str
    line: int

    def stopped_at(self, covered: Mapping[str, Any], next_line: int) -> int:
        """The last line of the body that was evaluated: what follows it was not, so it did not hold."""
        report: Mapping[str, Any] = next((f for f in covered.get("files", ()) if f["path"] == self.file), {})
        return max((n for n in report.get("covered", ()) if self.line <= n < next_line), default=self.line)


def check(bundle: Bundle, schemas: Schemas | None = None) -> list[Diagnostic]:
    """Everything that is wrong with policies and their tests, without running a rule."""
    outlines, found = compile_modules(bundle.modules, bundle.data)
    parsed = bool(outlines)
    if found and not outlines:
        sound = _apart(bundle.modules, {d.position.file for d in found if d.position})
        outlines, more = compile_modules(sound, bundle.data)
        found += more
    found += discover([o for o in outlines if not o.file.endswith(TEST_SUFFIX)])[1]
    if parsed:
        trees = syntax_trees(bundle.modules)
        more = [*review(trees), *wrong_paths(read_modules(trees), trees, schemas or Schemas())]
        told = {(d.position.file, d.position.line) for d in found if d.position}
        found += [d for d in more if d.position is None or (d.position.file, d.position.line) not in told]
    return sorted(found, key=lambda d: (d.position.file, d.position.line) if d.position else ("", 0))


def _apart(modules: Mapping[str, str], broken: set[str]) -> dict[str, str]:
    """Modules that do not lean on those that do not parse: what is wrong with them is told in the same breath."""
    names = {m[1] for file in broken for m in _PACKAGE.finditer(modules.get(file, ""))}
    leans = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names) or r"(?!)")
    return {file: text for file, text in modules.items() if file not in broken and not leans.search(text)}


def run_tests(bundle: Bundle, *, limits: Limits | None = None) -> list[TestResult]:
    """Run every test, in order of file and line; raises as :func:`run_covered` does."""
    return list(run_covered(bundle, limits=limits).results)


def run_covered(bundle: Bundle, *, pattern: str = "", limits: Limits | None = None) -> TestRun:
    """Run the tests whose name has the regular expression ``pattern`` in it.

    Raises InvalidSpecError where the policies do not compile, re.error for a bad pattern.
    """
    wanted = re.compile(pattern)
    limits = limits or Limits()
    outlines, found = compile_modules(bundle.modules, bundle.data, limits)
    errors = tuple(d for d in found if d.severity is Severity.ERROR)
    if errors:
        raise InvalidSpecError(errors)
    tests, starts = _tests(outlines)
    tests = [test for test in tests if wanted.search(test.path)]
    try:
        return _run(tests, starts, bundle, limits)
    except ChildFailedError:
        runs = [_run_alone(test, starts, bundle, limits) for test in tests]
        return TestRun(tuple(r for run in runs for r in run.results), _union(runs))


def _union(runs: Sequence[TestRun]) -> tuple[Coverage, ...]:
    """What several runs have covered together."""
    covered: dict[str, set[int]] = {}
    lines: dict[str, set[int]] = {}
    for one in (c for run in runs for c in run.coverage):
        covered.setdefault(one.file, set()).update(one.covered)
        lines.setdefault(one.file, set()).update((*one.covered, *one.missed))
    return tuple(
        Coverage(file, tuple(sorted(covered[file])), tuple(sorted(lines[file] - covered[file])))
        for file in sorted(lines)
    )


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


def _run_alone(test: _Test, starts: Mapping[str, list[int]], bundle: Bundle, limits: Limits) -> TestRun:
    try:
        return _run([test], starts, bundle, limits)
    except ChildFailedError as error:
        return TestRun((TestResult(test.path, Ending.ERROR, test.file, test.line, plain(str(error))),))


def _run(tests: Sequence[_Test], starts: Mapping[str, list[int]], bundle: Bundle, limits: Limits) -> TestRun:
    def work() -> bytes:
        engine = new_engine(bundle.modules, bundle.data)
        probe = new_engine(bundle.modules, bundle.data)
        engine.set_enable_coverage(True)
        answers = [_ask(engine, probe, test) for test in tests]
        report = msgspec.json.decode(engine.get_coverage_report_as_json()) if tests else {}
        lines = [(f["path"], f["covered"], f["not_covered"]) for f in report.get("files", ())]
        unseen = {
            file: text for file, text in bundle.modules.items() if file not in {path for path, *_ in lines}
        }
        lines += [(file, (), missed) for file, missed in _untouched(unseen, bundle)]
        return msgspec.json.encode([answers, lines])

    answers, lines = msgspec.json.decode(in_child(work, seconds=limits.seconds, memory=limits.memory))
    results = tuple(_result(t, answer, starts) for t, answer in zip(tests, answers, strict=True))
    coverage = tuple(
        Coverage(file, tuple(covered), tuple(missed))
        for file, covered, missed in sorted(lines)
        if not file.endswith(TEST_SUFFIX) and (covered or missed)
    )
    return TestRun(results, coverage)


def _untouched(unseen: Mapping[str, str], bundle: Bundle) -> Iterator[tuple[str, list[int]]]:
    """The lines of modules that no test led to. The engine tells of a module only what it has evaluated some of."""
    probe = new_engine(bundle.modules, bundle.data)
    probe.set_enable_coverage(True)
    for name in sorted({m[1] for text in unseen.values() for m in _PACKAGE.finditer(text)}):
        with suppress(RuntimeError):  # what fails without an input was looked at all the same
            probe.eval_query_as_json(f"data.{name}")
    report = msgspec.json.decode(probe.get_coverage_report_as_json())
    for module in report.get("files", ()):
        if module["path"] in unseen:
            yield module["path"], sorted([*module["covered"], *module["not_covered"]])


def _ask(engine: Any, probe: Any, test: _Test) -> dict[str, Any]:
    """One test on a regorus engine; for one that did not pass, ``probe`` tells how far it came."""
    began = time.perf_counter()
    try:
        answer = msgspec.json.decode(engine.eval_query_as_json(test.path))
        said = {"printed": list(engine.take_prints()), "seconds": time.perf_counter() - began}
        if _value(answer) is True:
            return {"passed": True, **said}
        probe.set_enable_coverage(True)
        probe.clear_coverage_data()
        probe.eval_query_as_json(test.path)
        covered = msgspec.json.decode(probe.get_coverage_report_as_json())
        probe.take_prints()
    except RuntimeError as error:
        printed = list(engine.take_prints())
        return {"error": str(error), "printed": printed, "seconds": time.perf_counter() - began}
    return {"passed": False, "covered": covered, **said}


def _value(answer: Mapping[str, Any]) -> Any:
    return answer["result"][0]["expressions"][0]["value"] if answer.get("result") else None


def _result(test: _Test, answer: Mapping[str, Any], starts: Mapping[str, list[int]]) -> TestResult:
    ending, line, message = Ending.PASS, test.line, ""
    if "error" in answer:
        ending, message = Ending.ERROR, plain(answer["error"])
    elif not answer["passed"]:
        next_line = min((n for n in starts[test.file] if n > test.line), default=1 << 30)
        ending, message = Ending.FAIL, "this does not hold"
        line = test.stopped_at(answer["covered"], next_line)
    seconds = round(answer["seconds"], 6)
    return TestResult(test.path, ending, test.file, line, message, tuple(answer["printed"]), seconds)
