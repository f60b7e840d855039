"""One node of an apply: resolved with what is known now, performed, gated, and taken back where it must be."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrator.engine.ledger import Ledger
from orchestrator.engine.planning import Planned, seen_by
from orchestrator.engine.workspace import Workspace
from orchestrator.model.change import Action, Gate
from orchestrator.model.expression import ExpressionError
from orchestrator.model.health import Health, Level
from orchestrator.model.ids import Address, ProviderName, Uid
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.plan import Step
from orchestrator.model.provision import Observed, Ref
from orchestrator.model.resource import Desired
from orchestrator.model.schema import check
from orchestrator.model.scope import Scope, composite_node
from orchestrator.model.snapshot import Kept, Record
from orchestrator.model.values import UNKNOWN, Unknown, contains, find_leaves
from orchestrator.seams.executor import Effect, Interrupted, Journal, Unwritten
from orchestrator.stages.apply import Job, Performed, Tools, perform, undo
from orchestrator.stages.gate import watch
from orchestrator.stages.graph import rests_on

Stepping = Generator[Effect, Any, Outcome]
NOT_STARTED: Final = "not started"


class Stepper:
    """Makes the generator of each node for the executor."""

    def __init__(self, planned: Planned, ledger: Ledger, workspace: Workspace) -> None:
        self._planned = planned
        self._ledger = ledger
        self._workspace = workspace
        self._steps = {step.node: step for step in planned.steps}
        situation = planned.situation
        self._scope = Scope(situation.around, situation.index, ledger.nodes)
        self._tools = Tools(
            situation.snapshot.stack,
            workspace.clock,
            workspace.providers,
            workspace.new_uid,
            workspace.new_token,
            workspace.secrets,
        )

    def visit(self, node: Address) -> Stepping:
        """The step of a node; its outcome is told to the progress."""
        return self._ledger.following(self._step(self._steps[node]))

    def lane(self, node: Address) -> ProviderName:
        """Whose calls a step will make; empty where they touch nothing."""
        change = self._steps[node].change
        if change is None or change.action in (Action.NOOP, Action.FORGET):
            return ProviderName("")
        kind = self._workspace.kind(change.type)
        return ProviderName("") if kind is not None and kind.inline else change.provider

    def skipped(self, node: Address, cause: Address) -> Outcome:
        """Invariant 9: what stands behind a failure is skipped, and says which."""
        return self._told(Outcome(node, self._action(node), Result.SKIPPED, f"{cause} failed", cause))

    def interrupted(self, node: Address) -> Outcome:
        """A step that was never started."""
        return self._told(Outcome(node, self._action(node), Result.INTERRUPTED, NOT_STARTED))

    def _action(self, node: Address) -> Action:
        change = self._steps[node].change
        return change.action if change is not None else Action.NOOP

    def _told(self, outcome: Outcome) -> Outcome:
        collects = self._steps[outcome.address].change is None and outcome.result is not Result.FAILED
        if not (collects or (outcome.action.quiet and outcome.opens)):
            self._workspace.progress.ended(outcome)
        return outcome

    def _step(self, step: Step) -> Stepping:
        started = self._workspace.clock.monotonic()
        try:
            outcome = yield from self._outcome(step)
        except Interrupted as stop:
            outcome = Outcome(
                step.node, self._action(step.node), Result.INTERRUPTED, self._cut_off(step.node, stop)
            )
        spent = self._workspace.clock.monotonic() - started
        return self._told(replace(outcome, address=step.node, seconds=spent))

    def _cut_off(self, node: Address, stop: Interrupted) -> str:
        """What is left of a step that the end of the run has overtaken."""
        change = self._steps[node].change
        address = change.address if change is not None else node
        record, settles = self._ledger.record(address), "the next run finds out what became of it"
        match stop, self._ledger.underway(address):
            case Unwritten(), True:
                return f"it was under way and could not be recorded: {settles}"
            case Unwritten(), False:
                return "nothing more could be recorded: the next plan shows what is left of it"
            case _, True:
                return f"cut off under way: {settles}"
            case _ if record is not None and record.gate == "pending":
                return "its gate has not passed yet: the next run looks again"
            case _:
                return "cut off while waiting"

    def _outcome(self, step: Step) -> Stepping:
        if step.change is None:
            return self._collected(step.node)
        unsettled = self._planned.unsettled.get(step.change.address)
        if unsettled is not None and not step.change.action.quiet:
            return Outcome(step.node, step.change.action, Result.UNSETTLED, unsettled)
        resource = self._planned.situation.index.by_address.get(step.change.address)
        if step.half == "old" or step.change.action in (Action.DELETE, Action.FORGET) or resource is None:
            job = self._deleting(step)
            return (yield from perform(job, self._tools)).outcome
        problem, want = self._resolved(step, resource)
        if problem is not None:
            return problem
        job = self._job(step, resource, want)
        done = yield from perform(job, self._tools)
        if done.observed is None or not done.outcome.opens:
            return done.outcome
        self._know(resource, want, done.observed)
        if not self._gates(job):
            return done.outcome
        return (yield from self._gated(job, resource, done))

    def _collected(self, node: Address) -> Outcome:
        try:
            return self._collect(node)
        except (ExpressionError, KeyError) as error:
            message = f"its status cannot be told: {error}"
            return Outcome(node, Action.NOOP, Result.FAILED, message)

    def _collect(self, node: Address) -> Outcome:
        """A composite: its status is made of what its children say now."""
        composite = self._planned.situation.index.by_address[node]
        spec = self._scope.of(composite).resolve(composite.spec)
        status = self._scope.inside(composite).resolve(composite.status)
        self._ledger.nodes[node] = composite_node(node, spec, status)
        return Outcome(node, Action.NOOP, Result.NOTHING)

    def _deleting(self, step: Step) -> Job:
        change = step.change
        if change is None:
            raise AssertionError(step)
        if change.deposed:
            record = self._ledger.deposed(Uid(change.deposed))
        elif step.half == "old" and change.create_first:
            before = self._planned.situation.snapshot.resources.get(change.moved_from or change.address)
            record = self._ledger.deposed(before.uid) if before is not None else None
        else:
            record = self._ledger.record(change.moved_from or change.address)
        left_behind = record is not None and bool(change.deposed or change.create_first)
        return Job(
            change,
            {},
            record,
            seen_by(self._planned.situation, change.address),
            half=step.half,
            current=self._ledger.record(record.address) if left_behind and record is not None else None,
        )

    def _job(self, step: Step, resource: Desired, want: Mapping[str, Any]) -> Job:
        if step.change is None:
            raise AssertionError(step)
        change = step.change
        return Job(
            change=change,
            want=want,
            record=self._ledger.record(change.moved_from or change.address),
            seen=seen_by(self._planned.situation, change.address),
            dependencies=rests_on(
                change.address, self._planned.situation.edges, self._planned.situation.index
            ),
            half=step.half,
            lifecycle=resource.lifecycle,
            sinks=resource.sinks,
            given_up=self._ledger.given_up(change.address, change.type),
        )

    def _resolved(self, step: Step, resource: Desired) -> tuple[Outcome | None, Mapping[str, Any]]:
        """The spec with real values; an outcome instead where it cannot be had, or breaks the plan's word."""
        change = step.change
        planned = change.after if change is not None and change.after is not None else {}
        if change is None or (change.action.quiet and not contains(planned, Unknown)):
            return None, planned
        try:
            want = self._scope.of(resource).resolve(resource.spec)
        except (ExpressionError, KeyError) as error:
            return Outcome(
                step.node, change.action, Result.FAILED, f"its spec cannot be resolved: {error}"
            ), {}
        unknown = [str(p) for p in find_leaves(want, Unknown)]
        if unknown:
            message = f"still unknown after all that it needs is done: {', '.join(unknown)}"
            return Outcome(step.node, change.action, Result.FAILED, message), {}
        if not fills(planned, want):
            message = "a value is not what the plan says: plan again"
            return Outcome(step.node, change.action, Result.STALE, message), {}
        kind = self._workspace.kind(resource.type)
        broken = [v.message for v in check(want, kind.spec, ("spec",))] if kind is not None else []
        if broken:
            return Outcome(step.node, change.action, Result.FAILED, "; ".join(broken)), {}
        return None, want

    def _know(self, resource: Desired, want: Mapping[str, Any], seen: Observed) -> None:
        self._ledger.nodes[resource.address] = {"spec": want, "status": {**seen.status, "id": seen.id}}

    def _gates(self, job: Job) -> bool:
        """Gates are watched after whatever changed the object, and where they have not passed before."""
        return bool(job.change.gates) and job.change.action not in (Action.NOOP, Action.READ, Action.MOVE)

    def _gated(self, job: Job, resource: Desired, done: Performed) -> Stepping:
        """The step counts when every gate has passed; else it is taken back, left, or let through."""
        if done.record is None or done.observed is None:
            raise AssertionError(job)
        seen = done.observed
        for gate in job.change.gates:
            health, seen = yield from self._watch(gate, job, resource, done.record, seen)
            if health.passes:
                continue
            failed = f"{gate.kind} gate: {health.message or health.level}"
            if gate.on_failure == "continue":
                return replace(done.outcome, result=Result.DEGRADED, message=failed)
            if gate.on_failure == "undo" and job.change.undo:
                return (yield from self._undone(job, done.record, seen, failed))
            return replace(done.outcome, result=Result.GATE_FAILED, message=failed)
        seen = self._remembering(job, done.record, seen)
        passed = replace(done.record, status=dict(seen.status), gate="passed")
        yield Journal([Kept(passed)])
        self._know(resource, job.want, seen)
        return done.outcome

    def _remembering(self, job: Job, record: Record, seen: Observed) -> Observed:
        """What was read, with what the object told once."""
        kind = self._workspace.providers[job.change.provider].kinds[job.change.type]
        return replace(seen, status=kind.with_told(seen.status, record.status))

    def _undone(self, job: Job, record: Record, seen: Observed, failed: str) -> Stepping:
        problem = yield from undo(job, record, seen, self._tools)
        outcome = Outcome(
            job.change.address, job.change.action, Result.UNDONE, f"{failed}; the step was taken back"
        )
        if problem:
            message = f"{failed}; taking it back failed: {problem}"
            return replace(outcome, result=Result.GATE_FAILED, message=message)
        self._know_again(job.change.address)
        return outcome

    def _know_again(self, address: Address) -> None:
        """After an undo, outputs read what is there now: the object before the step, or nothing."""
        kept = self._ledger.record(address)
        node: dict[str, Any] = {"spec": UNKNOWN, "status": UNKNOWN}
        if kept is not None:
            node = {"spec": kept.spec, "status": {**kept.status, "id": kept.id}}
        self._ledger.nodes[address] = node

    def _settings(self, gate: Gate, resource: Desired) -> Mapping[str, Any]:
        """A gate's settings; ``self`` is the resource, or the composite whose gate it is."""
        owner = resource
        if gate.of:
            owner = self._planned.situation.index.by_address[Address(gate.of)]
            self._collect(owner.address)
        resolved = self._scope.of(owner, self._ledger.nodes[owner.address]).resolve(gate.settings)
        return resolved if isinstance(resolved, Mapping) else {}

    def _watch(
        self, gate: Gate, job: Job, resource: Desired, record: Record, seen: Observed
    ) -> Generator[Effect, Any, tuple[Health, Observed]]:
        """Watch one gate; a status gate reads the object again at every look."""
        latest = [seen]
        provider = self._workspace.providers[job.change.provider]
        if gate.kind == "status":
            way = provider.kinds[job.change.type].reads[-1]
            ref = Ref(record.address, record.id, record.spec, record.uid, record.status)

            def look() -> Health:
                found = provider.read_many(job.change.type, [ref], way).found.get(record.address)
                if found is None:
                    return Health(Level.PROGRESSING, "it does not show yet")
                latest[0] = found
                return provider.assess(job.change.type, found)
        else:
            probe = self._workspace.probes.get(gate.kind)
            self._know(resource, job.want, self._remembering(job, record, seen))
            try:
                settings = self._settings(gate, resource)
            except (ExpressionError, KeyError) as error:
                return Health(Level.FAILED, f"its settings cannot be resolved: {error}"), seen
            if probe is None:
                return Health(Level.FAILED, f"there is no gate of the kind {gate.kind!r}"), seen

            def look() -> Health:
                return probe.assess(settings)

        health = yield from watch(gate, look, job.change.provider, self._workspace.clock)
        return health, latest[0]


def fills(planned: Any, actual: Any) -> bool:
    """Whether a value equals the planned one, with any value where the plan said Unknown."""
    if isinstance(planned, Unknown):
        return True
    match planned, actual:
        case Mapping(), Mapping():
            return planned.keys() == actual.keys() and all(fills(v, actual[k]) for k, v in planned.items())
        case (list() | tuple(), list() | tuple()):
            return len(planned) == len(actual) and all(
                fills(p, a) for p, a in zip(planned, actual, strict=True)
            )
        case _:
            return bool(planned == actual)
