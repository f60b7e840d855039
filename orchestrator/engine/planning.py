"""``opsctl plan``: the stages in their order, and nothing else.

load -> compose -> graph -> refresh -> diff -> policy -> plan

Policy is asked twice: about the specs before anything is read, and about the changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.engine.judging import Judged, judge_specs, judged
from orchestrator.engine.preflight import preflight, warnings
from orchestrator.engine.reading import Places, read, settle_all
from orchestrator.engine.selecting import Selected, left_behind, only, select
from orchestrator.engine.surroundings import surroundings
from orchestrator.engine.told import told_again
from orchestrator.engine.workspace import Workspace
from orchestrator.model.codec import digest
from orchestrator.model.diagnostic import Diagnostic, Position, Severity
from orchestrator.model.errors import InvalidSpecError
from orchestrator.model.expression import ExpressionError
from orchestrator.model.ids import Address, ProviderName
from orchestrator.model.plan import UNDIGESTED, Charter, Plan, Step
from orchestrator.model.provision import Observed, Ref
from orchestrator.model.quota import Shortage
from orchestrator.model.resource import Desired
from orchestrator.model.scope import Scope, Surroundings
from orchestrator.model.snapshot import Entry, Snapshot
from orchestrator.model.values import UNKNOWN
from orchestrator.model.verdict import Bundle, Stage
from orchestrator.stages.diff import Differences, Situation, diff
from orchestrator.stages.diff.orphans import deposed_address
from orchestrator.stages.graph import Graph, graph
from orchestrator.stages.plan import settle_order, steps
from orchestrator.stages.refresh import Reading


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a plan is made from: a stack as composed, or as a saved plan carries it."""

    charter: Charter
    resources: tuple[Desired, ...]
    bundle: Bundle = field(default_factory=Bundle)
    moves: Mapping[Address, Address] = field(default_factory=dict)
    removed: Mapping[Address, bool] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    destroy: bool = False
    targets: tuple[str, ...] = ()
    """Plan only these, and what they need; empty: the whole stack."""
    stage: Stage = Stage.PLAN
    opsctl: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what was in memory when it was made: enough to apply it at once."""

    plan: Plan
    steps: tuple[Step, ...]
    situation: Situation
    differences: Differences
    settled: tuple[Entry, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    unsettled: Mapping[Address, str] = field(default_factory=dict)
    """Invariant 5: what an interrupted run left there is not known, so nothing may touch it yet; why not."""
    shortages: tuple[Shortage, ...] = ()
    """Quotas of the clouds that it would exceed."""


def plan(blueprint: Blueprint, workspace: Workspace) -> Planned:
    """Everything from the graph to the frozen plan; raises InvalidSpecError with all errors of a stage."""
    tell = workspace.progress.stage
    around = surroundings(blueprint.charter, blueprint.resources, workspace)

    tell("graph", len(blueprint.resources))
    shape = graph(blueprint.resources, kinds=workspace.kind, around=around)
    notes = _stop_at_errors([*blueprint.diagnostics, *shape.diagnostics])

    tell("policy", len(blueprint.bundle.modules))
    specs = judged_specs(blueprint, workspace)
    if specs.denied:
        nothing = _situation(blueprint, shape, Snapshot(blueprint.charter.id), {}, around, workspace)
        return _halted(_unread(blueprint, workspace), specs, nothing, workspace, notes)

    tell("settle")
    before = settle_all(workspace.state.latest(), workspace)
    notes += [_warning(address, message) for address, message in before.unsettled.items()]
    notes += before.notes
    notes += [_mended(what) for what in workspace.state.mended]

    snapshot = told_again(before.snapshot, blueprint.charter, shape.index, blueprint.moves, workspace)
    notes += [*_stop_at_errors(_sinks(blueprint, workspace))]

    selected, unknown = select(blueprint.targets, shape, snapshot)
    notes += _stop_at_errors(unknown)
    whole, shape = shape, only(shape, selected)

    remembered = _remembered(snapshot, blueprint.moves, selected)
    tell("refresh", len(remembered))
    reading = Reading()
    places = _places(blueprint.resources)
    read(remembered, reading, workspace, places)
    situation = _situation(blueprint, shape, snapshot, reading.observed, around, workspace)
    situation = replace(situation, chosen=None if selected is None else selected.keys())

    tell("diff", len(shape.order))
    differences = diff(situation)
    while differences.lookups:
        read(differences.lookups, reading, workspace, places)
        differences = diff(situation)
    asked = {r.address for r in blueprint.resources if r.lifecycle.replace == "create"}
    changes, problems = settle_order(differences.changes, snapshot, workspace.kind, asked=asked)
    stranded = left_behind(changes, whole, snapshot, selected)
    notes += _stop_at_errors([*differences.diagnostics, *problems, *stranded])

    tell("policy", len(blueprint.bundle.modules))
    differences = replace(differences, changes=changes)
    frozen = replace(_frozen(blueprint, situation, differences, reading, workspace), selected=selected or {})
    made, told = judged(frozen, specs, workspace, blueprint.stage)
    made, short = preflight(made, workspace, blueprint.stage)
    told = (*told, *warnings(short, blueprint.charter))
    order = steps(made.changes, shape.edges, snapshot, workspace.kind)
    return Planned(
        made, order, situation, differences, before.entries, (*notes, *told), before.unsettled, short
    )


def _mended(what: str) -> Diagnostic:
    message = f"the state is damaged, and nothing is lost: {what}; the journal has said it instead"
    hint = "the next apply that changes something writes it anew; opsctl state verify looks at everything"
    return Diagnostic(message, hint=hint, severity=Severity.WARNING)


def judged_specs(blueprint: Blueprint, workspace: Workspace) -> Judged:
    """What policy says of the specs alone: nothing is read."""
    return judge_specs(_unread(blueprint, workspace), workspace, blueprint.stage)


def _unread(blueprint: Blueprint, workspace: Workspace) -> Plan:
    """The plan as far as it is known before anything is read."""
    return Plan(
        charter=blueprint.charter,
        resources=blueprint.resources,
        changes=(),
        bundle=blueprint.bundle,
        moves=blueprint.moves,
        removed=blueprint.removed,
        destroy=blueprint.destroy,
        targets=blueprint.targets,
        created=workspace.clock.now(),
        opsctl=blueprint.opsctl,
    )


def _halted(
    unread: Plan, specs: Judged, nothing: Situation, workspace: Workspace, notes: Sequence[Diagnostic]
) -> Planned:
    """Policy denies the specs: nothing is read, and there is nothing to apply."""
    made = replace(
        unread, verdicts=specs.verdicts, engine=workspace.policy.name, decisions=specs.decisions, unread=True
    )
    return Planned(made, (), nothing, Differences((), {}), (), (*notes, *specs.notes))


def _situation(
    blueprint: Blueprint,
    shape: Graph,
    snapshot: Snapshot,
    observed: Mapping[Address, Observed | None],
    around: Surroundings,
    workspace: Workspace,
) -> Situation:
    return Situation(
        shape.order,
        shape.edges,
        shape.index,
        snapshot,
        observed,
        around,
        workspace.providers,
        workspace.kind,
        blueprint.moves,
        blueprint.removed,
    )


def _warning(address: Address, message: str) -> Diagnostic:
    return Diagnostic(message, address=address, severity=Severity.WARNING)


def _frozen(
    blueprint: Blueprint,
    situation: Situation,
    differences: Differences,
    reading: Reading,
    workspace: Workspace,
) -> Plan:
    """The plan before policy has seen it."""
    return Plan(
        charter=blueprint.charter,
        resources=blueprint.resources,
        changes=differences.changes,
        bundle=blueprint.bundle,
        reads=_calls(reading, workspace),
        sequence=situation.snapshot.sequence,
        moves=blueprint.moves,
        removed=blueprint.removed,
        destroy=blueprint.destroy,
        targets=blueprint.targets,
        outputs=_outputs(blueprint, situation, differences),
        created=workspace.clock.now(),
        opsctl=blueprint.opsctl,
    )


def _outputs(blueprint: Blueprint, situation: Situation, differences: Differences) -> Mapping[str, Any]:
    """The outputs after it; a plan of a part of the stack leaves them as they are."""
    if blueprint.targets:
        return situation.snapshot.outputs
    return outputs_of(situation, differences.nodes, blueprint.charter)


def _sinks(blueprint: Blueprint, workspace: Workspace) -> list[Diagnostic]:
    """A sink that nothing can be stored in is wrong before anything is made."""
    return [
        Diagnostic(f"{r.address}: {problem}", Position(r.file, r.line), address=r.address)
        for r in blueprint.resources
        for reference in r.sinks.values()
        if (problem := workspace.secrets.unwritable(reference))
    ]


def _calls(reading: Reading, workspace: Workspace) -> dict[ProviderName, int]:
    """What reading took: the clouds' resources, and the stores of secrets by their scheme."""
    return {**reading.calls, **{ProviderName(s): n for s, n in workspace.secrets.calls.items()}}


def sealed(made: Plan) -> Plan:
    """The plan with its digest: over what it does and rests on, not over when and how it was read."""
    return replace(made, digest=digest(replace(made, **UNDIGESTED)))


def wanted(made: Plan) -> str:
    """The digest of what a plan is to bring about: the same for the same spec, wherever it stands in the files."""
    resources = sorted((replace(r, file="", line=0) for r in made.resources), key=lambda r: r.address)
    return digest([resources, made.charter.outputs])


def _stop_at_errors(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Raise where there is an error; else what there is to tell."""
    if any(d.severity is Severity.ERROR for d in found):
        raise InvalidSpecError(tuple(dict.fromkeys(found)))
    return list(found)


def _places(resources: Sequence[Desired]) -> Places:
    """Where a resource is written, looked up only where somebody must be told."""

    def place(address: Address) -> Position | None:
        for each in resources:
            if each.address == address and each.document is not None:
                return each.document.position(*each.root, "metadata", "name")
            if each.address == address and each.file:
                return Position(each.file, each.line)
        return None

    return place


def _remembered(
    snapshot: Snapshot, moves: Mapping[Address, Address], chosen: Selected | None
) -> list[tuple[Any, Any, Ref]]:
    """Everything that state knows is read by its id; of a part of the stack, only what was chosen."""
    known = [(r.address, r) for r in snapshot.resources.values()]
    known += [(deposed_address(r), r) for r in snapshot.deposed.values()]
    if chosen is not None:
        wanted = {*chosen, *(old for new, old in moves.items() if new in chosen)}
        known = [(address, r) for address, r in known if r.address in wanted]
    return [(r.provider, r.type, Ref(address, r.id, r.spec, r.uid, r.status)) for address, r in known]


def outputs_of(
    situation: Situation, nodes: Mapping[Address, Mapping[str, Any]], charter: Charter
) -> dict[str, Any]:
    """The stack's outputs as far as they are known."""
    scope = Scope(situation.around, situation.index, nodes)
    values: dict[str, Any] = {}
    for name, value in charter.outputs.items():
        try:
            values[name] = scope.resolve(value)
        except (ExpressionError, KeyError):
            values[name] = UNKNOWN
    return values


def seen_by(situation: Situation, address: Address) -> Observed | None:
    """What was read of a resource, under its present or its old address."""
    source = situation.moves.get(address)
    seen = situation.observed.get(address)
    return seen if seen is not None or source is None else situation.observed.get(source)
