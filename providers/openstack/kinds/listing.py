"""Reading objects of one collection: all in big pages, or one by one; found by id, by marker, or by natural key.

What a list does not show although state knows its id is asked for once more by itself: lists may be a page behind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from orchestrator.kit.sweep import sweep
from orchestrator.model.ids import Address
from orchestrator.model.kind import How, ReadWay
from orchestrator.model.provision import Observed, Ref
from orchestrator.model.values import Unknown, contains
from providers.openstack.kinds.kind import Body, Cloud, Spec

CONSISTENCY: Final = 5.0
"""Seconds within which a fresh object may not show in reads: replicas and caches between us and the database."""

Observe = Callable[[Cloud, Body, Spec], Observed]
Shape = Callable[[Body], Body]
Matches = Callable[[Cloud, Body, Spec], bool]


def _same(body: Body) -> Body:
    return body


@dataclass(frozen=True, slots=True)
class Listing:
    """Where objects are, and which of them count."""

    service: str
    path: str
    one: str
    """The name of an object in its envelope, empty where it has none."""
    many: str
    detail: str = ""
    """What the list's path adds to show objects in full."""
    own: bool = False
    """Whether the list is to be narrowed to our project: administrators see everybody's."""
    owner: str = "project_id"
    """What the service calls the project of an object."""
    query: Mapping[str, Any] = field(default_factory=dict)
    alive: Callable[[Body], bool] = bool
    shaped: Shape = _same
    """Gives a body its id, where the service tells it otherwise."""
    below: str = ""
    """The collection below the parent that the id names first (`parent/own`), if any."""

    def home(self, cloud: Cloud) -> str:
        """Where the collection is; `{user}` stands for the user of the credentials."""
        return self.path.replace("{user}", cloud.client.user()) if "{user}" in self.path else self.path

    def at(self, cloud: Cloud, id: str) -> str:
        """Where one object is."""
        if self.below:
            parent, _, own = id.partition("/")
            return f"{self.below.format(parent)}/{own}"
        return f"{self.home(cloud)}/{id}"

    def all(self, cloud: Cloud, **query: str) -> Iterator[Body]:
        """Read everything that is there."""
        return (body for page in self.batches(cloud, **query) for body in page)

    def batches(self, cloud: Cloud, **query: str) -> Iterator[list[Body]]:
        """Read everything that is there page by page, each when it is asked for."""
        project = {self.owner: cloud.client.project()} if self.own else {}
        narrowed = {**self.query, **project, **query}
        where = self.home(cloud) + self.detail
        for page in cloud.client.batches(self.service, where, self.many, **narrowed):
            yield [self.shaped(body) for body in page if self.alive(body)]

    def get(self, cloud: Cloud, id: str) -> Body | None:
        """Read one by id; None where it is not there, or is going."""
        found = cloud.client.peek(self.service, self.at(cloud, id))
        body = found.get(self.one) if found and self.one else found
        return self.shaped(body) if body and self.alive(body) else None


def bodies(listing: Listing, cloud: Cloud, ids: Collection[str], way: ReadWay) -> dict[str, Body]:
    """Read what is there of these ids: from the list where that is the way, and the rest of them one by one."""
    pages = listing.batches(cloud) if way.how is How.LIST else ()
    return sweep(ids, pages, key=lambda body: str(body["id"]), get=partial(listing.get, cloud))


def read(
    listing: Listing, cloud: Cloud, refs: Sequence[Ref], way: ReadWay, observe: Observe
) -> dict[Address, Observed]:
    """Read the refs whose ids are known; the others are looked for by `unknown`."""
    there = bodies(listing, cloud, [ref.id for ref in refs if ref.id], way)
    return {
        ref.address: observe(cloud, there[ref.id], ref.spec) for ref in refs if ref.id and ref.id in there
    }


def by_natural_key(
    listing: Listing, cloud: Cloud, refs: Iterable[Ref], observe: Observe, matches: Matches
) -> dict[Address, Observed]:
    """Look for refs without an id by what identifies them; nothing is asked where that is not known yet."""
    open_refs = [ref for ref in refs if ref.id is None and ref.spec]
    if not open_refs:
        return {}
    there = list(listing.all(cloud))
    found = {}
    for ref in open_refs:
        for body in there:
            if matches(cloud, body, ref.spec):
                found[ref.address] = observe(cloud, body, ref.spec)
                break
    return found


def not_yet(cloud: Cloud, since: float) -> bool:
    """Whether what was made at `since` may still be hidden from reads."""
    return cloud.now() - since < CONSISTENCY


def knows(spec: Spec, *names: str) -> bool:
    """Whether all of these properties have values already."""
    return all(name in spec and not contains(spec[name], Unknown) for name in names)


def plain(value: Any) -> Any:
    """Leave out Unknowns of a mapping's top level."""
    if not isinstance(value, Mapping):
        return value
    return {key: inner for key, inner in value.items() if not isinstance(inner, Unknown)}
