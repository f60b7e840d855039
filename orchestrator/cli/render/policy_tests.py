"""A run of the tests of policies: as text, as JSON, as a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.render.json import head
from orchestrator.cli.render.report import Case, Finding, Report, ordered, repository
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import ago, count
from orchestrator.model.diagnostic import Severity

if TYPE_CHECKING:
    from orchestrator.bootstrap.authoring import PolicyRun, PolicyTest


def render_tests(run: PolicyRun, style: Style = PLAIN, *, lines: bool = False) -> str:
    """What failed and where, what is not covered where that is asked for, and one line that sums up."""
    told = [line for r in run.results if not r.passed for line in _failed(r, style)]
    if lines:
        told += list(_uncovered(run, style))
    return "\n".join([*told, summary(run)]) + "\n"


def summary(run: PolicyRun) -> str:
    """In one line: ``12 of 12 policy tests passed in 0.3s, 97.2% of 140 lines covered.``."""
    passed = sum(r.passed for r in run.results)
    took = ago(sum(r.seconds for r in run.results))
    lines = sum(len(c.covered) + len(c.missed) for c in run.coverage)
    covered = f", {100 * run.covered:.1f}% of {count(lines, 'line')} covered" if lines else ""
    return f"{passed} of {count(len(run.results), 'policy test')} passed in {took}{covered}."


def _failed(result: PolicyTest, style: Style) -> Iterator[str]:
    word = style.paint(str(result.ending).upper(), "red", "bold")
    yield f"{word}  {result.name}  {result.file}:{result.line}"
    if result.message:
        yield f"      {result.message}"
    yield from (f"      printed: {line}" for line in result.printed)


def _uncovered(run: PolicyRun, style: Style) -> Iterator[str]:
    for one in run.coverage:
        share = 100 * len(one.covered) / (len(one.covered) + len(one.missed))
        text = f"{one.file}  {share:.1f}%"
        if one.missed:
            yield f"{style.paint(text, 'yellow')}  not covered: {', '.join(_ranges(one.missed))}"
        else:
            yield style.paint(text, "green")


def _ranges(lines: Sequence[int]) -> Iterator[str]:
    """``3, 7-9`` of 3, 7, 8, 9."""
    for _, group in groupby(enumerate(lines), key=lambda pair: pair[1] - pair[0]):
        run = [line for _, line in group]
        yield str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}"


def tests_document(run: PolicyRun) -> dict[str, Any]:
    """A run for programs."""
    return {
        **head("policy-test"),
        "passed": sum(r.passed for r in run.results),
        "of": len(run.results),
        "coverage": round(run.covered, 4),
        "tests": [
            {
                "name": r.name,
                "result": str(r.ending),
                "file": r.file,
                "line": r.line,
                "message": r.message or None,
                "printed": list(r.printed),
                "seconds": r.seconds,
            }
            for r in run.results
        ],
        "files": [
            {"file": c.file, "covered": list(c.covered), "not_covered": list(c.missed)} for c in run.coverage
        ],
    }


def test_report(command: str, run: PolicyRun, subject: str, code: int, file: str) -> Report:
    """A run for hosts of code: a failed test is a finding at the line that did not hold."""
    findings = [
        Finding(
            r.name.removeprefix("data.").rpartition(".")[0],
            Severity.ERROR,
            "\n".join([f"{r.name}: {r.message}", *r.printed]),
            title=f"Policy test {r.ending}",
            address=r.name.rpartition(".")[2],
            file=r.file,
            line=r.line,
        )
        for r in run.results
        if not r.passed
    ]
    passed = tuple(
        Case(r.name.rpartition(".")[2], r.name.removeprefix("data.").rpartition(".")[0], r.seconds)
        for r in run.results
        if r.passed
    )
    root = repository(Path.cwd())
    return Report(command, summary(run), ordered(findings), passed, subject, code, file, root)
