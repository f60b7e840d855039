"""What the schemas of ARM bodies have beside the kit's shapes: ids, links, named items, tags.

Enters: descriptions and options of `Property`. Leaves: properties. Holds no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.kit.shapes import obj, pairs, text
from orchestrator.model.schema import Property


def named(members: Mapping[str, Property], **options: Any) -> Property:
    """A list of objects with a name and `properties`, whose order means nothing."""
    item = obj({"name": text(required=True), "properties": obj(members)})
    return Property("array", items=item, unordered=True, **options)


def same_id(value: Any) -> Any:
    """ARM ids are compared without regard to case."""
    return value.rstrip("/").lower() if isinstance(value, str) else value


def identifier(description: str = "", **options: Any) -> Property:
    """The id of a resource."""
    options["normalize"] = options.get("normalize") or same_id
    return Property("string", description, **options)


def link(description: str = "", **options: Any) -> Property:
    """An object that holds nothing but an id; null takes it away, and it is not there by default."""
    if not options.get("create_only"):
        options.setdefault("default", None)
    return Property(("object", "null"), description, properties={"id": identifier(required=True)}, **options)


TAGS = pairs("Tags, owned as a whole.")
STABLE = Property("string", stable=True)


def status_of(spec: Property, shown: Mapping[str, Property], top: Mapping[str, Property]) -> Property:
    """What `.status` offers: the ARM body as a GET shows it."""
    inner = spec.properties.get("properties")
    body = {name: each for name, each in (inner.properties if inner else {}).items() if not each.write_only}
    members = {
        name: replace(each, required=False)
        for name, each in spec.properties.items()
        if name not in ("apiVersion", "parent", "properties") and not each.write_only
    }
    members |= {"id": STABLE, "name": STABLE, "type": STABLE, "etag": Property("string")}
    if "location" in members:
        members["location"] = STABLE
    members |= top
    members["properties"] = obj(body | dict(shown))
    return obj(members)
