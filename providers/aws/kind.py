"""What a kind of AWS resource is made of: how it is read, and the calls that create, change and delete it.

A change is a list of steps. Each call is safe to repeat, so that a change that was cut off goes on where its
journalled handle says. Waits look at the object's own state.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Final

from orchestrator.model.health import Health, Level
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Observed, Request
from providers.aws.client import Client
from providers.aws.permissions import actions


@dataclass(frozen=True, slots=True)
class Call:
    """One API call; an answer with a code of ``ignore`` means that it is so already."""

    service: str
    operation: str
    params: Mapping[str, Any]
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Until the object is in one of these states; ``absent`` is one."""

    states: tuple[str, ...]


Step = Call | Wait
ABSENT: Final = "absent"


@dataclass(frozen=True, slots=True)
class Creation:
    """The call that makes the object, where its id is in the answer, and what follows."""

    call: Call
    id: Callable[[Mapping[str, Any]], str]
    then: Callable[[str], Sequence[Step]] = field(default=lambda _id: ())
    observed: Callable[[Mapping[str, Any]], Observed | None] = field(default=lambda _answer: None)
    """The whole object, where the answer tells it and nothing follows: saves a read."""


class Kind(ABC):
    """One kind of AWS resource."""

    type: ClassVar[str]
    failed: ClassVar[tuple[str, ...]] = ()
    """States from which waiting does not help."""
    born_marked: ClassVar[bool] = False
    """The create call writes our marker, though it is found by its name: without the marker it is not ours."""
    pause: ClassVar[float] = 1.0
    """Seconds between two looks while waiting."""

    @abstractmethod
    def make_schema(self) -> KindSchema:
        """The kind as the core sees it."""

    @cached_property
    def schema(self) -> KindSchema:
        """Made once."""
        return replace(self.make_schema(), permissions=actions(self.type))

    @property
    def name(self) -> TypeName:
        """The type's name."""
        return TypeName(self.type)

    @abstractmethod
    def read(self, client: Client, ids: Sequence[str] | None) -> Iterator[Observed]:
        """The objects of these ids, as many as there are; None reads all. Includes those that are going."""

    def seek(self, client: Client, specs: Sequence[Mapping[str, Any]]) -> list[Observed | None]:  # noqa: ARG002
        """For each spec the object that its natural key names; kinds without one find none."""
        return [None for _ in specs]

    def seek_marked(self, client: Client, marker: Marker) -> Observed | None:  # noqa: ARG002
        """The object that carries this marker's uid, where the cloud can be asked for it."""
        return None

    @abstractmethod
    def creation(self, request: Request, token: str) -> Creation:
        """How to make it."""

    @abstractmethod
    def update(self, request: Request) -> Sequence[Step]:
        """How to bring it to what is wanted, in place."""

    def retag(self, request: Request) -> Sequence[Step]:  # noqa: ARG002
        """How to write our marker on it; nothing where there is no room for one."""
        return ()

    @abstractmethod
    def deletion(self, id: str, request: Request) -> Sequence[Step]:
        """How to delete it."""

    def named(self, spec: Mapping[str, Any], marker: Marker) -> Mapping[str, Any]:  # noqa: ARG002
        """``spec`` with the name that a create generates where it gives none."""
        return spec

    def meant(self, want: Mapping[str, Any], last: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        """``want`` with what is meant by leaving out something that was there last time."""
        return want

    def told(self, prior: Observed, want: Mapping[str, Any]) -> Observed:  # noqa: ARG002
        """``prior`` in the words of ``want``, where a value may be given in part."""
        return prior

    def state(self, observed: Observed | None) -> str:
        """The state that waits look at."""
        return ABSENT if observed is None else "present"

    def is_going(self, observed: Observed) -> bool:  # noqa: ARG002
        """Whether it is being deleted or is a trace of something deleted: absent for everyone else."""
        return False

    def assess(self, observed: Observed) -> Health:  # noqa: ARG002
        """The cloud's own word on readiness."""
        return Health(Level.HEALTHY)

    def assess_message(self, observed: Observed | None) -> str:
        """What the cloud says of the object's state, in words."""
        return self.assess(observed).message if observed is not None else "it is not there"


class Natural(Kind):
    """A kind without room for a marker, found inside something that can be asked for many at once."""

    batch: ClassVar[int] = 200

    @abstractmethod
    def scope(self, spec: Mapping[str, Any]) -> str | None:
        """The object that this one is inside of; None where the key is not known whole."""

    @abstractmethod
    def within(self, client: Client, scopes: Sequence[str]) -> Iterator[Observed]:
        """All that is inside of these."""

    @abstractmethod
    def matches(self, spec: Mapping[str, Any], observed: Observed) -> bool:
        """Whether the key in ``spec``, known whole, is this object's."""

    def seek(self, client: Client, specs: Sequence[Mapping[str, Any]]) -> list[Observed | None]:
        """One call for many keys."""
        scopes = sorted({scope for spec in specs if (scope := self.scope(spec)) is not None})
        found: list[Observed] = []
        for start in range(0, len(scopes), self.batch):
            found += self.within(client, scopes[start : start + self.batch])
        return [
            next((o for o in found if self.matches(spec, o)), None) if self.scope(spec) is not None else None
            for spec in specs
        ]


def known(spec: Mapping[str, Any], *names: str) -> bool:
    """Whether these properties have values: they are there, and not unknown."""
    return all(isinstance(spec.get(name), str) for name in names)


def changed(request: Request) -> set[str]:
    """The top-level properties that an update has to bring about."""
    return {str(change.path[0]) for change in request.changes if change.path}


def generated_name(marker: Marker, *, limit: int = 63) -> str:
    """A name where the spec gives none: readable, and the same for one incarnation however often it is asked."""
    digest = hashlib.sha256(f"{marker.stack}/{marker.address}/{marker.uid}".encode()).hexdigest()[:10]
    readable = re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", str(marker.address).lower())).strip("-")
    return f"opsctl-{readable[: limit - 18]}-{digest}".replace("--", "-")
