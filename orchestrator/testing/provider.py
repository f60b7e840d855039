"""A provider over the fake cloud: small, honest, and of every class that the core must know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from orchestrator.kit import compare
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.health import Health, Level
from orchestrator.model.ids import Token, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Proposal, ReadResult, Ref, Request
from orchestrator.model.quota import Demand, Preflight, Quota
from orchestrator.model.values import Secret
from orchestrator.testing import effects
from orchestrator.testing.cloud import FakeCloud, Object
from orchestrator.testing.kinds import KINDS, SPEC

T = TypeVar("T")
_UNTOLD = frozenset(name for name, inner in SPEC.properties.items() if inner.write_only)


class FakeProvider:
    """One process's view of a FakeCloud; it keeps nothing of its own. ``seconds``: how long a slow kind takes."""

    def __init__(
        self, cloud: FakeCloud, *, concurrency: int = 4, seconds: float = 20.0, account: str = "fake-account"
    ) -> None:
        self.cloud = cloud
        self.kinds: Mapping[TypeName, KindSchema] = KINDS
        self.concurrency = concurrency
        self._seconds = seconds
        self._account = account

    @property
    def calls(self) -> Mapping[str, int]:
        """By operation, as the cloud has logged them."""
        return Counter(called.operation for called in self.cloud.log)

    def account(self) -> str:
        """Whose cloud this is."""
        return self._account

    def preflight(self, demands: Sequence[Demand]) -> Preflight:
        """How many objects there may be at all, where the cloud has a limit."""
        if self.cloud.limit < 0:
            return Preflight()
        wanted = {d.address: (d.after is not None) - (d.before is not None) for d in demands}
        used = self.cloud.call("GetQuota", self.cloud.count)
        return Preflight((Quota("fake", "objects", self.cloud.limit, used, wanted),), 1)

    def read_many(self, type: TypeName, refs: Sequence[Ref], way: ReadWay) -> ReadResult:
        """By a list in pages, or one by one; both may be stale."""
        kind = self.kinds[type]
        found, calls = {}, 0
        if way.how is How.GET:
            views = [(ref, self._seen(type, "Get")) for ref in refs]
            calls = len(refs)
        else:
            everything = self._seen(type, "List")
            views = [(ref, everything) for ref in refs]
            calls = max(1, -(-len(everything) // way.page))
        for ref, view in views:
            there = next((there for there in view if _is(there, ref, kind)), None)
            if there is not None:
                found[ref.address] = self._observed(there)
        return ReadResult(found, calls)

    def discover(self, type: TypeName) -> Iterator[Observed]:
        """Everything of the kind."""
        return (self._observed(there) for there in self._seen(type, "List"))

    def propose(
        self, type: TypeName, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]
    ) -> Proposal:
        """As the kind's schema says."""
        return compare.propose(self.kinds[type], prior, want, last)

    def begin(self, request: Request, token: Token) -> Done | Pending:
        """One call of the cloud an effect; a provisional object takes two, with a handle between them."""
        cloud, kind = self.cloud, self.kinds[request.type]
        later = cloud.clock.monotonic() + self._seconds
        match request.action:
            case Action.CREATE:
                ready = later if kind.type == effects.SLOW else 0.0
                made = self._call(
                    "Create", request, lambda: effects.create(cloud, kind, request, token, ready_at=ready)
                )
                if kind.marking is Marking.PROVISIONAL:
                    return Pending(effects.naming(request, made.id), 0.0, "its name", made.id)
                return self._telling(kind, self._answer(made))
            case Action.UPDATE:
                return self._answer(self._call("Update", request, lambda: effects.update(cloud, request)))
            case Action.RETAG:
                return self._answer(self._call("Tag", request, lambda: effects.retag(cloud, request)))
            case Action.DELETE:
                return self._call("Delete", request, lambda: effects.delete(cloud, request, gone_at=later))
        raise PermanentError(f"{request.action} is nothing that a cloud does", str(request.action))

    def poll(self, type: TypeName, handle: Mapping[str, Any]) -> Done | Pending:
        """Name a provisional object, or ask how far a slow one is."""
        cloud, wanted = self.cloud, str(handle["id"])
        if "name" in handle:
            named = cloud.call(f"Rename{type}", lambda: effects.name(cloud, handle), id=wanted)
            return self._answer(named)
        there = cloud.call(f"Get{type}", lambda: cloud.get(wanted), id=wanted)
        if there is None:
            return Done(None)
        if "gone_at" not in handle:
            return self._answer(there)
        if cloud.clock.monotonic() < handle["gone_at"]:
            return Pending(handle, 5.0, "deleting", wanted)
        cloud.remove(wanted)
        return Done(None)

    def find(self, intent: Intent) -> Observed | None:
        """By what the kind's marking class promises. Raises OutcomeUnknownError where there is no way."""
        there = effects.made_by(self.cloud, self.kinds[intent.type], intent)
        return None if there is None else self._observed(there)

    def assess(self, type: TypeName, observed: Observed) -> Health:
        """The cloud's own word."""
        del type
        state = str(observed.status.get("state"))
        levels = {"active": Level.HEALTHY, "building": Level.PROGRESSING, "error": Level.FAILED}
        return Health(levels.get(state, Level.UNKNOWN), state)

    def _call(self, verb: str, request: Request, effect: Callable[[], T]) -> T:
        known = request.prior.id if request.prior is not None else ""
        return self.cloud.call(f"{verb}{request.type}", effect, id=known)

    def _seen(self, type: TypeName, verb: str) -> Sequence[Object]:
        return self.cloud.call(f"{verb}{type}", lambda: self.cloud.seen(type))

    def _answer(self, there: Object) -> Done | Pending:
        """Done, unless the object is still on its way."""
        if self.cloud.clock.monotonic() < there.ready_at:
            return Pending({"id": there.id}, 5.0, "building", there.id)
        return Done(self._observed(there))

    def _telling(self, kind: KindSchema, answer: Done | Pending) -> Done | Pending:
        """What the kind tells in the answer to a create alone."""
        if not isinstance(answer, Done) or answer.observed is None or not kind.once:
            return answer
        seen = answer.observed
        told = {name: Secret(f"{name} of {seen.id}") for name in kind.once}
        return Done(replace(seen, status={**seen.status, **told}))

    def _observed(self, there: Object) -> Observed:
        spec = {name: value for name, value in there.spec.items() if name not in _UNTOLD}
        ready = self.cloud.clock.monotonic() >= there.ready_at
        status = {
            "id": there.id,
            "state": there.state or ("active" if ready else "building"),
            "address": there.address,
            "version": there.version,
        }
        return Observed(there.id, {"size": 1, **spec}, status, there.marker, str(there.version))


def _is(there: Object, ref: Ref, kind: KindSchema) -> bool:
    """By id; without one by the natural key, or by name where there is nothing else to go by."""
    if ref.id is not None:
        return there.id == ref.id
    names = kind.natural_key or ("name",)
    return all(there.spec.get(name) == ref.spec.get(name) for name in names)
