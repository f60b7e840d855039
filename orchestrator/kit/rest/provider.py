"""The provider over kinds that are data: reads by the cheapest way, effects of one call each, lost creates found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.kit import compare
from orchestrator.kit.rest.client import RestClient
from orchestrator.kit.rest.kind import Body, RestKind
from orchestrator.kit.sweep import sweep
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.health import Health, Level
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Proposal, ReadResult, Ref, Request
from orchestrator.model.quota import Demand, Preflight

PAGE: Final = 100
_GONE, _READY = "gone", "ready"


class RestProvider:
    """One configured API. Safe to share between threads."""

    def __init__(
        self,
        client: RestClient,
        kinds: Sequence[RestKind],
        *,
        account: Callable[[RestClient], str],
        page: int = PAGE,
        concurrency: int = 8,
    ) -> None:
        """``account`` asks the API whose credentials these are."""
        self._client = client
        self._kinds = {kind.schema.type: kind for kind in kinds}
        self._account = account
        self._page = page
        self._concurrency = concurrency

    @property
    def kinds(self) -> Mapping[TypeName, KindSchema]:
        """Every kind by its type name."""
        return {name: kind.schema for name, kind in self._kinds.items()}

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls were made so far, by operation."""
        return self._client.calls

    @property
    def concurrency(self) -> int:
        """How many calls may be in flight at once."""
        return self._concurrency

    def account(self) -> str:
        """Whose account this is."""
        return self._account(self._client)

    def preflight(self, demands: Sequence[Demand]) -> Preflight:
        """Nothing is known of its quotas."""
        del demands
        return Preflight()

    def read_many(self, type: TypeName, refs: Sequence[Ref], way: ReadWay) -> ReadResult:
        """By id from pages or one by one; without an id by our marker or by the natural key."""
        kind, before = self._kinds[type], self._client.made_here
        pages = self._pages(kind) if way.how is How.LIST else ()
        bodies = sweep(
            {ref.id for ref in refs if ref.id},
            pages,
            key=lambda body: str(body[kind.identity]),
            get=lambda wanted: self._get(kind, wanted),
        )
        found = {r.address: kind.observed(bodies[r.id]) for r in refs if r.id and r.id in bodies}
        found |= self._sought(kind, [ref for ref in refs if not ref.id])
        return ReadResult(found, self._client.made_here - before)

    def discover(self, type: TypeName) -> Iterator[Observed]:
        """Everything of the kind."""
        kind = self._kinds[type]
        return (kind.observed(body) for page in self._pages(kind) for body in page)

    def propose(
        self, type: TypeName, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]
    ) -> Proposal:
        """The difference, by the schema."""
        return compare.propose(self._kinds[type].schema, prior, want, last)

    def begin(self, request: Request, token: Token) -> Done | Pending:
        """One call, and what is to be waited for."""
        kind = self._kinds[request.type]
        match request.action:
            case Action.CREATE:
                headers = {kind.token: str(token)} if kind.schema.marking is Marking.TOKEN else {}
                sent = kind.body(request.want, request.marker)
                made = self._client.ask(
                    "POST", kind.path, sent, headers=headers, operation=f"create {request.type}"
                )
                return self._progress(kind, made)
            case Action.DELETE:
                return self._delete(kind, _id(request))
            case Action.UPDATE | Action.RETAG:
                return self._update(kind, request)
            case _:
                raise PermanentError(f"{request.action} is nothing that this API does", str(request.action))

    def poll(self, type: TypeName, handle: Mapping[str, Any]) -> Done | Pending:
        """Look how far it is."""
        kind, id = self._kinds[type], str(handle["id"])
        body = self._get(kind, id)
        if handle["step"] == _GONE:
            return Done(None) if body is None else Pending(handle, 1.0, "its deletion", id)
        if body is None:
            raise PermanentError(f"{id} is gone", f"wait for {type}", "NotFound")
        return self._progress(kind, body)

    def find(self, intent: Intent) -> Observed | None:
        """By id, by the marker of its incarnation, or by the natural key."""
        kind = self._kinds[intent.type]
        known = intent.id or (intent.handle or {}).get("id")
        if known:
            body = self._get(kind, str(known))
            return None if body is None else kind.observed(body)
        if intent.action is not Action.CREATE:
            return None
        ref = Ref(intent.address, None, intent.spec, intent.marker.uid)
        return self._sought(kind, [ref]).get(intent.address)

    def assess(self, type: TypeName, observed: Observed) -> Health:
        """The API's own word on readiness."""
        return self._kinds[type].assess(observed.status)

    def _sought(self, kind: RestKind, refs: Sequence[Ref]) -> dict[Address, Observed]:
        """References without an id, in one list."""
        carried = kind.schema.marking.carried
        refs = [ref for ref in refs if (ref.uid if carried else ref.spec)]
        found: dict[Address, Observed] = {}
        for seen in self.discover(kind.schema.type) if refs else ():
            for ref in refs:
                ours = seen.marker is not None and seen.marker.uid == ref.uid
                if ours if carried else kind.is_meant(ref.spec, seen):
                    found.setdefault(ref.address, seen)
        return found

    def _pages(self, kind: RestKind) -> Iterator[list[Body]]:
        query: dict[str, Any] = {kind.limit: self._page}
        while True:
            answer = self._client.ask("GET", kind.path, query=query, operation=f"list {kind.schema.type}")
            yield list(answer[kind.many])
            if not answer.get(kind.next):
                return
            query[kind.after] = answer[kind.next]

    def _get(self, kind: RestKind, id: str) -> Body | None:
        found: Body | None = self._client.peek(f"{kind.path}/{id}", operation=f"get {kind.schema.type}")
        return found

    def _progress(self, kind: RestKind, body: Body) -> Done | Pending:
        """Done, unless the API says that it is still at it. Raises PermanentError where it says that it failed."""
        seen = kind.observed(body)
        health = kind.assess(seen.status)
        if health.level is Level.FAILED:
            raise PermanentError(f"{seen.id} has failed: {health.message}", f"wait for {kind.schema.type}")
        if health.level is Level.PROGRESSING:
            return Pending({"id": seen.id, "step": _READY}, 1.0, health.message, seen.id)
        return Done(seen)

    def _update(self, kind: RestKind, request: Request) -> Done | Pending:
        marks = request.action is Action.RETAG
        changed = {str(change.path[0]) for change in request.changes} | ({kind.tags} if marks else set())
        spec = request.want
        if marks and request.prior is not None:  # a marker alone is written: its neighbours stay as they are
            spec = {**spec, kind.tags: request.prior.spec.get(kind.tags, {})}
        sent = kind.change(spec, changed, request.marker)
        at = f"{kind.path}/{_id(request)}"
        return self._progress(kind, self._client.ask("PATCH", at, sent, operation=f"update {request.type}"))

    def _delete(self, kind: RestKind, id: str) -> Done | Pending:
        try:
            self._client.ask("DELETE", f"{kind.path}/{id}", operation=f"delete {kind.schema.type}")
        except PermanentError as error:
            if error.code == "NotFound":
                return Done(None)
            raise
        return self.poll(kind.schema.type, {"id": id, "step": _GONE})


def _id(request: Request) -> str:
    if request.prior is None:
        raise PermanentError(f"{request.address}: nothing is known to {request.action}", str(request.action))
    return request.prior.id
