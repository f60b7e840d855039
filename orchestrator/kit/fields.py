"""How a property of a spec becomes an attribute of a body, and back: one row each.

``C`` is what a row may ask when a value is no value of its own (a name that stands for an id): the provider's cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from orchestrator.model.schema import MISSING, Property

C = TypeVar("C")
Body = Mapping[str, Any]
Spec = Mapping[str, Any]


def _same(_cloud: Any, value: Any) -> Any:
    return value


def _as_seen(_cloud: Any, seen: Any, _wanted: Any, _body: Body) -> Any:
    return seen


@dataclass(frozen=True)  # no slots: a frozen generic with them cannot be made through an alias (Python 3.11)
class Field(Generic[C]):
    """One property. `to` makes what is sent; `back` writes what is seen as the spec does (seen, wanted, body)."""

    name: str
    attribute: str = ""
    to: Callable[[C, Any], Any] = _same
    back: Callable[[C, Any, Any, Body], Any] = _as_seen
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


def to_body(cloud: C, fields: Sequence[Field[C]], spec: Spec) -> dict[str, Any]:
    """Make the body of a create: what the spec says, and nothing else."""
    return {f.sent: f.to(cloud, spec[f.name]) for f in fields if f.name in spec}


def to_change(
    cloud: C,
    fields: Sequence[Field[C]],
    schema: Property,
    spec: Spec,
    changed: Iterable[str],
    *,
    unset: Any = MISSING,
) -> dict[str, Any]:
    """Make the body of an update: changed properties only; those that left the spec go back to their default.

    What left it and has no default is sent as ``unset``, or not at all.
    """
    names = set(changed)
    body = {}
    for f in fields:
        default = schema.properties[f.name].default
        value = spec.get(f.name, unset if default is MISSING else default)
        if f.name in names and value is not MISSING:
            body[f.sent] = f.to(cloud, value)
    return body


def to_spec(cloud: C, fields: Sequence[Field[C]], body: Body, wanted: Spec) -> dict[str, Any]:
    """Write what is there in the words of the spec; attributes that this cloud does not have are left out."""
    return {f.name: f.back(cloud, body[f.seen], wanted.get(f.name), body) for f in fields if f.seen in body}


def picked(body: Body, *names: str) -> dict[str, Any]:
    """Take attributes as they are, for a status."""
    return {name: body[name] for name in names if name in body}


def dropped(mapping: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """Leave out entries that have this value."""
    return {key: inner for key, inner in mapping.items() if inner is not value}
