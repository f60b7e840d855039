"""Waivers: documents that set a rule aside for some addresses, until a day.

Holds: an expired waiver denies and says so, waivers that disagree set nothing aside, and what policy itself failed
at cannot be waived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.model.diagnostic import Diagnostic, Position, Severity, did_you_mean
from orchestrator.model.patterns import matches
from orchestrator.model.verdict import POLICY_ERROR, Bundle, Effect, PolicyRule, Verdict, Waiver


def waived(verdict: Verdict, waivers: Sequence[Waiver], today: str) -> Verdict:
    """The verdict with the waiver that speaks of it."""
    if verdict.code == POLICY_ERROR or verdict.effect is Effect.REMEDIATE or verdict.waived:
        return verdict
    speaking = [w for w in waivers if speaks_of(w, verdict)]
    if not speaking:
        return verdict
    expired = [w for w in speaking if w.expires < today]
    if len(expired) == len(speaking):
        last = max(speaking, key=lambda w: w.expires)
        said = f"{verdict.message} (the waiver {last.name} of {last.owner} expired on {last.expires})"
        return replace(verdict, message=said, waiver=last)
    if expired:
        holding = next(w for w in speaking if w not in expired)
        said = (
            f"{verdict.message} (its waivers disagree: {expired[0].name} expired on {expired[0].expires}, "
            f"{holding.name} lasts until {holding.expires}; remove one)"
        )
        return replace(verdict, message=said, waiver=expired[0])
    return replace(verdict, waiver=min(speaking, key=lambda w: w.expires), waived=True)


def speaks_of(waiver: Waiver, verdict: Verdict) -> bool:
    """Whether a waiver is about this verdict."""
    if waiver.rule != verdict.rule or (waiver.code and waiver.code != verdict.code):
        return False
    return matches(waiver.address, verdict.address)


def misplaced_waivers(bundle: Bundle, rules: Sequence[PolicyRule]) -> list[Diagnostic]:
    """Waivers that contradict each other, which is an error, and waivers of rules that there are not."""
    found: list[Diagnostic] = []
    seen: dict[tuple[str, str, str], Waiver] = {}
    names = {r.rule for r in rules}
    for waiver in bundle.waivers:
        at = Position(waiver.file, waiver.line) if waiver.file else None
        other = seen.setdefault((waiver.rule, waiver.code, waiver.address), waiver)
        if other is not waiver:
            message = (
                f"the waivers {other.name} ({other.file}:{other.line}) and {waiver.name} contradict each other: "
                f"both are about {waiver.rule} at {waiver.address}"
            )
            found.append(Diagnostic(message, at, "keep one of them"))
        if waiver.rule not in names:
            hint = did_you_mean(waiver.rule, names)
            message = f"the waiver {waiver.name} is about {waiver.rule}, and there is no such rule"
            found.append(Diagnostic(message, at, hint, severity=Severity.WARNING))
    return found


def unused_waivers(waivers: Sequence[Waiver], verdicts: Sequence[Verdict]) -> tuple[Waiver, ...]:
    """Waivers that spoke of no verdict."""
    return tuple(w for w in waivers if not any(speaks_of(w, v) for v in verdicts))
