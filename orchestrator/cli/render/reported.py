"""Reports of the commands that plan, apply and look for drift."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from orchestrator.cli.render import applied as apply_text
from orchestrator.cli.render import drift as drift_text
from orchestrator.cli.render.report import (
    Case,
    Finding,
    Report,
    collected,
    ordered,
    repository,
    rule_of,
)
from orchestrator.cli.render.text import denial, summary
from orchestrator.cli.render.values import inline
from orchestrator.engine.applying import Applied
from orchestrator.model.change import Change
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.ids import render_path
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.plan import Charter, Plan
from orchestrator.model.resource import Desired
from orchestrator.model.verdict import Verdict

_FAILED: Final = frozenset(
    (Result.FAILED, Result.GATE_FAILED, Result.UNDONE, Result.UNSETTLED, Result.STALE, Result.DEGRADED)
)


def plan_report(command: str, plan: Plan, notes: Iterable[Diagnostic], exit_code: int) -> Report:
    """What policy and the files' reading say of a plan; every change without an error is a case that passes."""
    findings = collected(plan.verdicts, notes, rule_of(command))
    told = summary(plan)
    if plan.denied:
        told += f" {denial(plan)}"
    return _report(command, plan, told, findings, exit_code)


def apply_report(command: str, applied: Applied, notes: Iterable[Diagnostic]) -> Report:
    """How an apply ended: each step that failed, and what policy says."""
    rule = rule_of(command)
    places = {c.address: c for c in applied.plan.changes}
    failed = [
        _of_outcome(o, places.get(o.address), rule) for o in applied.outcomes.values() if o.result in _FAILED
    ]
    said = collected(applied.plan.verdicts, notes, rule)
    return _report(
        command, applied.plan, apply_text.summary(applied), ordered([*failed, *said]), applied.exit_code
    )


def drift_report(
    command: str, plan: Plan, drifted: Sequence[Change], notes: Iterable[Diagnostic], exit_code: int
) -> Report:
    """What was changed behind opsctl's back, a finding a property, and what policy says of it."""
    rule = rule_of(command)
    found = [f for change in drifted for f in _of_drift(change, rule)]
    said = collected(plan.verdicts, notes, rule)
    return _report(command, plan, drift_text.summary(plan, drifted), ordered([*found, *said]), exit_code)


def valid_report(
    command: str,
    told: str,
    charter: Charter,
    resources: Sequence[Desired],
    notes: Iterable[Diagnostic],
    *,
    verdicts: Sequence[Verdict] = (),
    exit_code: int = 0,
) -> Report:
    """What is noticed about files that are right, and what policy says of the specs."""
    findings = collected(verdicts, notes, rule_of(command))
    wrong = {f.address for f in findings if f.severity is Severity.ERROR and not f.aside}
    passed = tuple(Case(str(r.address), r.type) for r in resources if r.address not in wrong)
    return Report(command, told, findings, passed, _subject(charter), exit_code, root=repository(Path.cwd()))


def _subject(charter: Charter) -> str:
    return f"{charter.name} ({charter.environment})" if charter.environment else charter.name


def _report(command: str, plan: Plan, told: str, findings: tuple[Finding, ...], exit_code: int) -> Report:
    wrong = {f.address for f in findings if f.severity is Severity.ERROR and not f.aside}
    passed = tuple(Case(c.address, c.type) for c in plan.changes if c.address not in wrong)
    subject = _subject(plan.charter)
    return Report(command, told, findings, passed, subject, exit_code, root=repository(Path.cwd()))


def _of_outcome(outcome: Outcome, change: Change | None, rule: str) -> Finding:
    message = outcome.message or str(outcome.result)
    return Finding(
        rule,
        Severity.WARNING if outcome.result is Result.DEGRADED else Severity.ERROR,
        message if outcome.result is Result.FAILED else f"{outcome.result}: {message}",
        title=f"{outcome.action} {outcome.result}",
        address=outcome.address,
        file=change.file if change else "",
        line=change.line if change else 0,
    )


def _of_drift(change: Change, rule: str) -> Iterator[Finding]:
    def drifted(message: str, path: str = "") -> Finding:
        return Finding(
            rule,
            Severity.WARNING,
            message,
            title="Changed outside opsctl",
            hint="opsctl apply puts back what the spec says; or write into the spec what is there",
            address=change.address,
            path=path,
            file=change.file,
            line=change.line,
        )

    if drift_text.deleted(change):
        yield drifted("it was deleted")
    elif not change.properties:
        yield drifted(change.reason)
    for p in change.properties:
        yield drifted(f"desired {inline(p.after)}, actual {inline(p.before)}", render_path(p.path))
