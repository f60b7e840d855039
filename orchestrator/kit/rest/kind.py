"""One kind of a REST API, as a row of facts: where its objects are, and how a spec becomes a body and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.model.health import Health, Level
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.marker import Marker, is_marker, marker_of
from orchestrator.model.provision import Observed
from orchestrator.model.schema import MISSING
from orchestrator.model.values import Unknown, contains

Body = Mapping[str, Any]
MARKINGS: Final = (Marking.TOKEN, Marking.TAG, Marking.NATURAL)
"""How a lost create is found again, as far as this kit knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestKind:
    """A collection: POST makes one, GET reads one or a page, PATCH changes it, DELETE takes it away."""

    schema: KindSchema
    path: str
    """Of the collection: ``/boxes``; an object is at ``/boxes/ID``."""
    many: str = "items"
    """Where a list's answer has the objects."""
    next: str = "next"
    """Where it has what the next page is asked with; missing or empty on the last."""
    limit: str = "limit"
    """The parameter that says how long a page is."""
    after: str = "after"
    """The parameter that takes ``next``."""
    identity: str = "id"
    """The attribute that is the id."""
    names: Mapping[str, str] = field(default_factory=dict)
    """By property: the attribute's name, where that is another."""
    tags: str = ""
    """The property, a map of texts, among which our marker goes."""
    token: str = "Idempotency-Key"  # noqa: S105 - the name of a header
    """The header that carries the client token (draft-ietf-httpapi-idempotency-key-header)."""
    state: str = ""
    """The attribute that tells how far an object is."""
    words: Mapping[str, Level] = field(default_factory=dict)
    """What its values mean; one that is not here is unknown."""

    def __post_init__(self) -> None:
        """Refuse what could not be kept. Raises ValueError."""
        if self.schema.marking not in MARKINGS:
            known = ", ".join(map(str, MARKINGS))
            raise ValueError(f"{self.schema.type}: marking {self.schema.marking} is not one of {known}")
        if self.schema.marking.carried and self.tags not in self.schema.spec.properties:
            raise ValueError(
                f"{self.schema.type}: a marker goes among tags, and {self.tags!r} is no property"
            )

    def attribute(self, property: str) -> str:
        """What the API calls a property."""
        return self.names.get(property, property)

    def body(self, spec: Body, marker: Marker | None) -> dict[str, Any]:
        """What a create sends."""
        sent = {self.attribute(name): value for name, value in spec.items()}
        if self.tags and marker is not None:
            sent[self.attribute(self.tags)] = {**spec.get(self.tags, {}), **marker.tags()}
        return sent

    def change(self, spec: Body, changed: Collection[str], marker: Marker | None) -> dict[str, Any]:
        """What an update sends: changed properties alone; those that left the spec go back to their default."""
        sent: dict[str, Any] = {}
        for name in changed:
            default = self.schema.spec.properties[name].default
            sent[self.attribute(name)] = spec.get(name, None if default is MISSING else default)
        if self.tags in changed and marker is not None:
            sent[self.attribute(self.tags)] = {**(spec.get(self.tags) or {}), **marker.tags()}
        return sent

    def observed(self, body: Body) -> Observed:
        """An object as the API tells it, in the words of the spec."""
        seen = {
            name: body[self.attribute(name)]
            for name, prop in self.schema.spec.properties.items()
            if self.attribute(name) in body and not prop.write_only
        }
        told: Mapping[str, str] = seen.get(self.tags) or {}
        if self.tags:
            seen[self.tags] = {key: value for key, value in told.items() if not is_marker(key)}
        id = str(body[self.identity])
        shown = {
            name: body[self.attribute(name)]
            for name in self.schema.status.properties
            if self.attribute(name) in body
        }
        return Observed(id, seen, {**shown, "id": id}, marker_of(told))

    def assess(self, status: Body) -> Health:
        """The API's own word on readiness."""
        if not self.state:
            return Health(Level.HEALTHY, "it is there")
        word = str(status.get(self.state, ""))
        return Health(self.words.get(word, Level.UNKNOWN), f"{self.state} is {word or 'not told'}")

    def is_meant(self, spec: Body, seen: Observed) -> bool:
        """Whether an object is the one that a spec names by its natural key."""
        key = self.schema.natural_key
        known = all(spec.get(name) is not None and not contains(spec[name], Unknown) for name in key)
        return bool(key) and known and all(spec[name] == seen.spec.get(name) for name in key)
