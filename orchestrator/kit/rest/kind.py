"""One kind of a REST API, as a row of facts: where its objects are, and how a spec becomes a body and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.kit.fields import Body, Field, to_body, to_change, to_spec
from orchestrator.kit.marks import joined, parted
from orchestrator.model.health import Health, Level
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Observed
from orchestrator.model.values import Unknown, contains

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
    fields: Sequence[Field[Any]] = ()
    """Rows for the properties that the API calls or writes otherwise; what they may ask is the `RestClient`."""
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

    @property
    def rows(self) -> list[Field[Any]]:
        """One row for each property: the declared one, or the attribute of its own name."""
        declared = {row.name: row for row in self.fields}
        return [declared.get(name, Field(name)) for name in self.schema.spec.properties]

    @property
    def _tagged(self) -> str:
        """What the API calls the property among which our marker goes."""
        return next((row.sent for row in self.rows if row.name == self.tags), "")

    def body(self, cloud: Any, spec: Body, marker: Marker | None) -> dict[str, Any]:
        """What a create sends."""
        sent = to_body(cloud, self.rows, spec)
        if self.tags and marker is not None:
            sent[self._tagged] = joined(sent.get(self._tagged, {}), marker)
        return sent

    def change(
        self, cloud: Any, spec: Body, changed: Collection[str], marker: Marker | None
    ) -> dict[str, Any]:
        """What an update sends: changed properties alone; those that left the spec go back to their default."""
        sent = to_change(cloud, self.rows, self.schema.spec, spec, changed, unset=None)
        if self.tags in changed and marker is not None:
            sent[self._tagged] = joined(sent.get(self._tagged) or {}, marker)
        return sent

    def observed(self, cloud: Any, body: Body, wanted: Body) -> Observed:
        """An object as the API tells it, in the words of the spec."""
        described = self.schema.spec.properties
        told = [row for row in self.rows if not described[row.name].write_only]
        seen = to_spec(cloud, told, body, wanted)
        marker = None
        if self.tags:
            seen[self.tags], marker = parted(seen.get(self.tags) or {})
        id = str(body[self.identity])
        names = {row.name: row.seen for row in self.rows}
        shown = {
            name: body[names.get(name, name)]
            for name in self.schema.status.properties
            if names.get(name, name) in body
        }
        return Observed(id, seen, {**shown, "id": id}, marker)

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
