"""What the core knows of a kind of resource: its schema, how it is read, marked, replaced and undone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from orchestrator.model.ids import TypeName
from orchestrator.model.schema import Property


class Marking(StrEnum):
    """How an interrupted create is found again, from the strongest promise to none."""

    DETERMINISTIC = "deterministic"
    """The id follows from the spec, and creating twice is creating once (a PUT)."""
    TOKEN = "token"  # noqa: S105 - a class of markers
    """The create call takes a client token."""
    TAG = "tag"
    """The create call takes tags: found by our marker within ``consistency`` seconds."""
    PROVISIONAL = "provisional"
    """Created under the name ``opsctl-<token>``, then tagged and renamed."""
    NATURAL = "natural"
    """No room for a marker: found by the properties of ``natural_key``."""
    NONE = "none"

    @property
    def carried(self) -> bool:
        """Whether every object of the kind carries our marker, so that a missing one is put right.

        Kinds with a deterministic id may carry one too, where their type has tags; their provider says so.
        """
        return self in (Marking.TOKEN, Marking.TAG, Marking.PROVISIONAL)

    @property
    def named(self) -> bool:
        """Whether the spec says which object is meant, by its id or by what it has alone."""
        return self in (Marking.DETERMINISTIC, Marking.NATURAL)


class How(StrEnum):
    """A way to read objects of a kind."""

    LIST = "list"
    """All of the scope, in pages of ``page`` objects."""
    CHILDREN = "children"
    """All of one parent, in pages."""
    BATCH = "batch"
    """Up to ``page`` named objects a call."""
    GET = "get"
    """One object a call."""


@dataclass(frozen=True, slots=True)
class ReadWay:
    """A way to read, and how many objects one call of it answers."""

    how: How
    page: int = 1


_READS: Final = re.compile(r"(^|[:/])([Dd]escribe|[Gg]et|[Ll]ist|show|index|detail|read|check)(?=[A-Z_]|$)")


def only_reads(permission: str) -> bool:
    """Whether a permission lets nobody change anything: the names of every cloud say so."""
    return bool(_READS.search(permission)) and not permission.endswith("/action")


@dataclass(frozen=True, slots=True)
class KindSchema:
    """One kind of resource, as data."""

    type: TypeName
    spec: Property
    status: Property = field(default_factory=lambda: Property("object", additional=Property()))
    """What ``.status`` offers; every kind has ``id``."""
    summary: str = ""
    reads: tuple[ReadWay, ...] = (ReadWay(How.GET),)
    marking: Marking = Marking.NONE
    consistency: float = 0.0
    """Seconds within which a created object shows in reads."""
    natural_key: tuple[str, ...] = ()
    """Spec properties that together identify the object; also how an object without state is looked for."""
    parent: str = ""
    """The spec property that names the parent, where reading goes by parent."""
    absorbs: Mapping[str, TypeName] = field(default_factory=dict)
    """Properties that list plain objects, which may be documents of that kind instead, never both.

    A property below another is written with a dot: ``properties.subnets``.
    """
    stateful: bool = False
    """It holds data: its replacement or deletion loses them, and neither can be undone."""
    replace_first: str = "delete"
    """Which half of a replacement comes first where the spec does not say: ``create`` or ``delete``."""
    unique_name: str = ""
    """The spec property that holds a name which no two objects may share, if any."""
    readiness: bool = False
    """The cloud reports a readiness of its own: a ``status`` gate without being asked."""
    inline: bool = False
    """Its calls touch nothing that could keep them waiting: they need no thread."""
    abstract: bool = False
    """A composite type: it stands for resources of the cloud that it is placed on."""
    data_only: bool = False
    """It is only ever looked up, never made."""
    tells: Callable[[Mapping[str, Any]], bool] | None = None
    """Whether the create of a spec tells what the status has ``once``; None: always."""
    needs_sink: bool = False
    """What it tells once is all that there is of it: without a sink it would be nothing."""
    permissions: tuple[str, ...] = ()
    """What its cloud must allow for all that is done with it, in the cloud's own names."""
    documentation: str = ""
    refine: Callable[[Mapping[str, Any]], list[str]] | None = None
    """Rules between properties that a schema cannot say: the messages of what is wrong."""

    @property
    def reading(self) -> tuple[str, ...]:
        """Those of the permissions that a plan needs, which only reads."""
        return tuple(name for name in self.permissions if only_reads(name))

    @property
    def once(self) -> tuple[str, ...]:
        """The status properties that are told once."""
        return tuple(name for name, inner in self.status.properties.items() if inner.once)

    def told_by(self, spec: Mapping[str, Any]) -> tuple[str, ...]:
        """What the create of this spec tells once."""
        return self.once if self.tells is None or self.tells(spec) else ()

    def with_told(self, status: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """A status as it was read, with what was told once and is remembered."""
        kept = {name: before[name] for name in self.once if name in before}
        return {**{k: v for k, v in status.items() if k not in kept}, **kept}

    def may_come_late(self, spec: Mapping[str, Any]) -> bool:
        """Whether a create that was given up may still make an object beside the one that was made in its place.

        Not where its id, or a name that the spec fixes, says which object is meant: that is the same one then.
        """
        if self.marking is Marking.NATURAL:
            return not self.natural_key or any(spec.get(key) is None for key in self.natural_key)
        return self.marking.carried

    @property
    def identifying(self) -> tuple[str, ...]:
        """The properties that say alone which object is meant; none where only the cloud can tell."""
        return self.natural_key if self.marking.named else ()

    def is_watched(self, spec: Mapping[str, Any]) -> bool:
        """Whether a create that was given up is looked for by later plans: its call may still arrive.

        One whose id or name says which object is meant makes nothing twice, but what it makes may be wanted by nobody
        any more. Only what cannot be looked for at all is not.
        """
        return self.marking.named or self.may_come_late(spec)

    def is_anybodys(self, spec: Mapping[str, Any]) -> bool:
        """Whether an object without our marker that is found where a create meant it may be somebody else's.

        It has the name that the spec fixes, and no room for a marker that would tell.
        """
        return self.marking is Marking.NATURAL and not self.may_come_late(spec)

    def is_same(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Whether two specs mean one object, because its id, or the name that it has alone, follows from them."""
        return _agree(self.identifying, one, other)

    def collides(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Whether two objects with these specs cannot exist at once, so that none can be made before the other goes."""
        return _agree(self.identifying or ((self.unique_name,) if self.unique_name else ()), before, after)


def _agree(keys: tuple[str, ...], one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(keys) and all(one.get(key) == other.get(key) for key in keys)
