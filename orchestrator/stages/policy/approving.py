"""Approvals: which verdicts the signatures of others cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.model.patterns import matches
from orchestrator.model.verdict import Approval, Approver, Bundle, Effect, Verdict


def approved(
    verdicts: Sequence[Verdict], approvals: Sequence[Approval], bundle: Bundle, *, asked: Sequence[Verdict]
) -> tuple[Verdict, ...]:
    """The verdicts with the approvals that cover them.

    ``approvals`` are valid signatures over one plan, and ``asked`` is what that plan asked approval for: what it did
    not show, nobody approved. Each approver counts once, and only for the rules that the trusted place gives him.
    """
    shown = {_identity(v) for v in asked if v.effect is Effect.REQUIRE_APPROVAL}
    return tuple(
        _covered(v, approvals, bundle) if v.effect is Effect.REQUIRE_APPROVAL and _identity(v) in shown else v
        for v in verdicts
    )


def placed_as(verdicts: Sequence[Verdict], shown: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts at the lines where a plan showed them: it had the documents, and what it saved has not."""
    places = {(*_identity(v), v.file): v.line for v in shown if v.line}
    lines = [places.get((*_identity(v), v.file), v.line) for v in verdicts]
    return tuple(
        v if v.line == line else replace(v, line=line) for v, line in zip(verdicts, lines, strict=True)
    )


def refused(approvals: Sequence[Approval], bundle: Bundle, digest: str) -> list[str]:
    """Why approvals do not count at all: for another plan, or by a key that the trusted place does not list."""
    keys = {a.fingerprint for a in bundle.approvers}
    found = [
        f"the approval by {a.by} is for the plan {a.plan[:12]}, and this is {digest[:12]}"
        for a in approvals
        if a.plan != digest
    ]
    listed = "lists other keys" if keys else "lists no approvers"
    return found + [
        f"the approval by {a.by} is signed by an unknown key, {a.key}: the trusted place {listed}"
        for a in approvals
        if a.key not in keys
    ]


def _covered(verdict: Verdict, approvals: Sequence[Approval], bundle: Bundle) -> Verdict:
    by_key = {a.fingerprint: a for a in bundle.approvers}
    counting = {
        by_key[a.key].name: a for a in approvals if a.key in by_key and _may(by_key[a.key], verdict.rule)
    }
    enough = len(counting) >= max(1, bundle.approvals)
    return replace(verdict, approvals=tuple(counting.values()), approved=enough)


def _may(approver: Approver, rule: str) -> bool:
    return not approver.rules or any(matches(pattern, rule) for pattern in approver.rules)


def _identity(verdict: Verdict) -> tuple[str, ...]:
    return (verdict.rule, verdict.address, verdict.path, verdict.code, verdict.message)
