"""``opsctl apply``: the steps of a plan, each behind its gates.

plan -> apply -> gate -> state
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.engine.auditing import grounds, refusals, results
from orchestrator.engine.fencing import Fence
from orchestrator.engine.journalling import RunJournal
from orchestrator.engine.leasing import held
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.planning import Blueprint, Planned, outputs_of, plan, sealed, wanted
from orchestrator.engine.preflight import check_quotas
from orchestrator.engine.reading import accounts
from orchestrator.engine.stepping import Stepper
from orchestrator.engine.validity import still_valid
from orchestrator.engine.workspace import Workspace
from orchestrator.model.errors import OpsctlError, PolicyDeniedError, SignatureRefusedError
from orchestrator.model.ids import Address, family
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.plan import Plan
from orchestrator.model.snapshot import Entry, Finished, Outputs, Snapshot, Started
from orchestrator.model.values import Unknown, contains
from orchestrator.model.verdict import Approval, Effect, Stage, Verdict
from orchestrator.seams.state import Holder, Lease
from orchestrator.stages.policy import approved, placed_as, refused


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended: an outcome a step, and the outputs."""

    plan: Plan
    outcomes: Mapping[Address, Outcome]
    outputs: Mapping[str, Any]
    calls: Mapping[str, int]
    """API calls of the whole run, by provider instance."""
    link: str = ""
    """The head of the audit's chain: noted outside, it tells whether the journal was rewritten or cut off."""
    unrecorded: OpsctlError | None = None
    """Why the journal could not be written any more; what was done before that is recorded."""

    def having(self, *results: Result) -> list[Outcome]:
        """The outcomes that ended in one of these ways."""
        return [o for o in self.outcomes.values() if o.result in results]

    @property
    def exit_code(self) -> int:
        """The exit code of the command, worst first."""
        return self.unrecorded.exit_code if self.unrecorded is not None else exit_code(self.outcomes)


_EXIT_CODES: tuple[tuple[int, tuple[Result, ...]], ...] = (
    (6, (Result.STALE,)),
    (1, (Result.FAILED, Result.UNSETTLED)),
    (4, (Result.GATE_FAILED, Result.UNDONE)),
    (130, (Result.INTERRUPTED,)),
    (1, (Result.SKIPPED,)),
)
Approve = Callable[[Planned], bool]


def exit_code(outcomes: Mapping[Address, Outcome]) -> int:
    """The exit code that the outcomes ask for, worst first."""
    ended = {o.result for o in outcomes.values()}
    return next((code for code, results in _EXIT_CODES if ended & set(results)), 0)


def apply(blueprint: Blueprint, workspace: Workspace, *, holder: Holder, approve: Approve) -> Applied | None:
    """Plan under the lease, ask ``approve``, and apply exactly that; None where it was not approved."""
    if blueprint.charter.signatures.get("required") is True:
        raise SignatureRefusedError(
            "opsctl.yaml requires signed plans, and this one would be nobody's: nothing was applied\n"
            "hint: opsctl plan --out FILE --sign KEY, and opsctl apply FILE"
        )
    with held(workspace, holder) as lease:
        planned = plan(replace(blueprint, stage=Stage.APPLY), workspace)
        with refusals(planned.plan, workspace, lease, holder) as refuse:
            _check_policy(planned.plan)
            check_quotas(planned.shortages, planned.plan.charter)
            if not approve(planned):
                refuse("it was not approved")
                return None
        return _carry_out(planned, lease, workspace, holder)


def apply_saved(
    saved: Plan,
    blueprint: Blueprint,
    workspace: Workspace,
    *,
    holder: Holder,
    approvals: Sequence[Approval] = (),
    signed_by: str = "",
) -> Applied:
    """Apply a saved plan, if planning again from what it carries still gives the same changes.

    ``approvals`` have fitting signatures; whether those keys count is looked up in the blueprint's bundle.
    ``signed_by`` is whose signature under the plan counted, for the audit.
    """
    with held(workspace, holder) as lease:
        planned = plan(replace(blueprint, stage=Stage.APPLY), workspace)
        with refusals(saved, workspace, lease, holder):
            if planned.plan.unread:
                _check_policy(planned.plan)
            still_valid(saved, planned.plan)
            before, now = _approved(saved, planned.plan, approvals)
            _check_policy(before, now)
            check_quotas(planned.shortages, now.charter)
        planned = replace(planned, plan=now)
        return _carry_out(planned, lease, workspace, holder, digest=saved.digest, signed_by=signed_by)


def _approved(saved: Plan, now: Plan, approvals: Sequence[Approval]) -> tuple[Plan, Plan]:
    """Both plans with the verdicts that approvals cover; raises PolicyDeniedError where one is not valid."""
    why = refused(approvals, now.bundle, saved.digest)
    if why:
        raise PolicyDeniedError("nothing was applied:" + "".join(f"\n  {reason}" for reason in why))
    now = replace(now, verdicts=placed_as(now.verdicts, saved.verdicts))
    made = [
        replace(p, verdicts=approved(p.verdicts, approvals, now.bundle, asked=saved.verdicts))
        for p in (saved, now)
    ]
    return made[0], made[1]


def _check_policy(*plans: Plan) -> None:
    """Deny wins, whether it was said at plan or is said now; raises PolicyDeniedError with every reason."""
    if any(p.denied for p in plans):
        against = dict.fromkeys(_objection(v) for p in plans for v in p.verdicts if v.blocks)
        reasons = "".join(f"\n  {objection}" for objection in against)
        raise PolicyDeniedError(f"policy denies this plan, so nothing was applied:{reasons}{_way_on(plans)}")


def _way_on(plans: Sequence[Plan]) -> str:
    """What helps where nothing is missing but an approval."""
    if any(v.blocks and v.effect is not Effect.REQUIRE_APPROVAL for p in plans for v in p.verdicts):
        return ""
    needed = max(p.bundle.approvals for p in plans)
    who = "somebody whose key" if needed == 1 else f"{needed} people whose keys"
    return (
        f"\nhint: {who} the trusted place lists approves a saved plan: opsctl plan -o FILE, "
        "opsctl approve FILE --key KEY, opsctl apply FILE --approval FILE.approval"
    )


def _objection(verdict: Verdict) -> str:
    said = verdict.message.startswith((f"{verdict.address}:", f"{verdict.address} "))
    what = f"{verdict.address}: " if verdict.address and not said else ""
    place = f" ({verdict.file}:{verdict.line})" if verdict.line else ""
    fix = f"\n    to change: {verdict.fix}" if verdict.fix else ""
    return f"{what}{verdict.message} [{verdict.rule}]{place}{fix}"


def _carry_out(
    planned: Planned,
    lease: Lease,
    workspace: Workspace,
    holder: Holder,
    *,
    digest: str = "",
    signed_by: str = "",
) -> Applied:
    """The steps, between two entries that say who did it and how it ended; ``digest`` is that of a saved plan."""
    state, run = workspace.state, uuid.uuid4().hex[:12]
    _check_accounts(planned, workspace)
    begin: list[Entry] = [*planned.settled]
    if not planned.plan.empty or planned.settled:
        planned = replace(planned, plan=sealed(planned.plan))
        digests = digest or planned.plan.digest, wanted(planned.plan)
        begin.append(Started(run, holder.owner, holder.command, workspace.clock.now(), *digests))
        begin.append(grounds(run, planned.plan, holder, signed_by))
    if begin:
        state.append(lease, begin)
    ledger = Ledger(planned.situation.snapshot, planned.differences.nodes)
    journal = RunJournal(state, lease)
    outcomes = _walk(planned, ledger, journal, Fence(state, lease), workspace)
    outputs = _outputs(planned, ledger, outcomes)
    closing: list[Entry] = []
    if dict(ledger.snapshot().outputs) != outputs and all(o.opens for o in outcomes.values()):
        closing.append(Outputs(outputs))
    if begin:
        at, code = workspace.clock.now(), exit_code(outcomes)
        closing.append(Finished(run, at, _result(outcomes), _counts(outcomes), code, results(outcomes)))
    link = planned.situation.snapshot.link
    if closing:
        link = journal.close(closing, link)
    calls = {str(name): sum(p.calls.values()) for name, p in workspace.providers.items()}
    return Applied(planned.plan, outcomes, outputs, calls, link, journal.failure)


def _walk(
    planned: Planned, ledger: Ledger, journal: RunJournal, fence: Fence, workspace: Workspace
) -> Mapping[Address, Outcome]:
    stepper = Stepper(planned, ledger, workspace)
    graph = {step.node: step.needs for step in planned.steps}
    workspace.progress.stage("apply", len(planned.plan.pending))
    executor = workspace.executor(journal.append)
    outcomes = executor.walk(
        graph,
        lambda node: fence.around(stepper.visit(node)),
        skip=stepper.skipped,
        interrupted=stepper.interrupted,
        lane=stepper.lane,
    )
    journal.failure = journal.failure or fence.error
    steps = {step.node for step in planned.steps if step.change is not None}
    return {node: o for node, o in outcomes.items() if node in steps or o.result is Result.FAILED}


def _check_accounts(planned: Planned, workspace: Workspace) -> None:
    """``expectAccount`` is compared with what the cloud says, before the first write."""
    configured = planned.plan.charter.providers
    wanted = {
        c.provider: configured[c.provider]["expectAccount"]
        for c in planned.plan.pending
        if configured.get(c.provider, {}).get("expectAccount") is not None
    }
    for name, actual in accounts(wanted, workspace).items():
        expected = wanted[name]
        if str(expected).lstrip("0") != actual.lstrip("0"):  # unquoted, YAML drops the zeros
            message = (
                f"wrong account: {name} is {actual}, and opsctl.yaml expects {expected}; nothing was applied"
            )
            raise OpsctlError(f"{message} (check the {family(name)} credentials)")


def _outputs(planned: Planned, ledger: Ledger, outcomes: Mapping[Address, Outcome]) -> dict[str, Any]:
    """The outputs after the run; those that a failure left unknown keep their old value."""
    now = outputs_of(planned.situation, ledger.nodes, planned.plan.charter)
    old: Snapshot = ledger.snapshot()
    if planned.plan.targets:
        return dict(ledger.snapshot().outputs)
    if planned.plan.destroy and all(o.opens for o in outcomes.values()):
        return {}
    return {name: old.outputs.get(name) if contains(value, Unknown) else value for name, value in now.items()}


def _result(outcomes: Mapping[Address, Outcome]) -> str:
    return "done" if all(o.opens for o in outcomes.values()) else "incomplete"


def _counts(outcomes: Mapping[Address, Outcome]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for outcome in outcomes.values():
        if not (outcome.action.quiet and outcome.opens):
            key = str(outcome.action) if outcome.opens else str(outcome.result)
            counts[key] = counts.get(key, 0) + 1
    return counts
