"""What the generic simulator must know of a type (one `Rules` each, nearly all of it data), and what it stores.

Enters: nothing. Leaves: the shapes of the table in `types/`. Holds no state.
Hooks take the world as their first argument; it is typed where they are written.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import ids


class Style(enum.Enum):
    """How a long-running operation tells of its end."""

    SYNC = "sync"
    OPERATION = "azure-asyncoperation"
    LOCATION = "location"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Answer:
    """How a write is answered: the statuses of a new and of a known resource, and what follows."""

    created: int = 201
    updated: int = 200
    style: Style = Style.OPERATION
    body: bool = True


@dataclass(frozen=True, slots=True)
class Reference:
    """An id inside a body; its target must exist and counts as in use while `holds`."""

    path: str
    holds: bool = True


@dataclass(frozen=True, slots=True)
class InUse:
    """How a delete is refused while something refers to the resource; {name}, {id}, {by} are filled in."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Words:
    """The states that a type reports, and where. No `field` for a type without one."""

    field: str = "properties.provisioningState"
    creating: str = "Creating"
    updating: str = "Updating"
    deleting: str = "Deleting"
    ready: str = "Succeeded"
    failed: str = "Failed"


STATELESS = Words(field="")


@dataclass(frozen=True, slots=True)
class Draft:
    """A body that is about to become a resource, completed by defaults. `existing` is None on create."""

    id: str
    body: dict[str, Any]
    given: Mapping[str, Any]
    existing: Resource | None


def _accept(_world: Any, _draft: Draft) -> None:
    """Refuses nothing."""


def _leave(_world: Any, _resource: Resource) -> None:
    """Changes nothing."""


def _as_is(_world: Any, _resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    return body


StartAction = Callable[[Any, "Resource"], Callable[[bool], None]]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a type does beyond the table; `validate` may raise RefusedError."""

    validate: Callable[[Any, Draft], None] = _accept
    stored: Callable[[Any, Resource], None] = _leave
    ready: Callable[[Any, Resource], None] = _leave
    view: Callable[[Any, Resource, dict[str, Any]], dict[str, Any]] = _as_is
    removed: Callable[[Any, Resource], None] = _leave


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One ARM type. Paths are dotted; `read_only` is kept from the server's side on every write."""

    type: str
    put: Answer = Answer()
    patch: Answer | None = None
    patch_tags_only: bool = False
    delete: Answer = Answer(202, 202)
    words: Words = Words()
    located: bool = True
    tagged: bool = True
    etag: bool = False
    conditional: bool = False
    busy_with_parent: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    write_only: tuple[str, ...] = ()
    create_only: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    in_use: InUse | None = None
    name_pattern: str = r"[A-Za-z0-9_.()-]{1,80}"
    name_code: str = "InvalidResourceName"
    name_taken: str = ""
    actions: Mapping[str, StartAction] = field(default_factory=dict)
    views: Mapping[str, Callable[[Any, Resource], Any]] = field(default_factory=dict)
    hooks: Hooks = Hooks()


@dataclass(slots=True)
class Operation:
    """A long-running operation: in progress until `due`, then `finish(succeeded)` runs once."""

    id: str
    method: str
    resource: Resource
    due: float
    finish: Callable[[bool], None]
    style: Style
    started: str
    status: str = "InProgress"
    error: dict[str, str] | None = None


@dataclass(slots=True)
class Resource:
    """One stored resource. `hidden` is what no body shows (power state, addresses)."""

    id: str
    rules: Rules
    body: dict[str, Any]
    created: float
    version: int = 1
    operation: Operation | None = None
    hidden: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The lower-case id."""
        return self.id.lower()

    @property
    def name(self) -> str:
        """The resource's own name."""
        return ids.name_of(self.id)

    @property
    def etag(self) -> str:
        """The weak etag of the current version."""
        return f'W/"{uuid.uuid5(uuid.NAMESPACE_URL, f"{self.key}#{self.version}")}"'
