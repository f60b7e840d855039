"""One effect on a cloud, from its durable intent to its end."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from orchestrator.model.change import Action
from orchestrator.model.errors import FaultyPluginError, OutcomeUnknownError, PermanentError
from orchestrator.model.ids import Address, ProviderName, StackId, Token, TypeName, Uid
from orchestrator.model.kind import Marking
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Done, Intent, Observed, Pending, Request
from orchestrator.model.snapshot import Began, Lapsed, Waiting
from orchestrator.seams.clock import Clock
from orchestrator.seams.executor import Abandoned, Call, Effect, Interrupted, Journal, Sleep
from orchestrator.seams.provider import Provider
from orchestrator.seams.secrets import Secrets

TRIES: Final = 3
"""How often an effect is started under one token before its unknown outcome is left to the next run."""
_DOING = {
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.DELETE: "deleting",
    Action.RETAG: "marking",
}


@dataclass(frozen=True, slots=True)
class Tools:
    """What every step works with."""

    stack: StackId
    clock: Clock
    providers: Mapping[ProviderName, Provider]
    new_uid: Callable[[], Uid]
    new_token: Callable[[], Token]
    secrets: Secrets

    def marker(self, address: Address, uid: Uid) -> Marker:
        """The marker of one incarnation."""
        return Marker(self.stack, address, uid)


@dataclass(frozen=True, slots=True)
class Target:
    """Which provider instance does what to which kind."""

    provider: ProviderName
    type: TypeName

    def call(self, function: Callable[[], Any], doing: str, tools: Tools) -> Call:
        """A call to the provider; a kind that touches nothing needs no thread for it."""
        inline = tools.providers[self.provider].kinds[self.type].inline
        return Call(function, self.provider, doing, inline=inline)


def intend(request: Request, at: Target, tools: Tools) -> Intent:
    """The intent of a request: to be made durable before :func:`effect`."""
    return Intent(
        token=tools.new_token(),
        action=request.action,
        type=at.type,
        address=request.address,
        provider=str(at.provider),
        marker=request.marker,
        spec=request.want,
        id=request.prior.id if request.prior is not None else None,
        at=tools.clock.now(),
    )


@dataclass(slots=True)
class Trace:
    """Whether an effect may have left something behind, even if it failed in the end."""

    touched: bool = False
    keep: Callable[[Done | Pending], Done | Pending] = field(default=lambda answer: answer)
    """What is done with an answer before anything else: part of the call that heard it."""
    intent: Intent | None = None
    """The last one, where a create was given up and begun anew."""


def effect(
    request: Request, intent: Intent, at: Target, tools: Tools, trace: Trace | None = None
) -> Generator[Effect, Any, Observed | None]:
    """Bring about what a durable intent says; returns what is there afterwards.

    Raises the provider's error; the intent is open then, and the caller says what is left of it. Raises Abandoned
    where the run stops before it is known what became of a call.
    """
    trace = trace or Trace()
    for attempt in range(1, TRIES + 1):
        try:
            return (yield from _drive(request, intent, at, tools, trace))
        except FaultyPluginError:
            trace.touched = True
            raise
        except OutcomeUnknownError:
            trace.touched = True
            try:
                settled, found = yield from _settle(request, intent, at, tools)
            except Interrupted:
                raise Abandoned from None
            if settled:
                return found
            if attempt == TRIES:
                raise
            request, intent = yield from _anew(request, intent, at, tools)
            trace.intent = intent
    raise AssertionError("unreachable")


def _anew(
    request: Request, intent: Intent, at: Target, tools: Tools
) -> Generator[Effect, Any, tuple[Request, Intent]]:
    """The next try. A create that may still come late is given up, and the next one is another incarnation.

    So two objects are never told apart by anything but their marker. A token makes the two calls one.
    """
    kind = tools.providers[at.provider].kinds[at.type]
    may_double = request.action is Action.CREATE and kind.may_come_late(intent.spec)
    if not may_double or kind.marking is Marking.TOKEN:
        return request, intent
    marker = replace(request.marker, uid=tools.new_uid())
    fresh = replace(intent, token=tools.new_token(), marker=marker, at=tools.clock.now())
    yield Journal([Lapsed(intent.token, tools.clock.now()), Began(fresh)])
    return replace(request, marker=marker), fresh


def _drive(
    request: Request, intent: Intent, at: Target, tools: Tools, trace: Trace
) -> Generator[Effect, Any, Observed | None]:
    """Begin, then poll until it is done; every handle is durable before it is used."""
    provider = tools.providers[at.provider]
    doing = _DOING.get(request.action, str(request.action))
    answer: Done | Pending = yield at.call(
        lambda: trace.keep(provider.begin(request, intent.token)), doing, tools
    )
    last: Mapping[str, Any] | None = None
    while isinstance(answer, Pending):
        trace.touched = True
        if answer.handle != last:
            last = answer.handle
            yield Journal([Waiting(intent.token, answer.handle, answer.id)])
        if answer.retry_after > 0:
            yield Sleep(answer.retry_after, answer.waiting_for or doing)
        handle = answer.handle
        answer = yield at.call(partial(_polled, provider, at.type, handle, trace), doing, tools)
    return answer.observed


def _polled(provider: Provider, type: TypeName, handle: Mapping[str, Any], trace: Trace) -> Done | Pending:
    return trace.keep(provider.poll(type, handle))


def _settle(
    request: Request, intent: Intent, at: Target, tools: Tools
) -> Generator[Effect, Any, tuple[bool, Observed | None]]:
    """Find out whether an effect took place: (True, what is there), or (False, None): start it again."""
    found = yield from find(intent, at, tools)
    if request.action is Action.DELETE:
        return found is None, None
    if found is None:
        if request.action is Action.CREATE:
            return False, None
        raise PermanentError(f"{request.address} is gone: it was deleted while it was changed", "settle")
    if request.action is Action.CREATE:
        return True, (yield from finish(request, found, intent, at, tools))
    if request.action is Action.RETAG:
        return found.marker == request.marker, found
    left = tools.providers[at.provider].propose(at.type, found, request.want, request.last)
    return left.action is Action.NOOP, found


def find(intent: Intent, at: Target, tools: Tools) -> Generator[Effect, Any, Observed | None]:
    """Look for what an intent made or meant, as long as its kind says that it may not show yet.

    An object that was made a moment ago may be hidden from reads: that it is gone is believed no earlier.
    """
    provider = tools.providers[at.provider]
    deadline = tools.clock.monotonic() + provider.kinds[at.type].consistency
    while True:
        found: Observed | None = yield at.call(lambda: provider.find(intent), "settling", tools)
        if found is not None and intent.action is Action.CREATE and not intent.owns(found.marker):
            found = None
        left = deadline - tools.clock.monotonic()
        if found is not None or left <= 0:
            return found
        yield Sleep(min(1.0, left), "looking for what an interrupted call made")


def finish(
    request: Request, found: Observed, intent: Intent, at: Target, tools: Tools
) -> Generator[Effect, Any, Observed | None]:
    """A create that was cut off half-way is completed by what an update would do, and by its marker."""
    provider = tools.providers[at.provider]
    proposal = provider.propose(at.type, found, request.want, {})
    if proposal.action is Action.REPLACE:
        raise PermanentError(
            "what the interrupted create made is not what was asked for", f"create {at.type}"
        )
    seen: Observed | None = found
    if proposal.action is Action.UPDATE:
        rest = replace(request, action=Action.UPDATE, prior=found, changes=proposal.changes)
        seen = yield from _drive(rest, replace(intent, action=Action.UPDATE), at, tools, Trace())
    if seen is not None and seen.marker is None and provider.kinds[at.type].marking.carried:
        mark = replace(request, action=Action.RETAG, prior=seen)
        seen = yield from _drive(mark, replace(intent, action=Action.RETAG), at, tools, Trace())
    return seen
