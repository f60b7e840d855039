"""What Neutron's kinds share: create under a provisional name, then tag and rename; update; delete; find.

Tags are refused in POST, so a marker cannot be set there. The name (of a floating address: the description) of a
fresh object is `opsctl-<token>`; whoever finds one knows which intent made it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.kit.fields import to_body, to_change, to_spec
from orchestrator.kit.marks import joined, parted
from orchestrator.model.change import Action
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, TransientError
from orchestrator.model.ids import Address, Token
from orchestrator.model.kind import KindSchema, ReadWay
from orchestrator.model.marker import PROVISIONAL
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.values import Secret, contains, reveal
from providers.openstack.kinds.effects import try_delete
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body, Cloud, Spec, chosen_name, provisional
from providers.openstack.kinds.listing import Listing, read

PATIENCE = 60.0
"""Seconds for which a deletion is tried again while something that is going still holds the object."""

Status = Callable[[Body], dict[str, Any]]
Adjust = Callable[[Cloud, dict[str, Any]], dict[str, Any]]


def _as_it_is(_cloud: Cloud, body: dict[str, Any]) -> dict[str, Any]:
    return body


@dataclass(frozen=True, slots=True)
class Part:
    """A list in an object that PUT does not take: its items are added and removed by calls of their own."""

    name: str
    add: str
    remove: str
    wrapped: str = ""
    """The envelope of both calls, empty where they have none."""
    known_by: str = ""
    """The attribute by which an item is removed; empty for items that are plain values."""

    def body(self, items: Sequence[Any]) -> dict[str, Any]:
        """Make the body of either call."""
        return {self.wrapped: {self.name: items}} if self.wrapped else {self.name: items}

    def named(self, items: Sequence[Any]) -> list[Any]:
        """Say which items are to go."""
        return [{self.known_by: item[self.known_by]} for item in items] if self.known_by else list(items)


@dataclass(frozen=True, slots=True)
class NetworkKind:
    """A kind that is one Neutron collection; rows of `fields` say how the spec becomes a body."""

    schema: KindSchema
    label: str
    path: str
    fields: Sequence[Field]
    status: Status
    mark: str = "name"
    """The attribute that carries the provisional name."""
    creating: Adjust = _as_it_is
    tags_at: str | None = None
    """Where tags are, if not below the object's own path; empty for objects that have none."""
    parts: Sequence[Part] = ()

    @property
    def listing(self) -> Listing:
        """Where objects are."""
        plural = self.path.rpartition("/")[2].replace("-", "_")
        return Listing("network", self.path, self.label, plural, own=True)

    def _tags_of(self, id: str) -> str:
        """Give the address of an object's tags; empty where it has none."""
        at = self.path if self.tags_at is None else self.tags_at
        return f"{at}/{id}/tags" if at else ""

    def observe(self, cloud: Cloud, body: Body, wanted: Spec) -> Observed:
        """Write a body in the words of the spec."""
        spec = to_spec(cloud, self.fields, body, wanted)
        own, marker = parted(body.get("tags", ()))
        if "tags" in self.schema.spec.properties:
            spec["tags"] = own
        status = {"id": body["id"], **self.status(body)}
        revision = str(body.get("revision_number", ""))
        return Observed(str(body["id"]), spec, status, marker, revision)

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read by id; an object without one in state is looked for by its incarnation's tag."""
        found = read(self.listing, cloud, refs, way, self.observe)
        for ref in refs:
            body = self._marked(cloud, str(ref.uid)) if ref.id is None and ref.uid else None
            if body is not None:
                found[ref.address] = self.observe(cloud, body, ref.spec)
        return found

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read everything of the project."""
        return (self.observe(cloud, body, {}) for body in self.listing.all(cloud))

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Start one effect."""
        match request.action:
            case Action.CREATE:
                return self._create(cloud, request, token)
            case Action.DELETE:
                return self._delete(cloud, _id(request), cloud.now() + PATIENCE)
            case _:
                return self._update(cloud, request)

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Go on: mark what was created, or delete what was in use."""
        if "until" in handle:
            return self._delete(cloud, str(handle["id"]), float(handle["until"]))
        return Done(self._marked_as(cloud, handle))

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by id, by provisional name, or by the incarnation's tag."""
        id = intent.id or (intent.handle or {}).get("id")
        if id:
            body = self.listing.get(cloud, str(id))
        elif intent.action is Action.CREATE:
            body = self._provisional(cloud, intent.token) or self._marked(cloud, str(intent.marker.uid))
        else:
            body = None
        return None if body is None else self.observe(cloud, body, intent.spec)

    def _create(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        spec = reveal(request.want)
        body = self.creating(cloud, to_body(cloud, self.fields, spec))
        final = chosen_name(spec, request.marker) if self.mark == "name" else body.get(self.mark, "")
        body[self.mark] = provisional(token)
        made = cloud.client.send("network", "POST", self.path, {self.label: body})[self.label]
        labels = [*request.marker.labels(), *spec.get("tags", ())]
        handle = {"id": made["id"], "final": final, "tags": labels, "spelled": dict(spec)}
        if contains(request.want, Secret):  # which no handle may hold: both steps are then one
            try:
                return self.poll(cloud, handle)
            except TransientError as error:  # not to be created again
                raise OutcomeUnknownError(
                    error.message, error.operation, error.code, error.request_id
                ) from error
        return Pending(handle, 0.0, "its marker", made["id"])

    def _marked_as(self, cloud: Cloud, handle: Mapping[str, Any]) -> Observed:
        """Both calls may be made twice, so that they are one step of the journal."""
        if place := self._tags_of(handle["id"]):
            cloud.client.send("network", "PUT", place, {"tags": list(dict.fromkeys(handle["tags"]))})
        body = self._put(cloud, handle["id"], {self.mark: handle["final"]})
        tags = {"tags": handle["tags"]} if place else {}
        return self.observe(cloud, {**body, **tags}, handle["spelled"])

    def _update(self, cloud: Cloud, request: Request) -> Done:
        one, spec = f"{self.path}/{_id(request)}", reveal(request.want)
        changed = {str(change.path[0]) for change in request.changes}
        body = to_change(cloud, self.fields, self.schema.spec, spec, changed)
        lists = [(part, body.pop(part.name)) for part in self.parts if part.name in body]
        if lists:
            self._change_parts(cloud, _id(request), lists)
        if body:
            self._put(cloud, _id(request), body)
        if request.action is Action.RETAG and self._is_unnamed(request, spec):
            self._put(cloud, _id(request), {"name": chosen_name(spec, request.marker)})
        self._tag(cloud, request, changed)
        seen = self.listing.get(cloud, _id(request))
        if seen is None:  # it took the change, so it is there
            raise TransientError(
                f"{request.address} was changed, and does not show yet", f"GET {one}", "NotShown"
            )
        return Done(self.observe(cloud, seen, spec))

    def _is_unnamed(self, request: Request, wanted: Spec) -> bool:
        """Whether an interrupted creation left its provisional name, and the spec has none to put there."""
        seen = str(request.prior.spec.get("name", "")) if request.prior is not None else ""
        return self.mark == "name" and "name" not in wanted and seen.startswith(PROVISIONAL)

    def _put(self, cloud: Cloud, id: str, change: dict[str, Any]) -> Body:
        """Change attributes; gives the object as it is then."""
        answer = cloud.client.send("network", "PUT", f"{self.path}/{id}", {self.label: change})
        return dict(answer[self.label])

    def _change_parts(self, cloud: Cloud, id: str, lists: Sequence[tuple[Part, Any]]) -> None:
        """Bring each list to what is wanted: what is to go first, since what comes may need its place."""
        there = self.listing.get(cloud, id) or {}
        for part, wanted in lists:
            held = there.get(part.name, ())
            for call, items in (
                (part.remove, part.named([item for item in held if item not in wanted])),
                (part.add, [item for item in wanted if item not in held]),
            ):
                if items:
                    cloud.client.send("network", "PUT", f"{self.path}/{id}/{call}", part.body(items))

    def _tag(self, cloud: Cloud, request: Request, changed: set[str]) -> None:
        place = self._tags_of(_id(request))
        if not place or ("tags" not in changed and request.action is not Action.RETAG):
            return
        if request.action is Action.RETAG and request.prior is not None:
            tags = request.prior.spec.get("tags", ())
        else:
            tags = request.want.get("tags", ())
        cloud.client.send("network", "PUT", place, {"tags": joined(tags, request.marker)})

    def _delete(self, cloud: Cloud, id: str, until: float) -> Done | Pending:
        handle = {"id": id, "until": until}
        return try_delete(cloud, "network", f"{self.path}/{id}", handle) or Done(None)

    def _provisional(self, cloud: Cloud, token: Token) -> Body | None:
        return next(self.listing.all(cloud, **{self.mark: provisional(token)}), None)

    def _marked(self, cloud: Cloud, uid: str) -> Body | None:
        if self.tags_at == "":
            return None
        return next(self.listing.all(cloud, tags=f"opsctl:uid={uid}"), None)


def _id(request: Request) -> str:
    if request.prior is None:
        raise PermanentError(f"{request.address}: nothing is known to {request.action}", str(request.action))
    return request.prior.id
