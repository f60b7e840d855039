"""What the audit remembers of a run: on what grounds it went ahead, what became of each change, what was refused.

It stands in the journal with everything else, so that each backend has it, durable before the first effect.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from orchestrator.engine.leasing import held
from orchestrator.engine.planning import sealed
from orchestrator.engine.workspace import Workspace
from orchestrator.model.errors import OpsctlError, PolicyDeniedError, QuotaExceededError, StalePlanError
from orchestrator.model.ids import Address
from orchestrator.model.outcome import Outcome
from orchestrator.model.plan import Plan
from orchestrator.model.snapshot import Entry, Finished, Grounds, Refused, Rekeyed, Started
from orchestrator.model.verdict import Approval, Verdict, Waiver
from orchestrator.seams.state import Holder, Lease


def grounds(run: str, plan: Plan, holder: Holder, signed_by: str) -> Grounds:
    """Who runs it, and why policy lets them."""
    waivers = dict.fromkeys(_waiver(v.waiver) for v in plan.verdicts if v.waived and v.waiver is not None)
    approvals = dict.fromkeys(_approval(a) for v in plan.verdicts for a in v.approvals)
    verdicts = tuple(_verdict(v) for v in plan.verdicts)
    return Grounds(run, actor_of(holder), verdicts, tuple(waivers), tuple(approvals), signed_by)


def actor_of(holder: Holder) -> dict[str, str]:
    """Who it is, in parts; what is not known is left out."""
    pid = str(holder.pid) if holder.pid else ""
    told = {"owner": holder.owner, "host": holder.host, "process": pid, "job": holder.job}
    return {name: value for name, value in told.items() if value}


def _verdict(verdict: Verdict) -> str:
    became = " (waived)" if verdict.waived else " (approved)" if verdict.approved else ""
    about = f" {verdict.address}" if verdict.address else ""
    return f"{verdict.effect} {verdict.rule}{about}: {verdict.message}{became}"


def _waiver(waiver: Waiver) -> str:
    return f"{waiver.name}: {waiver.rule} for {waiver.address}, by {waiver.owner} until {waiver.expires}: {waiver.reason}"


def _approval(approval: Approval) -> str:
    return f"{approval.by} ({approval.key}) at {approval.created}: {approval.reason}"


def results(outcomes: Mapping[Address, Outcome]) -> dict[str, str]:
    """How each change ended, by address; what was quiet and stayed so is left out."""
    return {
        str(address): f"{o.action}: {o.result}{f' ({o.message})' if o.message and not o.opens else ''}"
        for address, o in outcomes.items()
        if not (o.action.quiet and o.opens)
    }


def noted(
    workspace: Workspace, lease: Lease, holder: Holder, did: Sequence[Entry], results: Mapping[str, str]
) -> None:
    """A run that touches the state alone: who, what was written, and what became of each address; all or nothing.

    ``results`` is in the words of an apply: ``forget: done``. It has a revision of its own, like any run.
    """
    run, now = uuid.uuid4().hex[:12], workspace.clock.now
    counts = Counter(result.partition(":")[0] for result in results.values())
    begun: list[Entry] = [Started(run, holder.owner, holder.command, now()), Grounds(run, actor_of(holder))]
    workspace.state.append(lease, [*begun, *did, Finished(run, now(), "done", counts, 0, results)])
    workspace.state.compact(lease)


def refuse(
    workspace: Workspace, lease: Lease, holder: Holder, why: str, *, code: int = 1, plan: str = ""
) -> None:
    """Note that what somebody asked for was not done; ``plan`` is the digest of the plan, where there is one."""
    entry = Refused(holder.owner, holder.command, workspace.clock.now(), plan, why, code, actor_of(holder))
    # Whoever was refused must be told why, also where the state cannot be written.
    with suppress(OpsctlError):
        workspace.state.append(lease, [entry])


@contextmanager
def refusals(
    plan: Plan, workspace: Workspace, lease: Lease, holder: Holder
) -> Iterator[Callable[[str], None]]:
    """What is refused in the block goes into the journal; the function notes another reason."""

    def note(why: str, code: int = 1) -> None:
        refuse(workspace, lease, holder, why, code=code, plan=plan.digest or sealed(plan).digest)

    try:
        yield note
    except (PolicyDeniedError, QuotaExceededError, StalePlanError) as error:
        note(str(error).partition("\nhint: ")[0], error.exit_code)
        raise


def rekey(workspace: Workspace, holder: Holder) -> int:
    """Seal the whole state once more by the present key, and note who did; how many bodies it was."""
    with held(workspace, holder) as lease:
        count = workspace.state.rewrite(lease)
        noted = Rekeyed(holder.owner, holder.command, workspace.clock.now(), count, actor_of(holder))
        workspace.state.append(lease, [noted])
        workspace.state.compact(lease)
        return count
