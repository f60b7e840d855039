"""The runs that a journal tells of, each gathered from its entries.

Enters: a journal, oldest entry first. Leaves: runs and refusals in their order. Holds: a run that was killed has no
end, and says so; what an entry of an older version does not tell is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.model.audit import Written
from orchestrator.model.snapshot import Finished, Grounds, Link, Refused, Rekeyed, Started


@dataclass(frozen=True, slots=True)
class Run:
    """One apply, from its start to its end, or its refusal."""

    run: str
    sequence: int
    """Where it begins in the journal."""
    owner: str
    command: str
    started: float
    """Seconds since 1970, as every time here."""
    plan: str
    """The digest of the plan."""
    spec: str = ""
    actor: Mapping[str, str] = field(default_factory=dict)
    verdicts: tuple[str, ...] = ()
    waivers: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    signed_by: str = ""
    finished: float = 0.0
    """0 where it did not end by itself."""
    result: str = "did not end"
    """``done``, ``incomplete``, ``refused``, or ``did not end``."""
    exit: int | None = None
    results: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    """Of a refusal."""
    link: str = ""
    """The audit chain's head right after its last entry."""


def runs(journal: Iterable[Written]) -> list[Run]:
    """Every run and refusal, oldest first."""
    found: dict[str, Run] = {}
    last = ""
    for written in journal:
        match written.entry:
            case Started(run, owner, command, at, plan, spec):
                last = run
                found[run] = Run(run, written.sequence, owner, command, at, plan, spec)
            case Grounds() as g if g.run in found:
                found[g.run] = replace(
                    found[g.run],
                    actor=g.actor,
                    verdicts=g.verdicts,
                    waivers=g.waivers,
                    approvals=g.approvals,
                    signed_by=g.signed_by,
                )
            case Finished() as f if f.run in found:
                last = f.run
                found[f.run] = replace(
                    found[f.run], finished=f.at, result=f.result, exit=f.exit, results=f.results
                )
            case Refused() as r:
                last = f"refused at {written.sequence}"
                found[last] = Run(
                    "", written.sequence, r.owner, r.command, r.at, r.plan, "", r.actor,
                    finished=r.at, result="refused", exit=r.exit, why=r.why,
                )  # fmt: skip
            case Rekeyed() as k:
                last = f"rekeyed at {written.sequence}"
                found[last] = Run(
                    "", written.sequence, k.owner, k.command, k.at, "", "", k.actor,
                    finished=k.at, result="done", exit=0, results={"state": f"{k.bodies} bodies sealed again"},
                )  # fmt: skip
            case Link() as link if last:
                found[last] = replace(found[last], link=link.hash)
            case _:
                continue
    return list(found.values())
