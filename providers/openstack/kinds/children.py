"""Objects without a name or tags of their own: found by what they say, alone or below a parent.

The id of a child is `<parent>/<child>`, since no service finds it without its parent. A creation that is refused
because there is one already is done where that one is the same: its answer was lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.kit import compare
from orchestrator.kit.fields import to_body, to_change, to_spec
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError, TransientError
from orchestrator.model.ids import Address, Token
from orchestrator.model.kind import How, KindSchema, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.schema import MISSING
from orchestrator.model.values import reveal
from providers.openstack.errors import is_missing
from providers.openstack.kinds.effects import try_delete
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.listing import Listing, knows
from providers.openstack.kinds.network import PATIENCE, Status

BELOW = (ReadWay(How.CHILDREN, 1000), ReadWay(How.GET))


@dataclass(frozen=True, slots=True)
class Parent:
    """What children are below: how the spec names it, where all are listed, and which of them have any."""

    field: Field
    listing: Listing
    has: str
    """The attribute that lists children in the parent's own body."""


@dataclass(frozen=True, slots=True)
class ChildKind:
    """One collection of such objects; rows of `fields` say how the spec becomes a body."""

    schema: KindSchema
    label: str
    path: str
    """Where they are; `{}` stands for the parent's id."""
    fields: Sequence[Field]
    status: Status
    exists: Sequence[str]
    """Codes and words of the refusal of a second one."""
    parent: Parent | None = None

    def _listing(self, parent: str) -> Listing:
        plural = self.path.rpartition("/")[2].replace("-", "_")
        own = self.parent is None
        return Listing("network", self.path.format(parent), self.label, plural, own=own)

    def _split(self, id: str) -> tuple[str, str]:
        parent, _, own = id.rpartition("/")
        return parent, own

    def _above(self, cloud: Cloud, wanted: Spec) -> str:
        return str(self.parent.field.to(cloud, wanted[self.parent.field.name])) if self.parent else ""

    def observe(self, cloud: Cloud, parent: str, body: Body, wanted: Spec) -> Observed:
        """Write a body in the words of the spec."""
        seen = to_spec(cloud, self.fields, body, wanted)
        if self.parent is not None:
            name = self.parent.field.name
            seen[name] = self.parent.field.back(cloud, parent, wanted.get(name), body)
        id = f"{parent}/{body['id']}" if parent else str(body["id"])
        return Observed(id, seen, {"id": id, **self.status(body)})

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read by id, else by the natural key; a parent's children are listed once."""
        listed: dict[str, list[Body]] = {}
        found = {}
        for ref in refs:
            seen = self._known(cloud, ref, way, listed) if ref.id else self._natural(cloud, ref.spec, listed)
            if seen is not None:
                found[ref.address] = seen
        return found

    def _known(self, cloud: Cloud, ref: Ref, way: ReadWay, listed: dict[str, list[Body]]) -> Observed | None:
        parent, own = self._split(ref.id or "")
        body = None
        if way.how is not How.GET:
            body = next((b for b in self._all(cloud, parent, listed) if b["id"] == own), None)
        body = body or self._listing(parent).get(cloud, own)
        return None if body is None else self.observe(cloud, parent, body, ref.spec)

    def _all(self, cloud: Cloud, parent: str, listed: dict[str, list[Body]]) -> list[Body]:
        if parent not in listed:
            try:
                listed[parent] = list(self._listing(parent).all(cloud))
            except PermanentError as error:
                if not is_missing(error):
                    raise
                listed[parent] = []  # the parent is gone, and they with it
        return listed[parent]

    def _natural(self, cloud: Cloud, wanted: Spec, listed: dict[str, list[Body]]) -> Observed | None:
        known = [key for key in self.schema.natural_key if key in wanted]
        above = [self.parent.field.name] if self.parent else []
        if not wanted or not knows(wanted, *known, *above):
            return None
        parent = self._above(cloud, reveal(wanted))
        shown = (self.observe(cloud, parent, body, wanted) for body in self._all(cloud, parent, listed))
        return next((seen for seen in shown if self._is(seen.spec, reveal(wanted))), None)

    def _is(self, seen: Spec, wanted: Spec) -> bool:
        """Whether both have the same natural key."""
        properties = self.schema.spec.properties
        for key in self.schema.natural_key:
            value = wanted.get(key, properties[key].default)
            if value is not MISSING and not compare.same(properties[key], value, seen.get(key)):
                return False
        return True

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read everything of the project, parent by parent."""
        if self.parent is None:
            parents = [""]
        else:
            has = self.parent.has
            parents = [str(body["id"]) for body in self.parent.listing.all(cloud) if body.get(has, True)]
        for parent in parents:
            for body in self._all(cloud, parent, {}):
                yield self.observe(cloud, parent, body, {})

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Create, change or delete; each is one call."""
        del token
        match request.action:
            case Action.CREATE:
                return Done(self._create(cloud, reveal(request.want)))
            case Action.DELETE:
                id = request.prior.id if request.prior else ""
                return self._delete(cloud, id, cloud.now() + PATIENCE)
            case Action.UPDATE:
                return Done(self._update(cloud, request))
            case _:
                return Done(request.prior)

    def _create(self, cloud: Cloud, wanted: Spec) -> Observed:
        parent = self._above(cloud, wanted)
        given = self.schema.spec.properties.items()
        defaults = {name: inner.default for name, inner in given if inner.default not in (MISSING, None)}
        sent = {self.label: to_body(cloud, self.fields, {**defaults, **wanted})}
        try:
            made = cloud.client.send("network", "POST", self.path.format(parent), sent)[self.label]
        except PermanentError as error:
            said = f"{error.code} {error.message}"
            twice = any(words in said for words in self.exists)
            there = self._natural(cloud, wanted, {}) if twice else None
            if there is None or self._differs(there, wanted):
                raise
            return there  # by a call whose answer was lost: it says the same
        return self.observe(cloud, parent, made, wanted)

    def _differs(self, seen: Observed, wanted: Spec) -> bool:
        return bool(compare.propose(self.schema, seen, wanted, {}).changes)

    def _update(self, cloud: Cloud, request: Request) -> Observed:
        wanted = reveal(request.want)
        parent, own = self._split(request.prior.id if request.prior else "")
        changed = {str(change.path[0]) for change in request.changes}
        body = to_change(cloud, self.fields, self.schema.spec, wanted, changed)
        path = f"{self.path.format(parent)}/{own}"
        if body:
            cloud.client.send("network", "PUT", path, {self.label: body})
        seen = self._listing(parent).get(cloud, own)
        if seen is None:  # it took the change, so it is there
            raise TransientError(f"{request.address} was changed, and does not show yet", path, "NotShown")
        return self.observe(cloud, parent, seen, wanted)

    def _delete(self, cloud: Cloud, id: str, until: float) -> Done | Pending:
        parent, own = self._split(id)
        handle = {"id": id, "until": until}
        return try_delete(cloud, "network", f"{self.path.format(parent)}/{own}", handle) or Done(None)

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Try to delete again."""
        return self._delete(cloud, str(handle["id"]), float(handle["until"]))

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by id, else by the natural key; what a creation meant is there only if it says the same."""
        if intent.id:
            ref = Ref(intent.address, intent.id, intent.spec)
            return self._known(cloud, ref, ReadWay(How.GET), {})
        try:
            seen = self._natural(cloud, intent.spec, {})
        except PermanentError as error:
            if is_missing(error):  # the parent that was named is gone, and they with it
                return None
            raise
        if seen is not None and intent.action is Action.CREATE and self._differs(seen, reveal(intent.spec)):
            return None
        return seen
