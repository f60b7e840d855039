"""Reading: one object, many at once, and everything that is there.

Enters: kinds, references, the client. Leaves: observations. Holds: what is deleted or being deleted is absent;
every call is counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.model.ids import Address
from orchestrator.model.kind import How, ReadWay
from orchestrator.model.provision import Observed, ReadResult, Ref

from . import bodies, ids
from .client import Answer, ArmClient
from .health import power_state
from .kinds import all_kinds
from .kinds.kind import ArmKind

DELETING = ("Deleting", "Dropping")


@dataclass(frozen=True, slots=True)
class Place:
    """A reference with the id and API version at which it is read."""

    ref: Ref
    id: str
    version: str


@dataclass(slots=True)
class Tally:
    """Calls made for one reading."""

    calls: int = 0


def version_of(kind: ArmKind, client: ArmClient, spec: Mapping[str, Any]) -> str:
    """The API version: the spec's, the provider's, or the pinned one."""
    said = spec.get("apiVersion")
    return said if isinstance(said, str) else client.settings.versions.get(kind.type.lower(), kind.version)


def get(client: ArmClient, kind: ArmKind, identity: str, version: str) -> Answer:
    """One object as it is: 200 or 404."""
    operation = f"GET {kind.type}"
    if not kind.instance_view:
        return client.send("GET", identity, version=version, operation=operation)
    parts = identity.split("/")
    return client.machine(parts[4], parts[-1], version=version, operation=operation)


def one(client: ArmClient, kind: ArmKind, identity: str, said: Mapping[str, Any]) -> Observed | None:
    """One object, or None where it is not there any more."""
    answer = get(client, kind, identity, version_of(kind, client, said))
    return None if answer.status == 404 else seen(kind, answer.body, said)


def seen(kind: ArmKind, body: Mapping[str, Any], said: Mapping[str, Any]) -> Observed | None:
    """What a body tells; None for what is being deleted."""
    if bodies.state_of(kind, body) in DELETING:
        return None
    if kind.instance_view and power_state(body):
        body = {**body, "powerState": power_state(body)}
    return bodies.observed(kind, body, said)


def many(client: ArmClient, kind: ArmKind, refs: Sequence[Ref], way: ReadWay) -> ReadResult:
    """What is there of the references, read the given way."""
    tally = Tally()
    places = list(_places(client, kind, refs))
    match way.how:
        case How.GET | How.BATCH:
            found = dict(_each(client, kind, places, tally))
        case How.CHILDREN:
            found = dict(_below_parents(client, kind, places, tally))
        case How.LIST:
            found = dict(_among_all(client, kind, places, tally))
    return ReadResult(found, tally.calls)


def _places(client: ArmClient, kind: ArmKind, refs: Sequence[Ref]) -> Iterator[Place]:
    for ref in refs:
        identity = ref.id or ids.resource_id(kind, ref.spec, client.settings.subscription)
        if identity is not None:
            yield Place(ref, identity, version_of(kind, client, ref.spec))


def _each(
    client: ArmClient, kind: ArmKind, places: Sequence[Place], tally: Tally
) -> Iterator[tuple[Address, Observed]]:
    for place in places:
        tally.calls += 1
        answer = get(client, kind, place.id, place.version)
        known = None if answer.status == 404 else seen(kind, answer.body, place.ref.spec)
        if known is not None:
            yield place.ref.address, known


def _below_parents(
    client: ArmClient, kind: ArmKind, places: Sequence[Place], tally: Tally
) -> Iterator[tuple[Address, Observed]]:
    groups: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for place in places:
        groups[ids.key(ids.parent_in(kind, place.id)), place.version].append(place)
    for (_, version), members in groups.items():
        parent = ids.parent_in(kind, members[0].id)
        listed = _listed(client, kind, f"{parent}/{kind.collection}", version, tally)
        yield from _picked(kind, members, listed)


def _among_all(
    client: ArmClient, kind: ArmKind, places: Sequence[Place], tally: Tally
) -> Iterator[tuple[Address, Observed]]:
    groups: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        groups[place.version].append(place)
    for version, members in groups.items():
        path = ids.everywhere(kind, client.settings.subscription)
        yield from _picked(kind, members, _listed(client, kind, path, version, tally))


def _listed(client: ArmClient, kind: ArmKind, path: str, version: str, tally: Tally) -> dict[str, Any]:
    found = {}
    for page in client.pages(path, version=version, operation=f"LIST {kind.type}"):
        tally.calls += 1
        found.update({ids.key(body["id"]): body for body in page})
    tally.calls = max(tally.calls, 1)
    return found


def _picked(
    kind: ArmKind, places: Sequence[Place], listed: Mapping[str, Any]
) -> Iterator[tuple[Address, Observed]]:
    for place in places:
        body = listed.get(ids.key(place.id))
        known = seen(kind, body, place.ref.spec) if body is not None else None
        if known is not None:
            yield place.ref.address, known


def everything(client: ArmClient, kind: ArmKind) -> Iterator[Observed]:
    """All objects of a kind in the subscription, ours or not; children by way of their parents."""
    if kind.listed:
        yield from _shown(client, kind, ids.everywhere(kind, client.settings.subscription))
        return
    for parent in everything(client, all_kinds()[kind.parent]):
        yield from _shown(client, kind, f"{parent.id}/{kind.collection}")


def _shown(client: ArmClient, kind: ArmKind, path: str) -> Iterator[Observed]:
    version = version_of(kind, client, {})
    for page in client.pages(path, version=version, operation=f"LIST {kind.type}"):
        for body in page:
            known = seen(kind, body, {})
            if known is not None:
                yield known
