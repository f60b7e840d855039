"""What each action of a plan does."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.model.change import Action, Change
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, ProviderError
from orchestrator.model.expression import untemplated
from orchestrator.model.ids import Address, ProviderName, Uid, render_path
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.provision import Intent, Observed, Proposal, Ref, Request
from orchestrator.model.resource import Lifecycle
from orchestrator.model.snapshot import Began, Deposed, Gone, Kept, Lapsed, Record, Settled
from orchestrator.seams.executor import Call, Effect, Journal, Unwritten
from orchestrator.stages.apply.effect import Target, Tools, Trace, effect, find, intend
from orchestrator.stages.apply.told import Keeper


@dataclass(frozen=True, slots=True)
class Job:
    """One step with everything that is known when it starts."""

    change: Change
    want: Mapping[str, Any]
    """Resolved now, with the real values of what it needs; empty for a delete."""
    record: Record | None
    """What state remembers of the resource (of the deposed object, for an old half)."""
    seen: Observed | None
    """As read at the plan."""
    dependencies: tuple[Address, ...] = ()
    half: str = ""
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    sinks: Mapping[str, str] = field(default_factory=dict)
    """Where what is told once is put."""
    current: Record | None = None
    """Of an object that was left behind: the one that is in its place."""
    given_up: Intent | None = None
    """The last create of this resource whose object did not show, and may still come."""

    @property
    def target(self) -> Target:
        """The provider instance and kind of the desired resource."""
        return Target(self.change.provider, self.change.type)


@dataclass(frozen=True, slots=True)
class Performed:
    """How a step ended, and what is there now."""

    outcome: Outcome
    record: Record | None = None
    observed: Observed | None = None


Performing = Generator[Effect, Any, Performed]


def perform(job: Job, tools: Tools) -> Performing:
    """Do one step. Errors of the provider become a failed outcome; nothing is raised for them."""
    try:
        return (yield from _dispatch(job, tools))
    except OutcomeUnknownError as error:
        return _ended(job, Result.UNSETTLED, f"{error}; the next run settles it")
    except ProviderError as error:
        return _ended(job, Result.FAILED, str(error))


def _dispatch(job: Job, tools: Tools) -> Performing:
    match job.change.action:
        case Action.REPLACE if job.half == "old":
            return (yield from _delete(job, tools))
        case Action.CREATE | Action.REPLACE:
            return (yield from _create(job, tools))
        case Action.UPDATE | Action.RETAG | Action.MOVE | Action.ADOPT:
            return (yield from _bring_to(job, tools))
        case Action.DELETE:
            return (yield from _delete(job, tools))
        case Action.FORGET:
            return (yield from _forget(job))
        case Action.READ:
            return (yield from _look_up(job, tools))
        case Action.GATE | Action.NOOP:
            return (yield from _as_it_is(job, tools))
    raise AssertionError(job.change.action)


def _ended(job: Job, result: Result, message: str = "") -> Performed:
    return Performed(Outcome(job.change.address, job.change.action, result, message))


def _record(job: Job, seen: Observed, base: Record) -> Record:
    """What state keeps of a resource that is as desired now; a move changes nothing that a gate would watch."""
    gate = "pending" if job.change.gates else "passed"
    return replace(
        _instructed(base, job),
        address=job.change.address,
        id=seen.id,
        spec=job.want,
        status=dict(seen.status),
        dependencies=job.dependencies,
        gate=base.gate if job.change.action is Action.MOVE else gate,
    )


def _instructed(base: Record, job: Job) -> Record:
    """With what the spec says about the resource, beside what it is."""
    return replace(
        base,
        prevent_destroy=job.lifecycle.prevent_destroy,
        retain=job.lifecycle.retain,
        replace_first=job.lifecycle.replace,
        ignore=job.lifecycle.ignore,
        labels=job.change.labels,
        gates=tuple(replace(gate, settings=untemplated(gate.settings)) for gate in job.change.gates),
        loose=False,
    )


def _create(job: Job, tools: Tools) -> Performing:
    change = job.change
    request, intent = _intended(job, tools)
    deposed = [Deposed(job.record)] if intent.deposes and job.record is not None else []
    yield Journal([*deposed, Began(intent)])
    keeper = Keeper(_kind(job, tools), job.sinks, intent.marker.uid, tools.secrets)
    trace = Trace(keep=keeper)
    try:
        seen = yield from effect(request, intent, job.target, tools, trace)
    except PermanentError as error:
        # Where it cannot even be looked for, the intent stays open, and the first cause is what is told.
        with suppress(ProviderError):
            yield from _left_over(job, tools, trace.intent or intent, trace)
        return _ended(job, Result.FAILED, str(error))
    if seen is None:
        return _ended(job, Result.UNSETTLED, "the provider says that it made it, and shows nothing")
    last = trace.intent or intent
    lost = keeper.lost(seen.status)
    record = replace(_record(job, seen, _fresh(last)), lost=lost)
    try:
        yield Journal([Kept(record, last.token)])
    except Unwritten:
        message = f"it was made ({seen.id}) and could not be recorded: the next run settles it"
        return _ended(job, Result.INTERRUPTED, message)
    if lost:
        return _ended(job, Result.FAILED, keeper.why(lost))
    return Performed(Outcome(change.address, change.action, Result.DONE), record, seen)


def _intended(job: Job, tools: Tools) -> tuple[Request, Intent]:
    """What is about to be created: a new incarnation, or the one that a client token still stands for."""
    change, given_up, kind = job.change, job.given_up, _kind(job, tools)
    deposes = job.half == "new" and change.create_first and job.record is not None
    resumes = given_up is not None and kind.marking is Marking.TOKEN and given_up.spec == job.want
    marker = tools.marker(change.address, tools.new_uid())
    if resumes and given_up is not None:
        marker = given_up.marker
    request = Request(Action.CREATE, change.type, change.address, marker, job.want)
    intent = replace(
        intend(request, job.target, tools),
        dependencies=job.dependencies,
        sinks=job.sinks,
        deposes=str(job.record.uid) if deposes and job.record is not None else "",
    )
    return request, replace(intent, token=given_up.token) if resumes and given_up is not None else intent


def _fresh(intent: Intent) -> Record:
    return Record(intent.address, intent.type, ProviderName(intent.provider), "", intent.marker.uid)


def _kind(job: Job, tools: Tools) -> KindSchema:
    return tools.providers[job.change.provider].kinds[job.change.type]


def _with_told(job: Job, tools: Tools, seen: Observed) -> Observed:
    """What was read, with what the object told once and state remembers."""
    before = job.record.status if job.record is not None else {}
    return replace(seen, status=_kind(job, tools).with_told(seen.status, before))


def _left_over(job: Job, tools: Tools, intent: Intent, trace: Trace) -> Generator[Effect, Any, None]:
    """A create that failed half-way may have left something: it is kept as tainted, and replaced by the next plan.

    A create that was refused at once has made nothing: what is found then is somebody else's.
    """
    kind = tools.providers[job.change.provider].kinds[job.change.type]
    looks = trace.touched and kind.marking is not Marking.NONE
    found = (yield from find(intent, job.target, tools)) if looks else None
    if found is not None and intent.owns(found.marker):
        tainted = replace(_record(job, found, _fresh(intent)), gate="tainted")
        yield Journal([Kept(tainted, intent.token)])
        return
    late = trace.touched and kind.is_watched(intent.spec)
    closed = Lapsed(intent.token, tools.clock.now()) if late else Settled(intent.token)
    restored = [Kept(job.record)] if intent.deposes and job.record is not None else []
    yield Journal([closed, *restored])


def _bring_to(job: Job, tools: Tools) -> Performing:
    """Everything that leaves the object where it is: adopt, move, update, retag."""
    change, seen = job.change, job.seen
    if seen is None:
        return _ended(job, Result.STALE, "it is not there any more")
    base = job.record or Record(
        change.address, change.type, change.provider, seen.id, _adopted_uid(seen, tools)
    )
    provider = tools.providers[change.provider]
    want = job.lifecycle.leaving_alone(job.want, seen.spec)
    proposal = provider.propose(change.type, seen, want, base.spec if job.record else {})
    if (stale := _needs_more(job, proposal)) is not None:
        return stale
    yield from _taken(job, base)
    touched = False
    if proposal.action is Action.UPDATE:
        seen = yield from _update(replace(job, want=want), tools, base, seen, proposal)
        touched = True
    if (
        seen is not None
        and provider.kinds[change.type].marking.carried
        and not _is_marked(seen, change.address, base)
    ):
        marker = tools.marker(change.address, base.uid)
        mark = Request(Action.RETAG, change.type, change.address, marker, job.want, seen, (), base.spec)
        seen = yield from _with_intent(mark, job, tools)
        touched = True
    if seen is None:
        return _ended(job, Result.STALE, "it is not there any more")
    seen = _with_told(job, tools, seen)
    record = _record(job, seen, base)
    yield Journal([Kept(record)])
    result = Result.DONE if touched or change.action is not Action.UPDATE else Result.NOTHING
    return Performed(Outcome(change.address, change.action, result), record, seen)


def _adopted_uid(seen: Observed, tools: Tools) -> Uid:
    """An object that is marked as ours keeps its incarnation."""
    mine = seen.marker is not None and seen.marker.stack == tools.stack
    return seen.marker.uid if mine and seen.marker is not None else tools.new_uid()


def _is_marked(seen: Observed, address: Address, base: Record) -> bool:
    return seen.marker is not None and (seen.marker.address, seen.marker.uid) == (address, base.uid)


def _needs_more(job: Job, proposal: Proposal) -> Performed | None:
    """Invariant 2: what the plan does not say is not done."""
    if proposal.action is Action.REPLACE:
        names = ", ".join(render_path(c.path) for c in proposal.changes if c.replaces)
        return _ended(
            job,
            Result.STALE,
            f"it would have to be replaced now ({names}); the plan says {job.change.action}",
        )
    planned = {c.path[:1] for c in job.change.properties}
    extra = [c for c in proposal.changes if c.path[:1] not in planned]
    if extra:
        names = ", ".join(render_path(c.path) for c in extra)
        return _ended(job, Result.STALE, f"it would have to change more than was planned: {names}")
    return None


def _taken(job: Job, base: Record) -> Generator[Effect, Any, None]:
    """What only state must learn: a new address, or a new resource of ours."""
    if job.record is None:
        adopted = replace(base, spec={}, dependencies=job.dependencies, marked=False)
        yield Journal([Kept(adopted)])
    elif job.record.address != job.change.address:
        moved = replace(job.record, address=job.change.address)
        yield Journal([Gone(job.record.address, job.record.uid), Kept(moved)])


def _update(
    job: Job, tools: Tools, base: Record, seen: Observed, proposal: Proposal
) -> Generator[Effect, Any, Observed | None]:
    change = job.change
    marker = tools.marker(change.address, base.uid)
    request = Request(
        Action.UPDATE, change.type, change.address, marker, job.want, seen, proposal.changes, base.spec
    )
    return (yield from _with_intent(request, job, tools))


def _with_intent(request: Request, job: Job, tools: Tools) -> Generator[Effect, Any, Observed | None]:
    """An effect on an object that stays: a failure leaves nothing to settle but what a read will show."""
    intent = intend(request, job.target, tools)
    yield Journal([Began(intent)])
    try:
        seen = yield from effect(request, intent, job.target, tools)
    except PermanentError:
        yield Journal([Settled(intent.token)])
        raise
    yield Journal([Settled(intent.token)])
    return seen


def _delete(job: Job, tools: Tools) -> Performing:
    record = job.record
    if record is None:
        return _ended(job, Result.NOTHING, "it is not there any more")
    if job.current is not None and _one_object(record, job.current):
        yield Journal([Gone(record.address, record.uid)])
        return _ended(job, Result.NOTHING, "it is the resource itself: both have one name")
    at = Target(record.provider, record.type)
    prior = job.seen if job.seen is not None else Observed(record.id, record.spec, record.status)
    marker = tools.marker(record.address, record.uid)
    request = Request(Action.DELETE, at.type, record.address, marker, {}, prior, (), record.spec)
    intent = intend(request, at, tools)
    yield Journal([Began(intent)])
    try:
        yield from effect(request, intent, at, tools)
    except PermanentError as error:
        yield Journal([Settled(intent.token)])
        return _ended(job, Result.FAILED, str(error))
    yield Journal([Gone(record.address, record.uid, intent.token)])
    return _ended(job, Result.DONE)


def _one_object(record: Record, other: Record) -> bool:
    return (record.provider, record.type, record.id) == (other.provider, other.type, other.id)


def _forget(job: Job) -> Performing:
    if job.record is not None:
        yield Journal([Gone(job.record.address, job.record.uid)])
    return _ended(job, Result.DONE)


def _look_up(job: Job, tools: Tools) -> Performing:
    """A lookup that had to wait for values of this run, or one that the plan has made already."""
    change = job.change
    seen = job.seen
    if seen is None:
        provider = tools.providers[change.provider]
        ref = Ref(change.address, spec=job.want)
        way = provider.kinds[change.type].reads[0]
        result = yield Call(lambda: provider.read_many(change.type, [ref], way), change.provider, "reading")
        seen = result.found.get(change.address)
    if seen is None:
        return _ended(job, Result.FAILED, f"no {change.type} is found for {dict(job.want)}")
    return Performed(Outcome(change.address, change.action, Result.NOTHING), None, seen)


def _as_it_is(job: Job, tools: Tools) -> Performing:
    """Nothing to do to the object; state may still have to learn what the spec says about it."""
    record, seen = job.record, job.seen
    if record is None or seen is None:
        return _ended(job, Result.STALE, "it is not there any more")
    waits = job.change.action is Action.GATE
    gate = "pending" if waits else "passed"
    now = replace(_instructed(record, job), gate=gate, dependencies=job.dependencies)
    if now != record:
        yield Journal([Kept(now)])
    result = Result.DONE if waits else Result.NOTHING
    outcome = Outcome(job.change.address, job.change.action, result)
    return Performed(outcome, now, _with_told(job, tools, seen))
