"""What ``remediate`` rules propose, put to the verdicts that it would settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.model.verdict import Effect, Verdict


def proposed(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts with their proposals.

    A proposal belongs to the verdicts of its own package about the same address (and of its code, where it has one).
    One that belongs to none stays as a verdict of its own.
    """
    proposals: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.effect is Effect.REMEDIATE:
            proposals.setdefault((verdict.rule, verdict.address), []).append(verdict)
    if not proposals:
        return list(verdicts)
    taken: set[int] = set()
    settled = []
    for verdict in verdicts:
        if verdict.effect is Effect.REMEDIATE:
            continue
        near = proposals.get((verdict.rule, verdict.address), ())
        fitting = [p for p in near if _fits(p, verdict)]
        taken.update(map(id, fitting))
        settled.append(replace(verdict, remediation=fitting[0].remediation) if fitting else verdict)
    return settled + [p for near in proposals.values() for p in near if id(p) not in taken]


def _fits(proposal: Verdict, verdict: Verdict) -> bool:
    return proposal.code in ("", verdict.code) and not (proposal.path and proposal.path != verdict.path)
