"""What each request does to the fake cloud, by the marking class of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.model.errors import OutcomeUnknownError, PermanentError
from orchestrator.model.ids import Address, StackId, Token, Uid
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.marker import PROVISIONAL, Marker
from orchestrator.model.provision import Done, Intent, Pending, Request
from orchestrator.model.values import reveal
from orchestrator.testing.cloud import FakeCloud, Object

SLOW = "Fake::Slow"


def create(cloud: FakeCloud, kind: KindSchema, request: Request, token: Token, *, ready_at: float) -> Object:
    """Make an object, once or twice as the kind's class has it. Raises PermanentError for a name that is taken."""
    spec = reveal(dict(request.want))
    fresh = Object("", kind.type, spec, None, ready_at=ready_at, address=cloud.new_address())
    match kind.marking:
        case Marking.DETERMINISTIC:
            return cloud.put(replace(fresh, id=f"put/{spec['name']}"))
        case Marking.TOKEN:
            there = cloud.get(cloud.once(token, lambda: cloud.new_id(kind.type)))
            if there is not None:
                return there
            return cloud.put(replace(fresh, id=cloud.of_token(token) or "", marker=request.marker))
        case Marking.PROVISIONAL:
            fresh = replace(fresh, spec={**spec, "name": f"{PROVISIONAL}{token}"})
        case Marking.NATURAL:
            if any(key(there) == key(fresh) for there in cloud.objects(kind.type)):
                raise PermanentError(f"{spec['name']} exists", f"Create{kind.type}", "Conflict")
        case Marking.TAG:
            fresh = replace(fresh, marker=request.marker)
        case _:
            pass
    return cloud.put(replace(fresh, id=cloud.new_id(kind.type)))


def update(cloud: FakeCloud, request: Request) -> Object:
    """Change what can be changed in place."""
    there = existing(cloud, request)
    fixed = [name for name in ("zone", "parent") if request.want.get(name) != there.spec.get(name)]
    if fixed:
        raise PermanentError(f"{fixed[0]} cannot be changed", f"Update{request.type}", "Immutable")
    return cloud.put(replace(there, spec=reveal(dict(request.want))))


def retag(cloud: FakeCloud, request: Request) -> Object:
    """Mark an object as ours."""
    return cloud.put(replace(existing(cloud, request), marker=request.marker))


def delete(cloud: FakeCloud, request: Request, *, gone_at: float) -> Done | Pending:
    """Take it away, at once or in a while; a parent in use stays. What is gone is deleted already."""
    there = cloud.get(request.prior.id) if request.prior is not None else None
    if there is None:
        return Done(None)
    children = [child.id for child in cloud.objects() if child.spec.get("parent") == there.id]
    if children:
        message = f"{there.id} is in use by {children[0]}"
        raise PermanentError(message, f"Delete{request.type}", "DependencyViolation")
    if request.type == SLOW:
        return Pending({"id": there.id, "gone_at": gone_at}, 5.0, "deleting", there.id)
    cloud.remove(there.id)
    return Done(None)


def naming(request: Request, id: str) -> Mapping[str, Any]:
    """The handle of a provisional object that is still to get its name and marker."""
    mark = request.marker
    marker = {"stack": str(mark.stack), "address": str(mark.address), "uid": str(mark.uid)}
    return {"id": id, "name": request.want["name"], "marker": marker}


def name(cloud: FakeCloud, handle: Mapping[str, Any]) -> Object:
    """Give a provisional object its name and marker."""
    there = cloud.get(str(handle["id"]))
    if there is None:
        raise PermanentError("no such object", "Rename", "NotFound")
    mark = handle["marker"]
    marker = Marker(StackId(mark["stack"]), Address(mark["address"]), Uid(mark["uid"]))
    return cloud.put(replace(there, marker=marker, spec={**there.spec, "name": handle["name"]}))


def made_by(cloud: FakeCloud, kind: KindSchema, intent: Intent) -> Object | None:
    """What an intent made or meant. Raises OutcomeUnknownError where nothing can tell."""
    if intent.id is not None or kind.marking is Marking.TOKEN:
        known = intent.id or cloud.of_token(intent.token) or ""
        return cloud.call(f"Get{kind.type}", lambda: cloud.get(known), id=known)
    if kind.marking is Marking.NONE:
        raise OutcomeUnknownError("nothing tells whether it was made", f"find {kind.type}")
    seen = cloud.call(f"List{kind.type}", lambda: cloud.seen(kind.type))
    return next((there for there in seen if _made_for(there, intent)), None)


def existing(cloud: FakeCloud, request: Request) -> Object:
    """The object that a request is about. Raises PermanentError where it is gone."""
    there = cloud.get(request.prior.id) if request.prior is not None else None
    if there is None:
        raise PermanentError("no such object", f"Update{request.type}", "NotFound")
    return there


def key(there: Object) -> tuple[Any, Any]:
    """The natural key of every kind of this cloud."""
    return there.spec.get("parent"), there.spec.get("name")


def _made_for(there: Object, intent: Intent) -> bool:
    """Whether an intent made this object, by marker, provisional name or natural key."""
    if there.marker is not None:
        return there.marker.uid == intent.marker.uid
    if str(there.spec["name"]).startswith(PROVISIONAL):
        return bool(there.spec["name"] == f"{PROVISIONAL}{intent.token}")
    return key(there) == (intent.spec.get("parent"), intent.spec.get("name"))
