"""Creating, changing and deleting: one write a `begin`, one look a `poll`.

Enters: requests and handles. Leaves: Done, or Pending with a handle that another process can go on with.
Holds: an object that does not carry our marker is never overwritten; a handle holds no secret; what the
service keeps and the spec does not mention stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.kit import compare
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.health import Level
from orchestrator.model.provision import Done, Observed, Pending, Request
from orchestrator.model.values import reveal

from . import bodies, errors, ids, reading
from .client import Answer, ArmClient
from .kinds.kind import GROUP, ArmKind

SOON = 0.2
"""Seconds to the next look where the service leaves the pace to us."""
UNSEEN = 20
"""How often something that was just written may not show yet, before it is taken for gone."""


@dataclass(frozen=True, slots=True)
class Target:
    """One object and the API version at which it is spoken to; `said` where the spec names that version."""

    kind: ArmKind
    id: str
    version: str
    said: bool = False

    def note(self) -> dict[str, Any]:
        """What a handle needs whatever its stage."""
        return {"id": self.id, "version": self.version, "said": self.said}

    def waiting(self, more: Mapping[str, Any], pace: float | None, what: str) -> Pending:
        """Ask again later."""
        return Pending({**self.note(), **more}, pace or SOON, what, self.id)

    def words(self) -> dict[str, Any]:
        """The part of the spec that an observation repeats."""
        return {"apiVersion": self.version} if self.said else {}

    def operation(self, method: str) -> str:
        """The call's name in counts and messages."""
        return f"{method} {self.kind.type}"


def _target(client: ArmClient, kind: ArmKind, spec: Mapping[str, Any], prior: Observed | None) -> Target:
    identity = prior.id if prior else ids.resource_id(kind, spec, client.settings.subscription)
    if identity is None:
        raise PermanentError("the spec names no parent and name to make an id of", kind.type, "NoIdentity")
    version = reading.version_of(kind, client, spec)
    return Target(kind, identity, version, isinstance(spec.get("apiVersion"), str))


def create(client: ArmClient, kind: ArmKind, request: Request) -> Done | Pending:
    """A PUT that must not meet a foreign object: conditional where the service can, after a look elsewhere."""
    want = reveal(request.want)
    target = _target(client, kind, want, None)
    if not kind.conditional:
        there = reading.get(client, kind, target.id, target.version)
        if there.status != 404:
            _refuse_foreign(target, there.body, request)
    body = bodies.created(kind, want, request.marker)
    condition = {"If-None-Match": "*"} if kind.conditional else {}
    try:
        answer = _send(client, target, "PUT", body, condition)
    except PermanentError as error:
        if error.code != "PreconditionFailed":
            raise
        return _met(client, target, request)
    return _after_write(target, answer)


def _met(client: ArmClient, target: Target, request: Request) -> Done | Pending:
    """The object is there already: ours from a try whose answer was lost, or somebody else's."""
    answer = reading.get(client, target.kind, target.id, target.version)
    if answer.status != 404:
        _refuse_foreign(target, answer.body, request)
    return target.waiting({"stage": "settle"}, None, "the service")


def _refuse_foreign(target: Target, body: Mapping[str, Any], request: Request) -> None:
    """Ours is what carries our marker or, where there is no room for one, what is exactly as we want it."""
    known = reading.seen(target.kind, body, target.words())
    if known is None:
        return
    if target.kind.tagged:
        ours = known.marker is not None and known.marker.uid == request.marker.uid
    else:
        ours = compare.propose(target.kind.schema, known, request.want, request.want).action is Action.NOOP
    if not ours:
        raise errors.exists(target.id, operation=target.operation("PUT"))


def update(client: ArmClient, kind: ArmKind, request: Request) -> Done | Pending:
    """Read, write over it what the spec says, send it back under the etag that was read."""
    want = reveal(request.want)
    target = _target(client, kind, want, request.prior)
    current = _current(client, target)
    body = bodies.updated(kind, current.body, want, request.marker, changes=request.changes)
    if kind.patches:
        body = bodies.patched(body, kind.schema.spec, request.changes)
    return _write_back(client, target, body, current)


def retag(client: ArmClient, kind: ArmKind, request: Request) -> Done | Pending:
    """Only the marker changes; a kind without tags has none."""
    said = request.want or (request.prior.spec if request.prior else {})
    target = _target(client, kind, said, request.prior)
    if not kind.tagged:
        return Done(reading.one(client, kind, target.id, said))
    current = _current(client, target)
    body = bodies.retagged(kind, current.body, request.marker)
    return _write_back(client, target, {"tags": body["tags"]} if kind.patches else body, current)


def _current(client: ArmClient, target: Target) -> Answer:
    answer = reading.get(client, target.kind, target.id, target.version)
    if answer.status == 404:
        raise errors.refused(404, answer.body, operation=target.operation("GET"), reads=True)
    return answer


def _write_back(
    client: ArmClient, target: Target, body: Mapping[str, Any], current: Answer
) -> Done | Pending:
    etag = str(current.body.get("etag", ""))
    condition = {"If-Match": etag} if target.kind.conditional and etag else {}
    return _after_write(
        target, _send(client, target, "PATCH" if target.kind.patches else "PUT", body, condition)
    )


def _send(
    client: ArmClient, target: Target, method: str, body: Mapping[str, Any], condition: Mapping[str, str]
) -> Answer:
    operation = target.operation(method)
    answer = client.send(
        method, target.id, version=target.version, operation=operation, body=body, headers=condition
    )
    if answer.status == 404:
        raise errors.refused(404, answer.body, operation=operation, reads=True)
    return answer


def delete(client: ArmClient, kind: ArmKind, request: Request) -> Done | Pending:
    """A DELETE; what is not there is deleted. A group goes only when nothing is left in it."""
    said = request.last or (request.prior.spec if request.prior else request.want)
    target = _target(client, kind, said, request.prior)
    if kind.type == GROUP:
        _refuse_full(client, target)
    operation = target.operation("DELETE")
    answer = client.send("DELETE", target.id, version=target.version, operation=operation)
    if answer.status in (200, 204, 404):
        return Done(None)
    return _pending(target, answer, {"gone": True}) or target.waiting(
        {"stage": "settle", "gone": True}, answer.retry_after, "the deletion"
    )


def _refuse_full(client: ArmClient, target: Target) -> None:
    """Deleting a group takes all that it holds, so what we do not manage must be gone before."""
    operation = "LIST resources of a group"
    left = [
        each["id"].partition("/providers/")[2]
        for page in client.pages(f"{target.id}/resources", version=target.version, operation=operation)
        for each in page
    ]
    if left:
        message = f"{target.id} still holds what this stack does not manage: {', '.join(left[:5])}"
        raise PermanentError(message, target.operation("DELETE"), "ResourceGroupNotEmpty")


def look(client: ArmClient, kind: ArmKind, request: Request) -> Done:
    """A lookup: what must be there already, by `id` or by parent and name."""
    given = request.want.get("id")
    identity = str(given) if given else _target(client, kind, request.want, None).id
    known = reading.one(client, kind, identity, request.want)
    if known is None:
        raise PermanentError(f"{identity} is not there", f"GET {kind.type}", "ResourceNotFound")
    return Done(known)


def _after_write(target: Target, answer: Answer) -> Done | Pending:
    waiting = _pending(target, answer, {})
    if waiting is not None:
        return waiting
    whole = isinstance(answer.body, Mapping) and "id" in answer.body and not target.kind.instance_view
    if whole and _settled(target.kind, answer.body):
        return Done(reading.seen(target.kind, answer.body, target.words()))
    return target.waiting({"stage": "settle"}, answer.retry_after, "the service")


def _pending(target: Target, answer: Answer, more: Mapping[str, Any]) -> Pending | None:
    """Where the service says to ask: at an operation, or at a Location."""
    for stage, header in (("operation", "azure-asyncoperation"), ("location", "location")):
        url = answer.headers.get(header)
        if url:
            return target.waiting({"stage": stage, "url": url, **more}, answer.retry_after, "the operation")
    return None


def poll(client: ArmClient, kind: ArmKind, handle: Mapping[str, Any]) -> Done | Pending:
    """One look at what was begun, here or in another process."""
    target = Target(kind, handle["id"], handle["version"], said=bool(handle.get("said")))
    kept = {name: handle[name] for name in ("gone", "unseen") if handle.get(name)}
    if handle["stage"] == "operation":
        return _poll_operation(client, target, handle["url"], kept)
    if handle["stage"] == "location":
        return _poll_location(client, target, handle["url"], kept)
    return _settle(client, target, kept)


def _poll_operation(client: ArmClient, target: Target, url: str, kept: Mapping[str, Any]) -> Done | Pending:
    operation = f"GET operation of {target.kind.type}"
    answer = client.follow(url, operation=operation)
    if answer.status == 404:  # forgotten by the service: the resource itself must tell
        return _settle(client, target, kept)
    match str(answer.body.get("status", "")).lower():
        case "succeeded":
            return _settle(client, target, kept)
        case "failed" | "canceled" | "cancelled":
            raise errors.failed(answer.body, operation=operation, request_id=answer.request_id)
        case _:
            more = {"stage": "operation", "url": url, **kept}
            return target.waiting(more, answer.retry_after, "the operation")


def _poll_location(client: ArmClient, target: Target, url: str, kept: Mapping[str, Any]) -> Done | Pending:
    answer = client.follow(url, operation=f"GET operation of {target.kind.type}")
    if answer.status != 202:
        return _settle(client, target, kept)
    more = {"stage": "location", "url": answer.headers.get("location", url), **kept}
    return target.waiting(more, answer.retry_after, "the operation")


def _settle(client: ArmClient, target: Target, kept: Mapping[str, Any]) -> Done | Pending:
    """The resource itself: gone where it should be, else at the end of what the service does with it."""
    answer = reading.get(client, target.kind, target.id, target.version)
    again = target.waiting({"stage": "settle", **kept}, answer.retry_after, "the service")
    if kept.get("gone"):
        return Done(None) if answer.status == 404 else again
    unseen = int(kept.get("unseen", 0))
    if answer.status == 404 and unseen < UNSEEN:
        return target.waiting({"stage": "settle", "unseen": unseen + 1}, SOON * (1 + unseen), "it to show")
    if answer.status == 404:
        raise errors.refused(404, answer.body, operation=target.operation("GET"), reads=True)
    if not _settled(target.kind, answer.body):
        return again
    if bodies.state_of(target.kind, answer.body) in ("Failed", "Canceled"):
        said = {"error": {"code": "ProvisioningFailed", "message": f"{target.id} is Failed"}}
        raise errors.failed(said, operation=target.operation("PUT"), request_id=answer.request_id)
    return Done(reading.seen(target.kind, answer.body, target.words()))


def _settled(kind: ArmKind, body: Mapping[str, Any]) -> bool:
    """Whether the service is done with it, well or badly."""
    state = bodies.state_of(kind, body)
    return kind.levels.get(state, Level.UNKNOWN) is not Level.PROGRESSING


BEGIN = {
    Action.CREATE: create,
    Action.UPDATE: update,
    Action.RETAG: retag,
    Action.DELETE: delete,
    Action.READ: look,
}
