"""A run of the conformance suite: as a table, as a page, as JSON, as a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.render.json import head
from orchestrator.cli.render.report import Case, Finding, Report, ordered, repository
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import ago, count
from orchestrator.model.diagnostic import Severity

if TYPE_CHECKING:
    from orchestrator.testing.provider_conformance import Report as Run
    from orchestrator.testing.provider_conformance import Result

_SIGNS = {"passed": "✓", "failed": "✗", "inapplicable": "·"}
_COLOURS = {"passed": "green", "failed": "red", "inapplicable": "dim"}
_RULE = "opsctl.provider.test"


def summary(run: Run) -> str:
    """In one line: ``142 of 143 checks of 13 kinds passed in 9.1s; 2 changes by hand are not seen.``."""
    looked = [r for r in run.results if r.ending != "inapplicable"]
    passed = sum(r.ending == "passed" for r in looked)
    took = ago(sum(r.seconds for r in run.results))
    unseen = sum(len(paths) for paths in run.undetected.values())
    hidden = (
        f"; {count(unseen, 'change')} by hand {'is' if unseen == 1 else 'are'} not seen" if unseen else ""
    )
    return f"{passed} of {count(len(looked), 'check')} of {count(len(run.types), 'kind')} passed in {took}{hidden}."


def render_run(run: Run, style: Style = PLAIN) -> str:
    """The table, what failed, what cannot be seen and what was not tried, and one line that sums up."""
    sections = [list(_table(run, style)), list(_failures(run, style))]
    sections.append(list(_reasons("Changes by hand that are not seen:", run.undetected, style)))
    sections.append(list(_reasons("Not tried:", run.untried, style)))
    sections.append([f"Not looked at: {type}: {why}" for type, why in run.exempt.items()])
    if run.unsampled:
        sections.append([f"{style.paint('No sample:', 'red', 'bold')} {', '.join(run.unsampled)}"])
    sections.append([style.paint(f"{run.family} on {run.where}: {summary(run)}", "bold")])
    return style.plain("\n\n".join("\n".join(s) for s in sections if s) + "\n")


def _table(run: Run, style: Style) -> Iterator[str]:
    wide = max((len(type) for type in run.types), default=0)
    columns = [(name, max(len(name), 4)) for name in run.checks]
    yield style.paint(" " * wide + "".join(f"  {name:<{room}}" for name, room in columns), "bold")
    for type in run.types:
        cells = (_cell(run.of(type, name), room, style) for name, room in columns)
        yield f"{type:<{wide}}{''.join(cells)}".rstrip()


def _cell(result: Result | None, room: int, style: Style) -> str:
    if result is None:
        return "  " + " " * room
    number = f" {result.tried}" if result.tried and result.ending == "passed" else ""
    text = f"{_SIGNS[result.ending]}{number}"
    return "  " + style.paint(text, _COLOURS[result.ending]) + " " * (room - len(text))


def _failures(run: Run, style: Style) -> Iterator[str]:
    for result in run.failures:
        yield f"{style.paint('FAILED', 'red', 'bold')}  {result.type}  {result.check}: {run.checks[result.check]}"
        yield from (f"      {message}" for message in result.messages)


def _reasons(title: str, found: Mapping[str, Mapping[str, str]], style: Style) -> Iterator[str]:
    if found:
        yield style.paint(title, "bold")
    for type, paths in found.items():
        for path, reason in paths.items():
            yield f"  {type}  {path}: {reason}"


def render_page(run: Run, command: str) -> str:
    """The same as a page of Markdown, without times and counts: it is the same for the same behaviour."""
    return "\n".join(_page(run, command)) + "\n"


def _page(run: Run, command: str) -> Iterator[str]:
    yield from (f"# Conformance: {run.family} on {run.where}", "", f"What `{command}` finds.", "")
    yield from ("| check | claim |", "|---|---|")
    yield from (f"| {name} | {claim} |" for name, claim in run.checks.items())
    yield from ("", f"| kind | {' | '.join(run.checks)} |", f"|---|{'---|' * len(run.checks)}")
    for type in run.types:
        cells = (run.of(type, name) for name in run.checks)
        yield f"| `{type}` | {' | '.join(_SIGNS[c.ending] if c else '' for c in cells)} |"
    yield from ("", "✓ holds · there is nothing to check ✗ does not hold")
    for title, found in (
        ("Changes by hand that are not seen", run.undetected),
        ("Properties that are not tried", run.untried),
    ):
        if found:
            yield from ("", f"## {title}", "", "| kind | property | why |", "|---|---|---|")
            yield from (
                f"| `{t}` | `{p}` | {why} |" for t, paths in found.items() for p, why in paths.items()
            )
    if run.exempt:
        yield from ("", "## Kinds that are not looked at", "", "| kind | why |", "|---|---|")
        yield from (f"| `{type}` | {why} |" for type, why in run.exempt.items())
    if run.failures:
        yield from ("", "## What does not hold", "")
        yield from (f"* `{r.type}`, {r.check}: {m}" for r in run.failures for m in r.messages)


def run_document(run: Run) -> dict[str, Any]:
    """A run for programs."""
    return {
        **head("provider-test"),
        "provider": run.family,
        "where": run.where,
        "passed": run.passed,
        "checks": dict(run.checks),
        "results": [
            {
                "type": r.type,
                "check": r.check,
                "result": str(r.ending),
                "messages": list(r.messages),
                "tried": r.tried,
                "seconds": round(r.seconds, 3),
            }
            for r in run.results
        ],
        "undetected": {type: dict(paths) for type, paths in run.undetected.items()},
        "untried": {type: dict(paths) for type, paths in run.untried.items()},
        "without_sample": list(run.unsampled),
        "exempt": dict(run.exempt),
    }


def run_report(command: str, run: Run, code: int) -> Report:
    """A run for hosts of code: a check that failed is a finding."""
    findings = [
        Finding(
            _RULE,
            Severity.ERROR,
            "\n".join(r.messages),
            title=run.checks[r.check],
            address=f"{r.type} {r.check}",
        )
        for r in run.failures
    ]
    findings += [Finding(_RULE, Severity.ERROR, "no sample", address=type) for type in run.unsampled]
    passed = tuple(Case(r.check, r.type, r.seconds) for r in run.results if r.ending == "passed")
    return Report(
        command,
        summary(run),
        ordered(findings),
        passed,
        run.family,
        code,
        "opsctl.yaml",
        repository(Path.cwd()),
    )
