"""The provider over kinds that are data: reads by the cheapest way, effects of one call each, lost creates found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit.fields import Body
from orchestrator.kit.kinds import KindProvider
from orchestrator.kit.rest.client import RestClient
from orchestrator.kit.rest.kind import RestKind
from orchestrator.kit.sweep import sweep
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.health import Level
from orchestrator.model.ids import Address, Token
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request

PAGE: Final = 100
_GONE, _READY = "gone", "ready"


class RestProvider(KindProvider[RestClient]):
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
        rows = {kind.schema.type: kind for kind in kinds}
        super().__init__(
            client,
            client,
            [Collection(kind, page) for kind in kinds],
            account=lambda: account(client),
            assess=lambda schema, observed: rows[schema.type].assess(observed.status),
            concurrency=concurrency,
        )


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind as the provider asks it: the calls that its row of facts stands for."""

    kind: RestKind
    page: int

    @property
    def schema(self) -> KindSchema:
        """The kind as the core sees it."""
        return self.kind.schema

    def read(self, cloud: RestClient, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """By id from pages or one by one; without an id by our marker or by the natural key."""
        pages = self._pages(cloud) if way.how is How.LIST else ()
        bodies = sweep(
            {ref.id for ref in refs if ref.id},
            pages,
            key=lambda body: str(body[self.kind.identity]),
            get=lambda wanted: self._get(cloud, wanted),
        )
        found = {
            r.address: self.kind.observed(cloud, bodies[r.id], r.spec)
            for r in refs
            if r.id and r.id in bodies
        }
        return found | self._sought(cloud, [ref for ref in refs if not ref.id])

    def discover(self, cloud: RestClient) -> Iterator[Observed]:
        """Everything of the kind."""
        return (self.kind.observed(cloud, body, {}) for page in self._pages(cloud) for body in page)

    def begin(self, cloud: RestClient, request: Request, token: Token) -> Done | Pending:
        """One call, and what is to be waited for."""
        kind = self.kind
        match request.action:
            case Action.CREATE:
                headers = {kind.token: str(token)} if kind.schema.marking is Marking.TOKEN else {}
                sent = kind.body(cloud, request.want, request.marker)
                named = f"create {request.type}"
                made = cloud.ask("POST", kind.path, sent, headers=headers, operation=named)
                return self._progress(cloud, made, request.want)
            case Action.DELETE:
                return self._delete(cloud, _id(request))
            case Action.UPDATE | Action.RETAG:
                return self._update(cloud, request)
            case _:
                raise PermanentError(f"{request.action} is nothing that this API does", str(request.action))

    def poll(self, cloud: RestClient, handle: Mapping[str, Any]) -> Done | Pending:
        """Look how far it is."""
        id = str(handle["id"])
        body = self._get(cloud, id)
        if handle["step"] == _GONE:
            return Done(None) if body is None else Pending(handle, 1.0, "its deletion", id)
        if body is None:
            raise PermanentError(f"{id} is gone", f"wait for {self.schema.type}", "NotFound")
        return self._progress(cloud, body, {})

    def find(self, cloud: RestClient, intent: Intent) -> Observed | None:
        """By id, by the marker of its incarnation, or by the natural key."""
        known = intent.id or (intent.handle or {}).get("id")
        if known:
            body = self._get(cloud, str(known))
            return None if body is None else self.kind.observed(cloud, body, intent.spec)
        if intent.action is not Action.CREATE:
            return None
        ref = Ref(intent.address, None, intent.spec, intent.marker.uid)
        return self._sought(cloud, [ref]).get(intent.address)

    def _sought(self, cloud: RestClient, refs: Sequence[Ref]) -> dict[Address, Observed]:
        """References without an id, in one list."""
        carried = self.schema.marking.carried
        refs = [ref for ref in refs if (ref.uid if carried else ref.spec)]
        found: dict[Address, Observed] = {}
        for seen in self.discover(cloud) if refs else ():
            for ref in refs:
                ours = seen.marker is not None and seen.marker.uid == ref.uid
                if ours if carried else self.kind.is_meant(ref.spec, seen):
                    found.setdefault(ref.address, seen)
        return found

    def _pages(self, cloud: RestClient) -> Iterator[list[Body]]:
        kind = self.kind
        query: dict[str, Any] = {kind.limit: self.page}
        while True:
            answer = cloud.ask("GET", kind.path, query=query, operation=f"list {kind.schema.type}")
            yield list(answer[kind.many])
            if not answer.get(kind.next):
                return
            query[kind.after] = answer[kind.next]

    def _get(self, cloud: RestClient, id: str) -> Body | None:
        found: Body | None = cloud.peek(f"{self.kind.path}/{id}", operation=f"get {self.schema.type}")
        return found

    def _progress(self, cloud: RestClient, body: Body, wanted: Body) -> Done | Pending:
        """Done, unless the API says that it is still at it. Raises PermanentError where it says that it failed."""
        seen = self.kind.observed(cloud, body, wanted)
        health = self.kind.assess(seen.status)
        if health.level is Level.FAILED:
            raise PermanentError(f"{seen.id} has failed: {health.message}", f"wait for {self.schema.type}")
        if health.level is Level.PROGRESSING:
            return Pending({"id": seen.id, "step": _READY}, 1.0, health.message, seen.id)
        return Done(seen)

    def _update(self, cloud: RestClient, request: Request) -> Done | Pending:
        kind, marks = self.kind, request.action is Action.RETAG
        changed = {str(change.path[0]) for change in request.changes} | ({kind.tags} if marks else set())
        spec = request.want
        if marks and request.prior is not None:  # a marker alone is written: its neighbours stay as they are
            spec = {**spec, kind.tags: request.prior.spec.get(kind.tags, {})}
        sent = kind.change(cloud, spec, changed, request.marker)
        answer = cloud.ask("PATCH", f"{kind.path}/{_id(request)}", sent, operation=f"update {request.type}")
        return self._progress(cloud, answer, request.want)

    def _delete(self, cloud: RestClient, id: str) -> Done | Pending:
        try:
            cloud.ask("DELETE", f"{self.kind.path}/{id}", operation=f"delete {self.schema.type}")
        except PermanentError as error:
            if error.code == "NotFound":
                return Done(None)
            raise
        return self.poll(cloud, {"id": id, "step": _GONE})


def _id(request: Request) -> str:
    if request.prior is None:
        raise PermanentError(f"{request.address}: nothing is known to {request.action}", str(request.action))
    return request.prior.id
