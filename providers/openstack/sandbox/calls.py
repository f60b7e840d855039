"""One call to the simulated cloud: what a handler is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from providers.openstack.sandbox.cloud import Body, Cloud, Project
from providers.openstack.sandbox.problems import Problem, bad_request


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, JSON body (None sends no bytes) and extra headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """A request with its project. `base` is the service's own root URL, `version` the asked microversion."""

    cloud: Cloud
    project: Project
    method: str
    base: str
    query: MultiDict[str, str]
    payload: Any
    headers: Mapping[str, str]
    full_url: str
    version: tuple[int, int] = (0, 0)
    stale_seconds: float = 0.0
    data: bytes = b""
    """The body as it came, where it is no JSON."""

    def body(self, key: str) -> Body:
        """Take the object out of its envelope; refuse a body without it as Neutron does."""
        if not isinstance(self.payload, dict) or not isinstance(self.payload.get(key), dict):
            raise bad_request(f"Unable to find '{key}' in request body")
        return dict(self.payload[key])

    def sees(self, body: Body) -> bool:
        """Whether this project may know of the object, and a stale read would show it."""
        if self.stale_seconds and self.cloud.now() - body["_born"] < self.stale_seconds:
            return False
        return self.project.is_admin or body.get("_public") or body.get("_project") == self.project.id

    def visible(self, table: str) -> list[Body]:
        """Objects of a table that this call may see, oldest first."""
        return sorted(
            (b for b in self.cloud.table(table).values() if self.sees(b)), key=lambda b: b["_order"]
        )

    def find(self, table: str, key: str, problem: Problem) -> Body:
        """Give one object by id, or refuse with 404."""
        found = self.cloud.table(table).get(key)
        if found is None or not self.sees(found):
            raise problem
        return found


Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One address of a service: methods, werkzeug rule, handler."""

    method: str
    rule: str
    handler: Handler
