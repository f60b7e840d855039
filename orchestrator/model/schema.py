"""The shape of a document, of a spec and of a status: one description for all of them.

A :class:`Property` says what a value may be and what the cloud does with it. Validation, comparison, help
texts and editor schemas are derived from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.ids import Path, render_path
from orchestrator.model.values import Secret, Unknown


class Missing:
    """No value at all (None is a value). There is one instance, ``MISSING``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Property:
    """What one value may be, and how its cloud treats it."""

    type: str | tuple[str, ...] = "any"
    """string, integer, number, boolean, object, array, null or any; several mean one of them."""
    description: str = ""
    properties: Mapping[str, Property] = field(default_factory=lambda: _NOTHING)
    additional: Property | None = None
    """For an object: what the values of other keys are; None means that other keys are errors."""
    items: Property | None = None
    required: bool = False
    enum: tuple[Any, ...] = ()
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None
    create_only: bool = False
    """A change of it replaces the resource."""
    one_way: Callable[[Any, Any], bool] | None = None
    """Whether a change from one value to another is one that no call makes (a disk that shrinks): it replaces too."""
    kept: bool = False
    """Where it leaves the spec, the cloud keeps what is there: nothing takes it back."""
    read_only: bool = False
    write_only: bool = False
    """The cloud never tells it back: compared with what was last sent."""
    secret: bool = False
    stable: bool = False
    """Of a status: an update in place keeps its value."""
    once: bool = False
    """Of a status, and secret: told in the answer to the create, and never again (a private key, a password)."""
    unordered: bool = False
    """Of an array: the order of its items has no meaning."""
    default: Any = MISSING
    """What the cloud takes where the spec is silent."""
    normalize: Callable[[Any], Any] | None = None
    """How the cloud writes the same value: applied to both sides before they are compared."""

    @property
    def types(self) -> tuple[str, ...]:
        """The allowed types."""
        return self.type if isinstance(self.type, tuple) else (self.type,)


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a value does not fit; the path counts from the checked value."""

    path: Path
    message: str
    hint: str = ""
    at_key: bool = True


def type_of(value: Any) -> str:
    """The JSON name of a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
        case list() | tuple():
            return "array"
        case _:
            return type(value).__name__


def _fits(actual: str, allowed: tuple[str, ...]) -> bool:
    return "any" in allowed or actual in allowed or (actual == "integer" and "number" in allowed)


def check(value: Any, schema: Property, at: Path = ()) -> Iterator[Violation]:
    """Every way in which ``value`` does not fit; Unknowns and expressions fit anything until they are known."""
    if isinstance(value, Secret):
        if value.value is None:
            return  # only its reference is at hand: it was checked when it was set
        yield from (_without_value(v) for v in check(value.value, schema, at))
        return
    if isinstance(value, Unknown) or getattr(value, "is_template", False):
        return
    actual = type_of(value)
    if not _fits(actual, schema.types):
        hint = _type_hint(value, schema.types)
        yield Violation(at, f"{render_path(at)} must be {_a(schema.types)}, not {_a((actual,))}", hint)
        return
    if schema.enum and value not in schema.enum:
        known = ", ".join(map(str, schema.enum))
        near = did_you_mean(str(value), map(str, schema.enum))
        yield Violation(at, f"{render_path(at)} is {value!r}, which is not one of: {known}", near)
    match value:
        case str() if schema.pattern and not re.search(schema.pattern, value):
            yield Violation(at, f"{render_path(at)} is {value!r}, which does not match {schema.pattern}")
        case int() | float() if actual != "boolean":
            yield from _range(value, schema, at)
        case Mapping():
            yield from _object(value, schema, at)
        case list() | tuple() if schema.items is not None:
            for index, item in enumerate(value):
                yield from check(item, schema.items, (*at, index))
        case _:
            pass


def _without_value(violation: Violation) -> Violation:
    """What does not fit about a secret, without a word of it."""
    where = render_path(violation.path)
    return Violation(
        violation.path, f"{where} does not fit (it is secret, and not shown)", at_key=violation.at_key
    )


def _a(types: tuple[str, ...]) -> str:
    def named(name: str) -> str:
        return "null" if name == "null" else ("an " if name[0] in "aeio" else "a ") + name

    return " or ".join(named(t) for t in types)


def _type_hint(value: Any, allowed: tuple[str, ...]) -> str:
    if "string" in allowed and isinstance(value, int | float):
        return f'quote it: "{str(value).lower() if isinstance(value, bool) else value}"'
    if isinstance(value, str) and ({"integer", "number"} & set(allowed)) and re.fullmatch(r"-?\d+", value):
        return f"write it without quotes: {value}"
    if (
        isinstance(value, str)
        and "boolean" in allowed
        and value.lower() in {"yes", "no", "on", "off", "true", "false"}
    ):
        return f"write {'true' if value.lower() in {'yes', 'on', 'true'} else 'false'} without quotes"
    return ""


def _range(value: float, schema: Property, at: Path) -> Iterator[Violation]:
    if schema.minimum is not None and value < schema.minimum:
        yield Violation(at, f"{render_path(at)} is {value}, which is less than {schema.minimum:g}")
    if schema.maximum is not None and value > schema.maximum:
        yield Violation(at, f"{render_path(at)} is {value}, which is more than {schema.maximum:g}")


def _object(value: Mapping[str, Any], schema: Property, at: Path) -> Iterator[Violation]:
    for name, inner in schema.properties.items():
        if inner.required and name not in value:
            yield Violation(at, f"{render_path((*at, name))} is required", inner.description)
    free = schema.additional is None and not schema.properties and "any" in schema.types
    for name, item in value.items():
        inner_schema = schema.properties.get(name) or schema.additional
        here = (*at, name)
        if inner_schema is None:
            if not free:
                known = [n for n, p in schema.properties.items() if not p.read_only]
                hint = did_you_mean(str(name), known) or _known(known)
                yield Violation(here, f"unknown property {render_path(here)}", hint)
        elif inner_schema.read_only:
            yield Violation(here, f"{render_path(here)} is read-only: the cloud sets it", "remove it")
        else:
            yield from check(item, inner_schema, here)


def _known(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:12])
    return f"known here: {shown}{', …' if len(names) > 12 else ''}" if names else ""
