"""A :class:`Property` as JSON Schema (draft 2020-12): for editors, and for the document that policies see."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.model.schema import MISSING, Property

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
EXPRESSION: Final = {"type": "string", "pattern": r"\$\{"}


def written(prop: Property) -> dict[str, Any]:
    """What may be written in a spec: an expression may stand for any value, what the cloud sets may not stand at all."""
    plain = written_plain(prop)
    if "string" in prop.types or "any" in prop.types:
        return plain
    about: dict[str, Any] = {key: plain.pop(key) for key in ("description", "default") if key in plain}
    return {**about, "anyOf": [plain, EXPRESSION]}


def written_plain(prop: Property) -> dict[str, Any]:
    """The same for a value that is no expression itself, such as a whole spec."""
    made = _about(prop)
    if prop.enum:
        values: dict[str, Any] = {"enum": list(prop.enum)}
        made |= {"anyOf": [values, EXPRESSION]} if "string" in prop.types else values
    made |= {k: v for k, v in (("minimum", prop.minimum), ("maximum", prop.maximum)) if v is not None}
    if prop.items is not None:
        made["items"] = written(prop.items)
    if "object" in prop.types:
        made |= _written_object(prop)
    return made


def _written_object(prop: Property) -> dict[str, Any]:
    settable = {n: p for n, p in prop.properties.items() if not p.read_only}
    made: dict[str, Any] = {"properties": {name: written(p) for name, p in settable.items()}}
    required = sorted(name for name, p in settable.items() if p.required)
    if required:
        made["required"] = required
    made["additionalProperties"] = False if prop.additional is None else written(prop.additional)
    return made


def _about(prop: Property) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if "any" not in prop.types:
        made["type"] = prop.types[0] if len(prop.types) == 1 else list(prop.types)
    if prop.description:
        made["description"] = prop.description
    if prop.default is not MISSING:
        made["default"] = prop.default
    return made


def seen(prop: Property) -> dict[str, Any]:
    """What may be read of a value in a plan: it may be absent, null, or the text that stands for a secret.

    The spelling is one that OPA's type checker understands (its docs: "Schemas"): it follows ``properties`` where the
    first of several types is ``object`` or ``array``, and takes an object with ``properties`` to have no others.
    """
    about = {"description": prop.description} if prop.description else {}
    shapes = [*dict.fromkeys(t for t in prop.types if t in ("object", "array"))]
    scalars = [t for t in prop.types if t not in ("object", "array", "any", "null")]
    if "any" in prop.types or (shapes and scalars) or len(shapes) > 1:
        return about
    made: dict[str, Any] = {**about, "type": [*shapes, *scalars, *{"string", "null"}.difference(scalars)]}
    made["type"].sort(key=lambda name: (name not in ("object", "array"), name in ("string", "null"), name))
    if shapes == ["array"] and prop.items is not None:
        made["items"] = seen(prop.items)
    if shapes == ["object"] and prop.properties and prop.additional is None:
        made["properties"] = {name: seen(inner) for name, inner in prop.properties.items()}
        made["additionalProperties"] = False
    return made
