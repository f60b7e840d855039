"""What goes wrong on the way: lost answers, throttling, refusals, and what each is told as."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from orchestrator.kit.sample import with_value
from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError, ProviderError, TransientError
from orchestrator.model.kind import Marking
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.stages.refresh import FORBIDDEN
from orchestrator.testing.provider_conformance.driver import Deaf, is_family
from orchestrator.testing.provider_conformance.life import Findings, told
from orchestrator.testing.provider_conformance.trial import THING, Failed, NotTried, Trial

DEPTH: Final = 8
"""How many calls of one step are struck, one a try."""


def makes_one(trial: Trial) -> Findings:
    """Whatever answer is lost, and whoever asks twice under one token: there is one object, as it was wanted."""
    if trial.kind.marking is Marking.NONE:
        raise NotTried("nothing marks it, so a lost create is settled by a person")
    spec = trial.full()
    yield from _begun_twice(trial, spec)
    if trial.subject.faults is not None:
        for kind in ("lost-answer", "lost-request"):
            yield from _struck(trial, spec, kind)


def _begun_twice(trial: Trial, spec: Mapping[str, Any]) -> Findings:
    """The answer of the first call is thrown away; the core settles the intent and goes on."""
    with trial.clearing():
        before = trial.discovered()
        request = trial.creation(spec)
        intent = trial.driver.intent(request)
        if trial.patiently(lambda: trial.subject.provider.find(intent)) is not None:
            raise Failed("an intent that was never begun is found")
        trial.tried += 1
        first = trial.subject.provider.begin(request, intent.token)
        if trial.kind.marking in (Marking.TOKEN, Marking.DETERMINISTIC):
            _ended(trial, first)
            made = trial.driver.do(request, intent)
        else:
            made = _settled(trial, request, intent)
        yield from _one_of(trial, made, before, spec, "begun twice under one token")


def _ended(trial: Trial, answer: Done | Pending) -> None:
    """The first caller goes on by itself."""
    while isinstance(answer, Pending):
        trial.subject.time.sleep(answer.retry_after)
        answer = trial.subject.provider.poll(trial.type, answer.handle)


def _settled(trial: Trial, request: Request, intent: Intent) -> Observed | None:
    """As the core does that begins, hears nothing, and asks what became of it."""
    with trial.driver.through(Deaf(trial.subject.provider)):
        return trial.driver.do(request, intent)


def _struck(trial: Trial, spec: Mapping[str, Any], kind: str) -> Findings:
    """Each call of a create in turn is struck; the core settles it."""
    for number in range(DEPTH):
        with trial.clearing():
            before = trial.discovered()
            request = trial.creation(spec)
            with _fault(trial, Rule(kind, cloud=trial.subject.family, times=1, after=number)) as struck:
                made = _tried(trial, request)
            if not struck():
                yield from _untouched(trial, made)
                return
            trial.tried += 1
            where = f"{kind} of call {number + 1} of the create"
            yield from (f"{where}: {message}" for message in _strange(trial))
            if isinstance(made, ProviderError):
                yield f"{where}: it is not settled: {made}"
                for left in trial.ours(before, spec):
                    trial.keep(left)
                continue
            yield from _one_of(trial, made, before, spec, where)


def _untouched(trial: Trial, made: Any) -> Findings:
    """The create that no fault met: cleared up, unless it failed by itself."""
    if isinstance(made, ProviderError):
        yield f"without a fault the create fails: {made}"
    else:
        trial.keep(made)


def _tried(trial: Trial, request: Request) -> Any:
    trial.driver.errors.clear()
    try:
        return trial.driver.do(request)
    except ProviderError as error:
        return error


def _one_of(
    trial: Trial, made: Observed | None, before: list[Observed], spec: Mapping[str, Any], when: str
) -> Findings:
    if made is None:
        raise Failed(f"{when}: the create is done, and nothing is there")
    trial.keep(made)
    there = trial.ours(before, spec)
    for other in there:
        if other.id != made.id:
            trial.keep(other)
    if [o.id for o in there] != [made.id]:
        yield f"{when}: {len(there)} objects are there, and one was made"
    changes = trial.propose(trial.reread(made, spec), spec).changes
    if changes:
        yield f"{when}: it differs from what was wanted: {told(changes)}"


def is_throttled(trial: Trial) -> Findings:
    """A cloud that says "slow down" is heard: transient, throttled, tried again, and nothing is made twice."""
    if trial.subject.faults is None:
        raise NotTried("a real cloud is not told to throttle")
    if trial.kind.inline:
        raise NotTried("it calls nothing")
    spec = trial.minimal()
    for number in range(DEPTH):
        with trial.clearing():
            before = trial.discovered()
            rule = Rule("throttle", cloud=trial.subject.family, times=1, after=number)
            with _fault(trial, rule) as struck:
                made = _tried(trial, trial.creation(spec))
            if not struck():
                yield from _untouched(trial, made)
                return
            trial.tried += 1
            where = f"call {number + 1} of the create throttled"
            yield from (f"{where}: {message}" for message in _strange(trial))
            if isinstance(made, ProviderError):
                yield f"{where}: it is given up: {made}"
                continue
            heard = trial.driver.errors
            if heard and not any(isinstance(e, TransientError) and e.throttled for e in heard):
                yield f"{where}: that is told as {_classes(trial)}, and not as throttled"
            yield from _one_of(trial, made, before, spec, where)


def _strange(trial: Trial) -> Iterator[str]:
    for error in trial.driver.errors:
        if not is_family(error):
            yield f"{type(error).__name__} is none of the three families: {error}"


def _classes(trial: Trial) -> str:
    return ", ".join(type(error).__name__ for error in trial.driver.errors)


def maps_errors(trial: Trial) -> Findings:
    """What the cloud refuses, and what cannot be reached, is told in one of the three families, in words."""
    spec = trial.minimal()
    made = trial.create(spec)
    trial.delete(made, spec)
    yield from _of_missing(trial, made, spec)
    if trial.subject.faults is None or trial.kind.inline:
        return
    with trial.clearing():
        made = trial.create(spec)
        for way in trial.kind.reads:
            ref = Ref(THING, made.id, spec, status=made.status)

            def read(way: Any = way, ref: Ref = ref) -> Any:
                return trial.subject.provider.read_many(trial.type, [ref], way)

            yield from _under(trial, read, 403, "Forbidden", PermanentError, f"a forbidden read by {way.how}")
            yield from _under(
                trial, read, 503, "ServiceUnavailable", TransientError, f"a read by {way.how} at 503"
            )


def _of_missing(trial: Trial, gone: Observed, spec: Mapping[str, Any]) -> Findings:
    """An update of what is not there any more fails for good and says so, or makes it as it was wanted."""
    others = trial.fill(trial.sample.updates)
    wanted = ((path, with_value(spec, path, value)) for path, value in others.items())
    for path, want in wanted:
        proposal = trial.propose(gone, want, spec)
        if path in trial.sample.untried or proposal.action is not Action.UPDATE:
            continue
        trial.tried += 1
        request = Request(
            Action.UPDATE, trial.type, THING, trial.marker(), want, gone, proposal.changes, spec
        )
        with trial.clearing():
            yield from _late_update(trial, request, f"an update of {path} of what is gone")
        return


def _late_update(trial: Trial, request: Request, what: str) -> Findings:
    newcomer = trial.subject.newcomer
    try:
        with trial.driver.through(newcomer() if newcomer is not None else trial.subject.provider):
            done = trial.driver.do(request)
    except PermanentError as error:
        yield from _in_words(error, what)
    except Exception as error:  # noqa: BLE001 - whatever a provider raises is a finding about it
        yield f"{what} is {type(error).__name__}: {error}"
    else:
        there = None if done is None else trial.read(trial.keep(done), request.want)
        if there is None or trial.propose(there, request.want).changes:
            yield f"{what} is done, and it is not there as it was wanted"


def _under(
    trial: Trial, call: Callable[[], Any], status: int, code: str, family: type[ProviderError], what: str
) -> Findings:
    trial.tried += 1
    rule = Rule("error", cloud=trial.subject.family, times=1, status=status, code=code)
    with _fault(trial, rule) as struck:
        try:
            call()
        except family as error:
            yield from _in_words(error, what)
            if family is PermanentError and error.code not in FORBIDDEN:
                yield f"{what} has the code {error.code!r}: the core tries another way after {', '.join(sorted(FORBIDDEN))}"
            return
        except Exception as error:  # noqa: BLE001 - whatever a provider raises is a finding about it
            yield f"{what} is {type(error).__name__}, not {family.__name__}: {error}"
            return
    if struck():
        yield f"{what} is no error at all"


def _in_words(error: ProviderError, what: str) -> Findings:
    if not error.message.strip() or not error.operation.strip():
        yield f"{what} does not say what was asked, or what was answered: {error!r}"


@contextmanager
def _fault(trial: Trial, rule: Rule) -> Iterator[Callable[[], bool]]:
    """A fault within; whether it struck can be asked within and afterwards."""
    faults = trial.subject.faults
    if faults is None:
        raise NotTried("a real cloud is not told to fail")
    faults.replace([rule])
    ended: list[bool] = []
    try:
        yield lambda: ended[0] if ended else faults.hit()[0] > 0
    finally:
        ended.append(faults.hit()[0] > 0)
        faults.replace([])
