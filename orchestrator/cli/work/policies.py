"""policy check and policy test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import diagnostic_document, head
from orchestrator.cli.render.style import Style
from orchestrator.cli.render.values import count
from orchestrator.cli.work.state import remembered
from orchestrator.model.diagnostic import Severity
from orchestrator.model.errors import OpsctlError

if TYPE_CHECKING:
    from orchestrator.bootstrap.policies import PolicyTest


def check(console: Console, paths: Sequence[Path], *, environment: str | None) -> int:
    """Everything that is wrong with the policies; 1 where there is an error."""
    places = paths or _of_stack(console, environment)
    found = bootstrap.policy_check(places)
    console.diagnostics(found)
    wrong = any(d.severity is Severity.ERROR for d in found)
    if console.output is Output.JSON:
        documents = [diagnostic_document(d) for d in found]
        console.document(lambda: {**head("policy-check"), "valid": not wrong, "diagnostics": documents})
    elif not wrong:
        console.result(f"Policies are right: {', '.join(map(str, places))}.")
    return 1 if wrong else 0


def test(console: Console, paths: Sequence[Path], *, environment: str | None) -> int:
    """Every test of the policies; 1 where one fails, or where there is none."""
    places = paths or _of_stack(console, environment)
    results = bootstrap.policy_tests(places)
    passed = sum(r.passed for r in results)
    if console.output is Output.JSON:
        documents = [_document(r) for r in results]
        console.document(
            lambda: {**head("policy-test"), "passed": passed, "of": len(results), "tests": documents}
        )
    else:
        lines = [line for r in results if not r.passed for line in _failed(r, console.out_style)]
        lines.append(f"{passed} of {count(len(results), 'policy test')} passed.")
        console.result("\n".join(lines))
    if not results:
        console.say("no test was found: write rules test_… in files *_test.rego")
    return 0 if results and passed == len(results) else 1


def _of_stack(console: Console, environment: str | None) -> list[Path]:
    with remembered(console, environment) as work:
        paths = bootstrap.policy_paths(work.session.charter, work.session.folder)
    if not paths:
        hint = "name folders, or write policy: {bundles: [policies]} in opsctl.yaml"
        raise OpsctlError(f"the stack has no policies\nhint: {hint}")
    return paths


def _failed(result: PolicyTest, style: Style) -> Iterator[str]:
    word = style.paint(str(result.ending).upper(), "red", "bold")
    yield f"{word}  {result.name}  {result.file}:{result.line}"
    if result.message:
        yield f"      {result.message}"
    yield from (f"      printed: {line}" for line in result.printed)


def _document(result: PolicyTest) -> dict[str, object]:
    return {
        "name": result.name,
        "result": str(result.ending),
        "file": result.file,
        "line": result.line,
        "message": result.message or None,
        "printed": list(result.printed),
    }
