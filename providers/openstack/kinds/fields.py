"""How a property of a spec becomes an attribute of a body, and back: one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.model.schema import MISSING, Property
from providers.openstack.kinds.kind import Body, Cloud, Spec

Convert = Callable[[Cloud, Any], Any]
Spell = Callable[[Cloud, Any, Any, Body], Any]


def _same(_cloud: Cloud, value: Any) -> Any:
    return value


def _as_seen(_cloud: Cloud, seen: Any, _wanted: Any, _body: Body) -> Any:
    return seen


@dataclass(frozen=True, slots=True)
class Field:
    """One property. `to` makes what is sent; `back` writes what is seen as the spec does (seen, wanted, body)."""

    name: str
    attribute: str = ""
    to: Convert = _same
    back: Spell = _as_seen
    seen_as: str = ""
    """The attribute in which it is seen, where that is not the one in which it is sent."""

    @property
    def sent(self) -> str:
        """The attribute's name."""
        return self.attribute or self.name

    @property
    def seen(self) -> str:
        """The attribute's name in what is read."""
        return self.seen_as or self.sent


def reference(property: str, attribute: str, collection: str) -> Field:
    """Make a field that may name another object, where the API wants its id."""
    return Field(
        property,
        attribute,
        to=lambda cloud, value: None if value is None else cloud.names.id(collection, value),
        back=lambda cloud, seen, wanted, _body: seen and cloud.names.spelled(collection, wanted, seen),
    )


def references(property: str, collection: str) -> Field:
    """Make a field of several such names."""
    return Field(
        property,
        to=lambda cloud, value: [cloud.names.id(collection, item) for item in value],
        back=lambda cloud, seen, wanted, _body: cloud.names.spelled_all(collection, wanted, seen),
    )


def to_body(cloud: Cloud, fields: Sequence[Field], spec: Spec) -> dict[str, Any]:
    """Make the body of a create: what the spec says, and nothing else."""
    return {f.sent: f.to(cloud, spec[f.name]) for f in fields if f.name in spec}


def to_change(
    cloud: Cloud, fields: Sequence[Field], schema: Property, spec: Spec, changed: Iterable[str]
) -> dict[str, Any]:
    """Make the body of an update: changed properties only; those that left the spec go back to their default."""
    names = set(changed)
    body = {}
    for f in fields:
        value = spec.get(f.name, schema.properties[f.name].default)
        if f.name in names and value is not MISSING:
            body[f.sent] = f.to(cloud, value)
    return body


def to_spec(cloud: Cloud, fields: Sequence[Field], body: Body, wanted: Spec) -> dict[str, Any]:
    """Write what is there in the words of the spec; attributes that this cloud does not have are left out."""
    return {f.name: f.back(cloud, body[f.seen], wanted.get(f.name), body) for f in fields if f.seen in body}


def picked(body: Body, *names: str) -> dict[str, Any]:
    """Take attributes as they are, for a status."""
    return {name: body[name] for name in names if name in body}


def dropped(mapping: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """Leave out entries that have this value."""
    return {key: inner for key, inner in mapping.items() if inner is not value}
