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
    proposals = [v for v in verdicts if v.effect is Effect.REMEDIATE]
    if not proposals:
        return list(verdicts)
    taken: set[int] = set()
    settled = []
    for verdict in verdicts:
        if verdict.effect is Effect.REMEDIATE:
            continue
        fitting = [n for n, p in enumerate(proposals) if _fits(p, verdict)]
        taken.update(fitting)
        remedy = proposals[fitting[0]].remediation if fitting else None
        settled.append(replace(verdict, remediation=remedy))
    return settled + [p for n, p in enumerate(proposals) if n not in taken]


def _fits(proposal: Verdict, verdict: Verdict) -> bool:
    return (
        (proposal.rule, proposal.address) == (verdict.rule, verdict.address)
        and proposal.code in ("", verdict.code)
        and not (proposal.path and proposal.path != verdict.path)
    )
