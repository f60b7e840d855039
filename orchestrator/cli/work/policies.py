"""policy check and policy test, and which policies a command is about."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import diagnostic_document, head
from orchestrator.cli.render.policy_tests import render_tests, test_report, tests_document
from orchestrator.cli.render.report import Report as Found
from orchestrator.cli.render.report import collected, counted, repository, rule_of
from orchestrator.cli.work.state import remembered
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.errors import InvalidSpecError, OpsctlError
from orchestrator.model.verdict import Bundle

if TYPE_CHECKING:
    from orchestrator.bootstrap.authoring import PolicyRun

_LOOK: float = 0.5
"""Seconds between two looks at the files that are watched."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run of the tests is to do."""

    pattern: str = ""
    coverage: bool = False
    threshold: float | None = None
    """Per cent of lines."""
    watch: bool = False


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies that a command is about: those below paths, or everything that judges a stack."""

    paths: Sequence[Path]
    """Where they can be changed: not those that were fetched."""
    rules: Callable[[], Bundle]
    """Them as they stand now, with their tests and without a stack's parameters."""
    asked: Callable[[], Bundle]
    """Them as a plan asks them."""
    named: str
    """The places, for people."""


def policies_of(console: Console, paths: Sequence[Path], environment: str | None) -> Policies:
    """These policies, or those of the stack in the present folder; raises OpsctlError where it has none."""
    if paths:
        below = partial(bootstrap.policies_below, paths)
        return Policies(paths, below, below, ", ".join(map(str, paths)))
    with remembered(console, environment) as work:
        session = work.session
    place = (session.charter, session.folder, session.reveal)
    found = bootstrap.policy_paths(session.charter, session.folder)
    rules, asked = partial(bootstrap.stack_rules, *place), partial(bootstrap.stack_bundle, *place)
    sources = [source.name for source in rules().sources]
    if not sources:
        hint = "name folders, or write policy: {bundles: [policies]} in opsctl.yaml"
        raise OpsctlError(f"the stack has no policies\nhint: {hint}")
    return Policies(found, rules, asked, ", ".join(sources))


def check(console: Console, paths: Sequence[Path], *, environment: str | None, strict: bool) -> int:
    """Everything that is wrong with the policies; 1 where there is an error."""
    policies = policies_of(console, paths, environment)
    found = bootstrap.policy_check(policies.rules())
    console.diagnostics(found)
    stopping = (Severity.ERROR, Severity.WARNING) if strict else (Severity.ERROR,)
    wrong = any(d.severity in stopping for d in found)
    _print_check(console, policies, found, wrong=wrong)
    return 1 if wrong else 0


def _print_check(console: Console, policies: Policies, found: Sequence[Diagnostic], *, wrong: bool) -> None:
    findings = collected((), found, rule_of(console.command))
    said = counted(findings)
    told = f"{said}: {policies.named}." if said else f"Policies are right: {policies.named}."
    match console.output:
        case Output.TEXT:
            console.result(told)
        case Output.JSON:
            documents = [diagnostic_document(d) for d in found]
            console.document(lambda: {**head("policy-check"), "valid": not wrong, "diagnostics": documents})
        case _:
            root = repository(Path.cwd())
            file = str(policies.paths[0] if policies.paths else Path("opsctl.yaml"))
            report = Found(console.command, told, findings, (), policies.named, int(wrong), file, root)
            console.report(report)


def test(console: Console, paths: Sequence[Path], wanted: Wanted, *, environment: str | None) -> int:
    """Every test of the policies; 1 where one fails, where there is none, or where too little is covered."""
    policies = policies_of(console, paths, environment)
    if not wanted.watch:
        return _test(console, policies, wanted)
    code = 1
    seen: Mapping[str, float] = {}
    while True:
        now = dict(_changed(policies.paths))
        if now != seen:
            seen = now
            try:
                code = _test(console, policies, wanted)
            except (InvalidSpecError, OpsctlError) as error:
                code = console.failed(list(error.diagnostics) or [Diagnostic(str(error))], 1)
            console.say(f"Watching {policies.named} (Ctrl-C ends it; the last run ended with {code})")
        time.sleep(_LOOK)


def _changed(paths: Sequence[Path]) -> Iterator[tuple[str, float]]:
    for path in paths:
        for file in (path, *path.rglob("*")) if path.is_dir() else (path,):
            if file.suffix in (".rego", ".yaml", ".yml", ".json") and file.exists():
                yield str(file), file.stat().st_mtime


def _test(console: Console, policies: Policies, wanted: Wanted) -> int:
    run = bootstrap.policy_tests(policies.rules(), wanted.pattern)
    share = 100 * run.covered
    thin = wanted.threshold is not None and share < wanted.threshold
    code = 0 if run.results and all(r.passed for r in run.results) and not thin else 1
    _print_tests(console, policies, run, wanted, code)
    if not run.results:
        where = f" whose name has {wanted.pattern!r} in it" if wanted.pattern else ""
        console.say(f"no test was found{where}: write rules test_… in files *_test.rego")
    if thin:
        console.say(f"{share:.1f}% of the lines are covered, and {wanted.threshold:g}% are wanted")
    return code


def _print_tests(console: Console, policies: Policies, run: PolicyRun, wanted: Wanted, code: int) -> None:
    match console.output:
        case Output.JSON:
            console.document(lambda: tests_document(run))
        case Output.TEXT:
            console.result(render_tests(run, console.out_style, lines=wanted.coverage))
        case _:
            file = str(policies.paths[0] if policies.paths else Path("opsctl.yaml"))
            console.report(test_report(console.command, run, policies.named, code, file))
