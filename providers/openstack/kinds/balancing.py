"""What Octavia's kinds share: an effect is one call, and then the cloud works on it, on one load balancer at a time.

A call that comes while the load balancer is being changed is refused (409, immutable): it is made again once that is
over, for a while. Tags are taken at creation, so they carry the marker. The id of a member or a rule is
`<parent>/<own>`, since no service finds it without its parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit.fields import to_body, to_change, to_spec
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError, TransientError
from orchestrator.model.ids import Address, Token
from orchestrator.model.kind import How, KindSchema, ReadWay
from orchestrator.model.marker import is_marker, marker_of_labels
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.values import Secret, contains, reveal
from providers.openstack.errors import is_in_use, is_missing
from providers.openstack.kinds.children import Parent
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body, Cloud, Spec, chosen_name, working
from providers.openstack.kinds.listing import Listing, knows, not_yet
from providers.openstack.kinds.network import Status

SERVICE: Final = "load-balancer"
WORK: Final = 1800.0
"""Seconds that the cloud may take to free a load balancer and to do one step."""
_PENDING: Final = "Invalid state PENDING"
_CHILDREN: Final = "it has children"
_HOLDERS: Final = {
    "Load Balancer": ("/lbaas/loadbalancers", "loadbalancer"),
    "Listener": ("/lbaas/listeners", "listener"),
    "Pool": ("/lbaas/pools", "pool"),
    "L7Policy": ("/lbaas/l7policies", "l7policy"),
}
"""What a refusal may name as what is being changed, and where that is."""
_HOLDER: Final = re.compile(
    rf"(?P<what>{'|'.join(_HOLDERS)}) (?P<id>[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}) is immutable"
)
_BUSY: Final = "PENDING"


def _there(body: Body) -> bool:
    return body["provisioning_status"] not in {"DELETED", "PENDING_DELETE"}


@dataclass(frozen=True, slots=True)
class BalancerKind:
    """One collection of Octavia; rows of `fields` say how the spec becomes a body."""

    schema: KindSchema
    label: str
    path: str
    """Where they are; `{}` stands for the parent's id."""
    fields: Sequence[Field]
    status: Status
    parent: Parent | None = None
    together: Sequence[str] = ()
    """Properties of which the others are reset where one is changed alone: all that the spec says are sent."""

    def listing(self, parent: str = "") -> Listing:
        """Give where objects are, below a parent if they have one."""
        plural = self.path.rpartition("/")[2]
        own = self.parent is None
        return Listing(SERVICE, self.path.format(parent), self.label, plural, own=own, alive=_there)

    def _place(self, id: str) -> tuple[Listing, str]:
        parent, _, own = id.rpartition("/")
        return self.listing(parent), own

    def _at(self, id: str) -> str:
        listing, own = self._place(id)
        return f"{listing.path}/{own}"

    def observe(self, cloud: Cloud, id: str, body: Body, wanted: Spec) -> Observed:
        """Write a body in the words of the spec."""
        seen = to_spec(cloud, self.fields, body, wanted)
        if self.parent is not None:
            name = self.parent.field.name
            seen[name] = self.parent.field.back(cloud, id.rpartition("/")[0], wanted.get(name), body)
        seen["tags"] = sorted(tag for tag in body["tags"] if not is_marker(tag))
        state = {"status": body["provisioning_status"], "operating_status": body["operating_status"]}
        return Observed(id, seen, {"id": id, **self.status(body), **state}, marker_of_labels(body["tags"]))

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read by id; an object without one in state is looked for by its incarnation's tag."""
        listed: dict[str, dict[str, Body]] = {}
        found = {}
        for ref in refs:
            id = ref.id or (self._tagged(cloud, ref.spec, str(ref.uid)) if ref.uid else None)
            body = self._known(cloud, id, way, listed) if id else None
            if id and body is not None:
                found[ref.address] = self.observe(cloud, id, body, ref.spec)
        return found

    def _known(self, cloud: Cloud, id: str, way: ReadWay, listed: dict[str, dict[str, Body]]) -> Body | None:
        listing, own = self._place(id)
        if way.how is How.GET:
            return listing.get(cloud, own)
        if listing.path not in listed:
            listed[listing.path] = {str(body["id"]): body for body in _all(cloud, listing)}
        return listed[listing.path].get(own) or listing.get(cloud, own)

    def _tagged(self, cloud: Cloud, wanted: Spec, uid: str) -> str | None:
        """Give the id of the object that carries an incarnation's tag."""
        parent = ""
        if self.parent is not None:
            if not knows(wanted, self.parent.field.name):
                return None
            parent = str(self.parent.field.to(cloud, reveal(wanted)[self.parent.field.name]))
        body = next(_all(cloud, self.listing(parent), tags=f"opsctl:uid={uid}"), None)
        return None if body is None else self._id(parent, body)

    def _id(self, parent: str, body: Body) -> str:
        return f"{parent}/{body['id']}" if parent else str(body["id"])

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read everything of the project, parent by parent."""
        parents = [""]
        if self.parent is not None:
            has = self.parent.has
            parents = [str(body["id"]) for body in self.parent.listing.all(cloud) if body.get(has)]
        for parent in parents:
            for body in _all(cloud, self.listing(parent)):
                yield self.observe(cloud, self._id(parent, body), body, {})

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Start one effect."""
        del token
        spelled = {key: value for key, value in request.want.items() if not contains(value, Secret)}
        id = request.prior.id if request.prior else ""
        handle: dict[str, Any] = {"until": cloud.now() + WORK, "spelled": spelled, "id": id}
        match request.action:
            case Action.CREATE:
                handle |= {"step": "create", **self._creation(cloud, request)}
            case Action.DELETE:
                handle |= {"step": "delete", "path": self._at(id), "body": None}
            case _:
                handle |= {
                    "step": "update",
                    "path": self._at(id),
                    "body": self._change(cloud, request),
                }
        if contains(request.want, Secret):  # which no handle may hold: it is all asked again
            return self._send(cloud, handle, keep=False)
        return self._send(cloud, handle)

    def _creation(self, cloud: Cloud, request: Request) -> dict[str, Any]:
        wanted = reveal(request.want)
        body = to_body(cloud, self.fields, wanted)
        if "name" in self.schema.spec.properties:
            body["name"] = chosen_name(wanted, request.marker)
        body["tags"] = [*request.marker.labels(), *wanted.get("tags", ())]
        parent = ""
        if self.parent is not None:
            parent = str(self.parent.field.to(cloud, wanted[self.parent.field.name]))
        return {"path": self.path.format(parent), "body": {self.label: body}, "parent": parent}

    def _change(self, cloud: Cloud, request: Request) -> dict[str, Any]:
        wanted = reveal(request.want)
        changed = {str(change.path[0]) for change in request.changes}
        if changed & set(self.together):
            changed |= {name for name in self.together if name in wanted}
        body = to_change(cloud, self.fields, self.schema.spec, wanted, changed)
        retag = request.action is Action.RETAG
        if retag or "tags" in changed:
            tags = request.prior.spec.get("tags", ()) if retag and request.prior else wanted.get("tags", ())
            body["tags"] = [*request.marker.labels(), *tags]
        return {self.label: body}

    def _send(self, cloud: Cloud, handle: Mapping[str, Any], *, keep: bool = True) -> Done | Pending:
        """Make the call, or wait until the load balancer may be changed."""
        method = {"create": "POST", "update": "PUT", "delete": "DELETE"}[handle["step"]]
        try:
            made = cloud.client.send(SERVICE, method, str(handle["path"]), handle["body"])
        except PermanentError as error:
            if method == "DELETE" and is_missing(error):
                return Done(None)
            if not self._may_pass(cloud, handle, error):
                raise self._explained(cloud, handle, error) from error
            what = f"the load balancer: {error.message.rstrip('.')}"
            if not keep:
                raise TransientError(what, error.operation, "Immutable", retry_after=1.0) from error
            return Pending(handle, 1.0, what, str(handle["id"]) or None)
        id = handle["id"] or self._id(str(handle["parent"]), made[self.label])
        step = "gone" if method == "DELETE" else "settle"
        rest = {key: handle[key] for key in ("until", "spelled")}
        return Pending({**rest, "id": id, "step": step, "since": cloud.now()}, 0.5, "the load balancer", id)

    def _may_pass(self, cloud: Cloud, handle: Mapping[str, Any], error: PermanentError) -> bool:
        """Whether the same call may pass later. Raises PermanentError where what holds it is in ERROR."""
        if cloud.now() >= float(handle["until"]):
            return False
        if is_in_use(error):
            return True
        found = _HOLDER.search(error.message)
        if found is None:
            return _PENDING in error.message  # it is a load balancer itself, and says that it is pending
        what, id = found["what"], found["id"]
        path, label = _HOLDERS[what]
        answer = cloud.client.peek(SERVICE, f"{path}/{id}")
        if answer is not None and answer[label]["provisioning_status"] == "ERROR":
            raise _failed(f"the {what.lower()} {id}", error.operation)
        return answer is not None

    def _explained(self, cloud: Cloud, handle: Mapping[str, Any], error: PermanentError) -> PermanentError:
        """Say which children hold a load balancer that is to go, since Octavia does not."""
        if _CHILDREN not in error.message:
            return error
        listing, own = self._place(str(handle["id"]))
        body = listing.get(cloud, own) or {}
        named = [
            f"{what[:-1]} {child['id']}" for what in ("listeners", "pools") for child in body.get(what, ())
        ]
        said = f"{error.message}, which are not of this stack: {', '.join(named)}; delete them first, since opsctl deletes nothing that it did not make"
        return PermanentError(said, error.operation, "HasChildren", error.request_id)

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Make a call that was refused again, or look how far the cloud is."""
        if "path" in handle:
            return self._send(cloud, handle)
        id, gone = str(handle["id"]), handle["step"] == "gone"
        answer = cloud.client.peek(SERVICE, self._at(id))
        body = answer[self.label] if answer else None
        if body is None or body["provisioning_status"] == "DELETED":
            if gone:
                return Done(None)
            if not_yet(cloud, float(handle["since"])):
                return Pending(handle, 0.5, f"the {self.label} to show", id)
            raise PermanentError(f"the {self.label} {id} is gone", "wait for it", "NotFound")
        state = body["provisioning_status"]
        if state == "ERROR":
            raise _failed(f"the {self.label} {id}", f"wait for its {'deletion' if gone else 'work'}")
        if state == "ACTIVE" and not gone:
            return Done(self.observe(cloud, id, body, handle["spelled"]))
        if cloud.now() >= float(handle["until"]):
            raise PermanentError(f"the {self.label} {id} stays {state}", "wait for it", "Timeout")
        return Pending(handle, 0.5, f"the {self.label} ({state})", id)

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by id, else by the incarnation's tag."""
        id = intent.id or (intent.handle or {}).get("id")
        try:
            if not id and intent.action is Action.CREATE:
                id = self._tagged(cloud, intent.spec, str(intent.marker.uid))
        except PermanentError as error:
            if not is_missing(error):  # the parent that was named is gone, and they with it
                raise
        listing, own = self._place(str(id or ""))
        body = listing.get(cloud, own) if id else None
        if id is None or body is None:
            return None
        if body["provisioning_status"].startswith(_BUSY):
            raise working(f"the {self.label} {id}")
        return self.observe(cloud, str(id), body, intent.spec)


def _failed(what: str, operation: str) -> PermanentError:
    said = (
        f"{what} is in provisioning status ERROR, and Octavia does not say why: ask its administrator, let it be made "
        "again (openstack loadbalancer failover), or delete it"
    )
    return PermanentError(said, operation, "ERROR")


def _all(cloud: Cloud, listing: Listing, **query: str) -> Iterator[Body]:
    """Read all below a parent; nothing where that is gone."""
    try:
        yield from listing.all(cloud, **query)
    except PermanentError as error:
        if not is_missing(error):
            raise
