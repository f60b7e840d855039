"""What the generic simulator must know of a type: one `Rules` each, nearly all of it data.

Enters: nothing. Leaves: the shapes of the table in `types/`. Holds no state.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .world import Resource, World


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


def _accept(_world: World, _draft: Draft) -> None:
    """Refuses nothing."""


def _leave(_world: World, _resource: Resource) -> None:
    """Changes nothing."""


def _as_is(_world: World, _resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    return body


StartAction = Callable[["World", "Resource"], Callable[[bool], None]]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a type does beyond the table; `validate` may raise RefusedError."""

    validate: Callable[[World, Draft], None] = _accept
    stored: Callable[[World, Resource], None] = _leave
    ready: Callable[[World, Resource], None] = _leave
    view: Callable[[World, Resource, dict[str, Any]], dict[str, Any]] = _as_is
    removed: Callable[[World, Resource], None] = _leave


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
    views: Mapping[str, Callable[[World, Resource], Any]] = field(default_factory=dict)
    hooks: Hooks = Hooks()
