"""One configured AWS account and region, behind the Provider protocol.

In: requests of the core. Out: observations, and Pending handles that another process can go on with. Holds: one
call that changes something at a time, its rest journalled in the handle; a handle holds no secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from orchestrator.kit.compare import propose
from orchestrator.model.change import Action
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, ProviderError
from orchestrator.model.health import Health
from orchestrator.model.ids import Token, TypeName
from orchestrator.model.kind import How, KindSchema, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Proposal, ReadResult, Ref, Request
from orchestrator.model.quota import Demand, Preflight
from providers.aws.client import CONCURRENCY, Client
from providers.aws.errors import is_missing
from providers.aws.kind import ABSENT, Call, Kind, Wait
from providers.aws.steps import GONE, Rest, rest_of, secret_steps

_FIRST_LOOK: Final = 0.25
"""Seconds before the first look at something that takes its time; each look in vain doubles it."""
_LOOKS: Final = 60
"""How often a new object is looked for before its absence is an error."""


class AwsProvider:
    """One account in one region."""

    def __init__(self, client: Client, kinds: Mapping[TypeName, Kind]) -> None:
        self._client = client
        self._kinds = kinds
        self._refused: set[Token] = set()
        """Creates that AWS refused outright: what is found in their place was there before."""

    @cached_property
    def kinds(self) -> Mapping[TypeName, KindSchema]:
        """Every kind, without the SDK."""
        return {name: kind.schema for name, kind in self._kinds.items()}

    @property
    def calls(self) -> Mapping[str, int]:
        """API calls so far, by operation."""
        return dict(self._client.counts)

    @property
    def concurrency(self) -> int:
        """Calls that may be in flight at once."""
        return CONCURRENCY

    def account(self) -> str:
        """The account number that the credentials belong to."""
        return str(self._client.call("sts", "GetCallerIdentity", {})["Account"])

    def preflight(self, demands: Sequence[Demand]) -> Preflight:
        """Nothing is asked: AWS tells its quotas in a service of their own."""
        del demands
        return Preflight()

    def read_many(self, type: TypeName, refs: Sequence[Ref], way: ReadWay) -> ReadResult:
        """What is there of ``refs``: those with ids in batches or from the whole list, others by natural key."""
        kind, before = self._kinds[type], self._client.calls_of_this_thread
        ids = [ref.id for ref in refs if ref.id is not None]
        seen = {o.id: o for o in self._read(kind, ids, way)} if ids else {}
        found = {ref.address: seen[ref.id] for ref in refs if ref.id is not None and ref.id in seen}
        named = [ref for ref in refs if ref.id is None]
        for ref, observed in zip(named, kind.seek(self._client, [r.spec for r in named]), strict=True):
            if observed is not None:
                found[ref.address] = observed
        there = {address: o for address, o in found.items() if not kind.is_going(o)}
        return ReadResult(there, self._client.calls_of_this_thread - before)

    def discover(self, type: TypeName) -> Iterator[Observed]:
        """Everything of the kind."""
        kind = self._kinds[type]
        return (o for o in kind.read(self._client, None) if not kind.is_going(o))

    def propose(
        self, type: TypeName, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]
    ) -> Proposal:
        """The difference, by the kind's schema."""
        kind = self._kinds[type]
        want = kind.meant(want, last)
        return propose(kind.schema, kind.told(prior, want), want, last)

    def begin(self, request: Request, token: Token) -> Done | Pending:
        """Make the first call of a change; the rest is in the handle."""
        kind = self._kinds[request.type]
        match request.action:
            case Action.CREATE:
                return self._create(kind, request, token)
            case Action.UPDATE:
                return self._start(kind, Rest(_id(request), tuple(kind.update(request))))
            case Action.RETAG:
                return self._start(kind, Rest(_id(request), tuple(kind.retag(request))))
            case Action.DELETE:
                steps = kind.deletion(_id(request), request)
                return self._start(kind, Rest(_id(request), tuple(steps), GONE))
            case Action.READ:
                return Done(self._look(kind, request))
            case _:
                raise PermanentError(f"{request.action} is nothing that AWS is asked to do", request.type)

    def poll(self, type: TypeName, handle: Mapping[str, Any]) -> Done | Pending:
        """Take the next step."""
        return self._go_on(self._kinds[type], rest_of(handle))

    def find(self, intent: Intent) -> Observed | None:
        """The object by its id, by our marker, or by its natural key, in this order."""
        kind = self._kinds[intent.type]
        known = intent.id or (intent.handle or {}).get("id")
        if known:
            return self._one(kind, known)
        marked = kind.seek_marked(self._client, intent.marker)
        if marked is not None:
            return None if kind.is_going(marked) else marked
        if intent.token in self._refused:
            return None
        natural = self._seek(kind, kind.named(intent.spec, intent.marker))
        foreign = natural is not None and natural.marker != intent.marker
        return None if kind.born_marked and foreign and intent.action is Action.CREATE else natural

    def assess(self, type: TypeName, observed: Observed) -> Health:
        """The kind's own judgement."""
        return self._kinds[type].assess(observed)

    def _read(self, kind: Kind, ids: list[str], way: ReadWay) -> Iterator[Observed]:
        if way.how is How.LIST:
            yield from kind.read(self._client, None)
            return
        for start in range(0, len(ids), way.page):
            yield from kind.read(self._client, ids[start : start + way.page])

    def _seek(self, kind: Kind, spec: Mapping[str, Any]) -> Observed | None:
        found = kind.seek(self._client, [spec])[0]
        return None if found is None or kind.is_going(found) else found

    def _one(self, kind: Kind, id: str) -> Observed | None:
        return next((o for o in kind.read(self._client, [id]) if not kind.is_going(o)), None)

    def _look(self, kind: Kind, request: Request) -> Observed | None:
        return self._one(kind, request.prior.id) if request.prior else self._seek(kind, request.want)

    def _create(self, kind: Kind, request: Request, token: Token) -> Done | Pending:
        creation = kind.creation(request, token)
        try:
            answer = self._make(creation.call) or {}
        except PermanentError:
            self._refused.add(token)
            raise
        made = creation.id(answer)
        self._client.made.add(made)
        steps = tuple(creation.then(made))
        observed = None if steps else creation.observed(answer)
        return Done(observed) if observed is not None else _pending(Rest(made, steps), 0.0)

    def _start(self, kind: Kind, rest: Rest) -> Done | Pending:
        for _ in range(secret_steps(rest.steps)):
            step = rest.steps[0]
            if isinstance(step, Call):
                self._make(step)
            rest = rest.tail()
        return self._go_on(kind, rest)

    def _go_on(self, kind: Kind, rest: Rest) -> Done | Pending:
        match rest.steps:
            case (Call() as call, *_):
                self._make(call)
                left = rest.tail()
                return Done(None) if left.end == GONE and not left.steps else _pending(left, 0.0)
            case (Wait(states=states), *_):
                return self._wait(kind, rest, states)
            case _ if rest.end == GONE:
                return Done(None)
            case _:
                observed = self._one(kind, rest.id)
                return Done(observed) if observed is not None else _unseen(rest)

    def _wait(self, kind: Kind, rest: Rest, states: tuple[str, ...]) -> Done | Pending:
        observed = next(iter(kind.read(self._client, [rest.id])), None)
        state = kind.state(observed)
        if state in states:
            left = rest.tail()
            if left.steps:
                return _pending(left, 0.0)
            return Done(None if left.end == GONE else observed)
        if state in kind.failed and rest.end != GONE:
            raise PermanentError(f"{kind.type} {rest.id} is {state}: {kind.assess_message(observed)}")
        if state == ABSENT:
            return _unseen(rest)
        return _patient(rest, kind.pause, f"{state}, to be {' or '.join(states)}")

    def _make(self, call: Call) -> dict[str, Any] | None:
        try:
            return self._client.call(call.service, call.operation, call.params)
        except ProviderError as error:
            if error.code in call.ignore or ("missing" in call.ignore and is_missing(error)):
                return None
            raise


def _id(request: Request) -> str:
    if request.prior is None:
        raise PermanentError(f"{request.address}: nothing is known of the object to {request.action}")
    return request.prior.id


def _pending(rest: Rest, after: float, waiting_for: str = "") -> Pending:
    return Pending(rest.handle(), after, waiting_for, rest.id)


def _patient(rest: Rest, pause: float, waiting_for: str) -> Pending:
    """Look soon at first, then every ``pause`` seconds; the handle stays the same from then on."""
    after = _FIRST_LOOK * float(2**rest.looks)
    return (
        _pending(rest.looked(), after, waiting_for) if after < pause else _pending(rest, pause, waiting_for)
    )


def _unseen(rest: Rest) -> Pending:
    if rest.looks >= _LOOKS:
        raise OutcomeUnknownError(f"{rest.id} was made, and does not show in reads")
    return _pending(rest.looked(), 1.0, "to show in reads")
