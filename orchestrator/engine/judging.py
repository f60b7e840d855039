"""Policy asked about a plan in the making: about its specs before anything is read, then about its changes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from orchestrator.engine.workspace import Workspace
from orchestrator.model.decision import decision_entry
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.plan import Plan
from orchestrator.model.policy_input import policy_input
from orchestrator.model.resource import Mode
from orchestrator.model.verdict import Decision, Effect, Stage, Verdict
from orchestrator.stages.policy import Circumstances, judge


@dataclass(frozen=True, slots=True)
class Judged:
    """What policy said, how it was asked, and what there is to tell about that."""

    verdicts: tuple[Verdict, ...] = ()
    decisions: tuple[Decision, ...] = ()
    notes: tuple[Diagnostic, ...] = ()

    @property
    def denied(self) -> bool:
        """Whether no approval helps: the verdicts that ask for one are for a plan, and there is none yet."""
        return any(v.blocks and v.effect is Effect.DENY for v in self.verdicts)


def judge_specs(unread: Plan, workspace: Workspace, stage: Stage) -> Judged:
    """What policy says of the specs, before anything is read; drift is about what was applied long ago."""
    return Judged() if stage is Stage.DRIFT else judge_plan(unread, workspace, Stage.SPEC)


def judged(
    made: Plan, specs: Judged, workspace: Workspace, stage: Stage
) -> tuple[Plan, tuple[Diagnostic, ...]]:
    """The plan with what policy says about its specs and its changes, and what there is to tell."""
    now = judge_plan(made, workspace, stage)
    if not now.decisions:
        return made, ()
    known = {_identity(v) for v in now.verdicts}
    verdicts = (*(v for v in specs.verdicts if _identity(v) not in known), *now.verdicts)
    whole = replace(
        made,
        verdicts=tuple(sorted(verdicts, key=lambda v: (not v.blocks, list(Effect).index(v.effect)))),
        engine=workspace.policy.name,
        decisions=(*specs.decisions, *now.decisions),
    )
    return whole, (*now.notes, *_told(whole, specs))


def judge_plan(made: Plan, workspace: Workspace, stage: Stage) -> Judged:
    """What policy says at one stage of what is known by then; nothing where the stack has no policies."""
    if not made.bundle and not made.charter.policy.get("server"):
        return Judged()
    clock = workspace.clock
    started = clock.monotonic()
    circumstances = Circumstances(
        made.resources,
        datetime.fromtimestamp(clock.now(), UTC).date().isoformat(),
        _unknown(made, workspace),
    )
    input = seen_by_policy(made, stage)
    said = judge(workspace.policy, made.bundle, input, stage, circumstances)
    decision = replace(
        said.decision,
        id=said.decision.id or uuid.uuid4().hex,
        seconds=round(clock.monotonic() - started, 6),
    )
    if workspace.decided is not None:
        workspace.decided(decision_entry(decision, said.verdicts, made.bundle, input, clock.now()))
    return Judged(said.verdicts, (decision,), said.notes)


def _told(whole: Plan, specs: Judged) -> list[Diagnostic]:
    """One note for all the rules of the stack's own that matched nothing, and one for the waivers that did nothing."""
    decisions = whole.decisions
    spoke = {v.rule for v in specs.verdicts}
    shipped = tuple(f"opsctl.{source.name}." for source in whole.bundle.sources if source.ships)
    idle = [r for r in decisions[-1].idle if r not in spoke and not r.startswith(shipped)]
    told: list[Diagnostic] = []
    if idle:
        subject = "a rule matched" if len(idle) == 1 else f"{len(idle)} rules matched"
        message = f"{subject} nothing, for no resource here is of their types: {', '.join(idle)}"
        told.append(Diagnostic(message, severity=Severity.NOTE))
    unused = [w for w in whole.bundle.waivers if all(w in d.unused for d in decisions)]
    if unused:
        subject = "a waiver is" if len(unused) == 1 else f"{len(unused)} waivers are"
        message = f"{subject} not used here: {', '.join(w.name for w in unused)}"
        told.append(Diagnostic(message, severity=Severity.NOTE))
    return told


def _identity(verdict: Verdict) -> tuple[str, ...]:
    return (verdict.effect, verdict.rule, verdict.address, verdict.path, verdict.code, verdict.message)


def _unknown(made: Plan, workspace: Workspace) -> Callable[[str], str | None]:
    """The stack's own abstract types are known where they are used."""
    used = {str(resource.type) for resource in made.resources}
    return lambda name: None if name in used else workspace.unknown_type(name)


def seen_by_policy(made: Plan, stage: Stage) -> Mapping[str, Any]:
    """The ``input`` document of a plan at a stage."""
    charter = made.charter
    places = {str(name): {"region": settings.get("region")} for name, settings in charter.providers.items()}
    about = {
        "name": charter.name,
        "id": str(charter.id),
        "environment": charter.environment,
        "providers": places,
    }
    return policy_input(
        stage=stage,
        stack=about,
        params=charter.params,
        changes=made.changes,
        resources=[r for r in made.resources if r.mode is not Mode.EMPTY],
        operation="destroy" if made.destroy else "apply",
        now=made.created,
    )
