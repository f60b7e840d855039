"""approve: what policy asks about is shown, and the plan's digest is signed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.identity import holder
from orchestrator.cli.render.findings import policy_lines
from orchestrator.cli.render.report import of_verdict
from orchestrator.cli.render.values import count
from orchestrator.model.errors import OpsctlError, PolicyDeniedError
from orchestrator.model.verdict import Approval, Effect


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs, with what, why and where to."""

    key: Path
    by: str | None
    reason: str
    out: Path


def approve(console: Console, path: Path, signing: Signing) -> int:
    """Sign a saved plan. Raises PolicyDeniedError where no approval would help."""
    plan = bootstrap.open_plan(bootstrap.read_plan(path), Path(), judged=False).plan
    asked = [v for v in plan.verdicts if v.blocks and v.effect is Effect.REQUIRE_APPROVAL]
    against = [v for v in plan.verdicts if v.blocks and v.effect is Effect.DENY]
    if against:
        raise PolicyDeniedError(
            f"policy denies this plan, and no approval changes that: {against[0].message} [{against[0].rule}]"
        )
    if not asked:
        raise OpsctlError(f"nothing in this plan asks for approval\nhint: opsctl apply {path}")
    approval = bootstrap.approve_plan(
        plan.digest,
        str(plan.charter.id),
        by=signing.by or holder("approve").owner,
        reason=signing.reason,
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        key=signing.key,
        out=signing.out,
    )
    if console.output is Output.JSON:
        from orchestrator.cli.render.json import head  # noqa: PLC0415 - lazy

        console.document(lambda: {**head("approval"), **_document(approval, signing.out)})
        return 0
    lines = [
        f"Approved for {plan.charter.name}: {count(len(asked), 'objection')} of policy, in the plan {plan.digest[:12]}.",
        "",
        *policy_lines([of_verdict(v) for v in asked], console.out_style),
    ]
    console.result("\n".join(lines))
    console.say(f"Saved to {signing.out}: opsctl apply {path} --approval {signing.out}")
    return 0


def _document(approval: Approval, out: Path) -> dict[str, str]:
    return {
        "plan": approval.plan,
        "stack": approval.stack,
        "by": approval.by,
        "reason": approval.reason,
        "approved": approval.created,
        "key": approval.key,
        "file": str(out),
    }
