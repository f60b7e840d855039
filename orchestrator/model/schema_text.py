"""Schemas that users write: the part of JSON Schema that a composite type or a parameter needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.model.schema import MISSING, Property

ALIASES: Final = {
    "map": "object",
    "list": "array",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "str": "string",
}
"""What people write for JSON Schema's names of types."""


def property_of(text: Mapping[str, Any]) -> Property:
    """A Property from its JSON Schema form; unknown keywords were refused when the document was checked."""
    required = set(text.get("required", ())) if isinstance(text.get("required"), list) else set()
    inner = {
        name: property_of({**value, "required_here": name in required})
        for name, value in text.get("properties", {}).items()
    }
    additional = text.get("additionalProperties")
    kind = text.get("type", "object" if inner else "any")
    kind = [ALIASES.get(k, k) for k in kind] if isinstance(kind, list) else ALIASES.get(kind, kind)
    return Property(
        type=tuple(kind) if isinstance(kind, list) else kind,
        description=text.get("description", ""),
        properties=inner,
        additional=_additional(additional, free=kind == "object" and not inner),
        items=property_of(text["items"]) if "items" in text else None,
        required=bool(text.get("required_here")) or text.get("required") is True,
        enum=tuple(text.get("enum", ())),
        pattern=text.get("pattern", ""),
        minimum=text.get("minimum"),
        maximum=text.get("maximum"),
        secret=bool(text.get("sensitive", False)),
        default=text.get("default", MISSING),
    )


def _additional(value: Any, *, free: bool) -> Property | None:
    if isinstance(value, Mapping):
        return property_of(value)
    return Property() if value is True or free else None


def with_defaults(value: Any, schema: Property) -> Any:
    """``value`` with the schema's defaults where an object is silent."""
    if not isinstance(value, Mapping) or getattr(value, "is_template", False):
        return value
    filled = {name: with_defaults(item, schema.properties.get(name, _ANY)) for name, item in value.items()}
    for name, inner in schema.properties.items():
        if name not in filled and inner.default is not MISSING:
            filled[name] = inner.default
    return filled


_ANY = Property()
