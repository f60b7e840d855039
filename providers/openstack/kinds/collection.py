"""A kind that is one collection of a service: made by one call, changed by others, waited for where it takes time.

What a service does its own way is data: which attribute carries our marker, which properties have calls of their
own (``Part``), how an update is sent, and how the object tells that it is done (``Progress``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit import compare
from orchestrator.kit.fields import to_body, to_change, to_spec
from orchestrator.kit.marks import joined, parted
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token
from orchestrator.model.kind import KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.schema import MISSING
from orchestrator.model.values import Secret, contains, reveal
from providers.openstack.errors import is_missing
from providers.openstack.kinds.effects import gone, try_delete, wait
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body, Cloud, Spec, chosen_name, working
from providers.openstack.kinds.listing import Listing, knows, not_yet, read
from providers.openstack.kinds.network import PATIENCE, Status

WORK: Final = 1800.0
"""Seconds that the cloud may take for one step."""
Create = Callable[[Cloud, dict[str, Any], Spec], dict[str, Any]]
Change = Callable[[Cloud, str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Part:
    """A property with calls of its own. ``write`` is given id, wanted and seen value; it may be repeated."""

    name: str
    write: Callable[[Cloud, str, Any, Any], None]
    read: Callable[[Cloud, Body, Any], Any]
    """Gives the value of a body (and the wanted one, to spell it alike)."""
    clears: bool = False
    """Whether it must be empty before the object can be deleted."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The attribute that carries our marker, beside the user's own entries: a mapping, or plain tags."""

    attribute: str
    send: Change


@dataclass(frozen=True, slots=True)
class Progress:
    """What the object's status says on the way; every other word means that it goes on."""

    steady: tuple[str, ...]
    failed: tuple[str, ...] = ("error",)
    attribute: str = "status"
    idle: tuple[str, ...] = ()
    """Words for what waits for a call of ours: a create that was interrupted there is finished by an update."""
    lingers: bool = False
    """Whether a deleted object is still shown for a while."""


_IS_THERE: Final = ("host exists", "already has host", "already exists")
"""What Nova and Cinder say of an item that an earlier call has added."""
_AT_ONCE: Final = Progress(())


def _as_it_is(_cloud: Cloud, body: dict[str, Any], _wanted: Spec) -> dict[str, Any]:
    return body


@dataclass(frozen=True, slots=True)
class CollectionKind:
    """A kind that is one collection; rows of `fields` say how the spec becomes a body."""

    schema: KindSchema
    listing: Listing
    fields: Sequence[Field]
    status: Status
    carried: Carried | None = None
    parts: Sequence[Part] = ()
    progress: Progress = _AT_ONCE
    verb: str = "PUT"
    change: Change | None = None
    """How an update is sent, where it is not the changed attributes in the same envelope."""
    creating: Create = _as_it_is
    made_at: Callable[[Cloud, Spec], str] | None = None
    """Where a new one is made, if not in the collection itself."""

    def observe(self, cloud: Cloud, body: Body, wanted: Spec) -> Observed:
        """Write a body in the words of the spec."""
        spec = to_spec(cloud, self.fields, body, wanted)
        spec |= {part.name: part.read(cloud, body, wanted.get(part.name)) for part in self.parts}
        marker = None
        if self.carried is not None:
            name = self.carried.attribute
            spec[name], marker = parted(body.get(name) or ())
        return Observed(str(body["id"]), spec, {"id": str(body["id"]), **self.status(body)}, marker)

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read by id; without one, by the incarnation's marker or by the natural key."""
        found = read(self.listing, cloud, refs, way, self.observe)
        lost = [
            ref for ref in refs if ref.id is None and (ref.uid if self.carried else self._keyed(ref.spec))
        ]
        bodies = list(self.listing.all(cloud)) if lost else []
        for ref in lost:
            body = (
                self._marked(bodies, str(ref.uid)) if self.carried else self._named(cloud, bodies, ref.spec)
            )
            if body is not None:
                found[ref.address] = self.observe(cloud, body, ref.spec)
        return found

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read everything that may be seen."""
        return (self.observe(cloud, body, {}) for body in self.listing.all(cloud))

    def _keyed(self, wanted: Spec) -> bool:
        key = self.schema.natural_key
        return self.schema.marking is Marking.NATURAL and bool(key) and knows(wanted, *key[:1])

    def _marked(self, bodies: Sequence[Body], uid: str) -> Body | None:
        attribute = self.carried.attribute if self.carried else ""
        for body in bodies:
            there = body.get(attribute) or ()
            if (
                isinstance(there, Mapping) and there.get("opsctl:uid") == uid
            ) or f"opsctl:uid={uid}" in there:
                return body
        return None

    def _named(self, cloud: Cloud, bodies: Sequence[Body], wanted: Spec) -> Body | None:
        """Find by natural key. Raises PermanentError where several fit: none of them is chosen by chance."""
        name = str(reveal(wanted.get(self.schema.natural_key[0])))
        fits = [body for body in bodies if body.get("name") == name and self._fits(cloud, body, wanted)]
        if len(fits) > 1:
            ids = ", ".join(str(body["id"]) for body in fits)
            what = f"{len(fits)} objects of {self.schema.type} are named {name!r} ({ids})"
            raise PermanentError(f"{what}: import one by its id", "look up", "Ambiguous")
        return fits[0] if fits else None

    def _fits(self, cloud: Cloud, body: Body, wanted: Spec) -> bool:
        rest = [name for name in self.schema.natural_key[1:] if name in wanted]
        seen = to_spec(cloud, [f for f in self.fields if f.name in rest], body, wanted)
        described = self.schema.spec.properties
        return all(compare.same(described[name], wanted[name], seen.get(name)) for name in rest)

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Start one effect."""
        del token
        match request.action:
            case Action.CREATE:
                return self._create(cloud, request)
            case Action.DELETE:
                return self._delete(cloud, request)
            case _:
                return self._update(cloud, request)

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Go on: write what has calls of its own, look how far the cloud is, or delete what was in use."""
        id, step = str(handle["id"]), handle["step"]
        if step == "delete":
            return self._remove(cloud, id, float(handle["until"]))
        if step == "gone":
            return wait(cloud, handle, "its deletion") if self._lingering(cloud, id) else Done(None)
        body = self.listing.get(cloud, id)
        if body is None and not_yet(cloud, float(handle["until"]) - WORK):
            return Pending(handle, 0.5, f"{self._noun} to show", id)
        if body is None:
            raise PermanentError(f"{self._noun} {id} is gone", f"wait for {step}", "NotFound")
        if step == "parts":
            for part in self.parts:
                if part.name in handle["spelled"]:
                    wanted = handle["spelled"][part.name]
                    part.write(cloud, id, wanted, part.read(cloud, body, wanted))
            return Pending({**handle, "step": "wait"}, 0.0, self._noun, id)
        return self._arrived(cloud, body, handle)

    def _arrived(self, cloud: Cloud, body: Body, handle: Mapping[str, Any]) -> Done | Pending:
        word = str(body.get(self.progress.attribute, ""))
        if word in self.progress.failed:
            reason = body.get("fail_reason") or f"{self._noun} {body['id']} is in state {word}"
            raise PermanentError(str(reason), f"wait for {handle['step']}", word)
        if self.progress.steady and word not in self.progress.steady:
            return wait(cloud, handle, f"{self._noun} ({word})")
        return Done(self.observe(cloud, body, handle["spelled"]))

    @property
    def _still(self) -> tuple[str, ...]:
        return (*self.progress.steady, *self.progress.failed, *self.progress.idle)

    @property
    def _noun(self) -> str:
        return f"the {str(self.schema.type).rpartition('::')[2]}"

    def _lingering(self, cloud: Cloud, id: str) -> bool:
        return cloud.client.peek(self.listing.service, self.listing.at(cloud, id)) is not None

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by id, else by marker or natural key; what is not finished is looked at again."""
        id = intent.id or (intent.handle or {}).get("id")
        if id:
            body = self.listing.get(cloud, str(id))
        elif intent.action is not Action.CREATE:
            body = None
        elif self.carried:
            body = self._marked(list(self.listing.all(cloud)), str(intent.marker.uid))
        else:
            body = self._named(cloud, list(self.listing.all(cloud)), intent.spec)
        if body is None:
            return None
        word = str(body.get(self.progress.attribute, ""))
        if self.progress.steady and word not in self._still:
            raise working(f"{self._noun} {body['id']}")
        return self.observe(cloud, body, intent.spec)

    def _create(self, cloud: Cloud, request: Request) -> Done | Pending:
        wanted = reveal(request.want)
        body = to_body(cloud, self.fields, wanted)
        if any(field.name == "name" for field in self.fields):
            body.setdefault("name", chosen_name(wanted, request.marker))
        if self.carried is not None:
            body[self.carried.attribute] = joined(
                wanted.get(self.carried.attribute, self._silence(self.carried.attribute)), request.marker
            )
        body = self.creating(cloud, body, wanted)
        one = self.listing.one
        place = self.made_at(cloud, wanted) if self.made_at is not None else self.listing.home(cloud)
        answer = cloud.client.send(self.listing.service, "POST", place, {one: body} if one else body)
        made = self.listing.shaped(answer[one] if one else answer)
        spelled = _plain(request.want)
        if not self.progress.steady and not self.parts:
            return Done(self.observe(cloud, {**made, **_unsaid(made, body)}, spelled))
        step = "parts" if any(part.name in spelled for part in self.parts) else "wait"
        handle = {"id": str(made["id"]), "step": step, "until": cloud.now() + WORK, "spelled": spelled}
        return Pending(handle, 0.0 if step == "parts" else 0.5, self._noun, str(made["id"]))

    def _silence(self, name: str) -> Any:
        default = self.schema.spec.properties[name].default
        return () if default is MISSING else default

    def _update(self, cloud: Cloud, request: Request) -> Done | Pending:
        if request.prior is None:
            raise PermanentError(f"{request.address}: nothing is known to change", str(request.action))
        id, wanted, prior = request.prior.id, reveal(request.want), request.prior.spec
        changed = {str(change.path[0]) for change in request.changes}
        body = to_change(cloud, self.fields, self.schema.spec, wanted, changed)
        if body:
            self._send(cloud, id, body)
        for part in self.parts:
            if part.name in changed:
                part.write(cloud, id, wanted.get(part.name, self._silence(part.name)), prior.get(part.name))
        retag = request.action is Action.RETAG
        if self.carried is not None and (retag or self.carried.attribute in changed):
            name = self.carried.attribute
            own = (prior if retag else wanted).get(name, self._silence(name))
            self.carried.send(cloud, id, {name: joined(own, request.marker)})
        handle = {"id": id, "step": "wait", "until": cloud.now() + WORK, "spelled": _plain(request.want)}
        return self.poll(cloud, handle)

    def _send(self, cloud: Cloud, id: str, body: dict[str, Any]) -> None:
        if self.change is not None:
            self.change(cloud, id, body)
            return
        one = self.listing.one
        sent = {one: body} if one else body
        cloud.client.send(self.listing.service, self.verb, self.listing.at(cloud, id), sent)

    def _delete(self, cloud: Cloud, request: Request) -> Done | Pending:
        if request.prior is None:
            raise PermanentError(f"{request.address}: nothing is known to delete", str(request.action))
        for part in (part for part in self.parts if part.clears):
            body = self.listing.get(cloud, request.prior.id)
            if body is not None:
                part.write(cloud, request.prior.id, self._silence(part.name), part.read(cloud, body, None))
        return self._remove(cloud, request.prior.id, cloud.now() + PATIENCE)

    def _remove(self, cloud: Cloud, id: str, until: float) -> Done | Pending:
        handle = {"id": id, "step": "delete", "until": until}
        asked = try_delete(cloud, self.listing.service, self.listing.at(cloud, id), handle)
        if asked is not None:
            return asked
        if not self.progress.lingers:
            return Done(None)
        return Pending({"id": id, "step": "gone", "until": cloud.now() + WORK}, 0.5, "its deletion", id)


def _plain(spec: Spec) -> dict[str, Any]:
    """What a journal may hold of a spec: everything but secrets."""
    return {key: value for key, value in spec.items() if not contains(value, Secret)}


def _unsaid(made: Body, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent and is not told back in the answer to the create."""
    return {key: value for key, value in sent.items() if key not in made}


def keyed(service: str, path: str, envelope: str) -> Callable[[Cloud, str, Any, Any], None]:
    """Write a mapping of which keys are put together and removed one by one; ``{}`` in the path is the object's id."""

    def write(cloud: Cloud, id: str, wanted: Any, seen: Any) -> None:
        at, there = path.format(id), seen or {}
        for key in sorted(there.keys() - wanted.keys()):
            gone(cloud, service, f"{at}/{key}")
        fresh = {key: value for key, value in wanted.items() if there.get(key) != value}
        if fresh:
            cloud.client.send(service, "POST", at, {envelope: fresh})

    return write


def _is_there(error: PermanentError) -> bool:
    return any(words in error.message for words in _IS_THERE)


def members(
    service: str, path: str, *, add: str, remove: str, key: str
) -> Callable[[Cloud, str, Any, Any], None]:
    """Write a list by actions that add and remove one item each; what is so already is no error."""

    def write(cloud: Cloud, id: str, wanted: Any, seen: Any) -> None:
        there = set(seen or ())
        for action, items in ((remove, there - set(wanted)), (add, set(wanted) - there)):
            for item in sorted(items):
                try:
                    cloud.client.send(service, "POST", path.format(id), {action: {key: item}})
                except PermanentError as error:
                    if not is_missing(error) and not _is_there(error):
                        raise

    return write
