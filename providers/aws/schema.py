"""Kind schemas from the compiled files, with what the provider knows beyond CloudFormation.

In: a compiled file and notes by property (defaults, normal forms, what is stable). Out: a KindSchema. Holds: no SDK
is imported for it.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from orchestrator.model.schema import Property

FOLDER: Final = Path(__file__).parent / "schemas"
Notes = Mapping[str, Mapping[str, Any]]
"""By dotted path (``*`` for list items): fields of Property to set."""


@cache
def raw(type_name: str) -> Mapping[str, Any]:
    """A compiled file's content."""
    text = (FOLDER / f"{type_name.replace('::', '-').lower()}.json").read_text("utf-8")
    content: Mapping[str, Any] = json.loads(text)
    return content


def spec_of(type_name: str, notes: Notes) -> Property:
    """What a spec of this kind may hold. Raises KeyError for a note on a property that does not exist."""
    content = raw(type_name)
    made = Property("object", properties={n: _property(p) for n, p in content["properties"].items()})
    for path, fields in notes.items():
        made = _noted(made, path.split("."), fields)
    return made


def status_of(type_name: str, extra: Mapping[str, str], *, moving: tuple[str, ...] = ()) -> Property:
    """What ``.status`` offers: the read-only properties and ``extra`` (name to type); ``moving`` are not stable."""
    properties = {
        name: _property(node) for name, node in raw(type_name)["properties"].items() if node.get("readOnly")
    }
    properties |= {name: Property(kind) for name, kind in extra.items()}
    properties["id"] = Property("string")
    stable = {n: replace(p, read_only=False, stable=n not in moving) for n, p in properties.items()}
    return Property("object", properties=stable)


def _property(node: Mapping[str, Any]) -> Property:
    kind = node["type"]
    return Property(
        type=kind if isinstance(kind, str) else tuple(kind),
        description=node.get("description", ""),
        properties={n: _property(p) for n, p in node.get("properties", {}).items()},
        items=_property(node["items"]) if "items" in node else None,
        required=node.get("required", False),
        enum=tuple(node.get("enum", ())),
        minimum=node.get("minimum"),
        maximum=node.get("maximum"),
        create_only=node.get("createOnly", False),
        read_only=node.get("readOnly", False),
        write_only=node.get("writeOnly", False),
        unordered=node.get("unordered", False),
    )


def _noted(schema: Property, path: list[str], fields: Mapping[str, Any]) -> Property:
    if not path:
        return replace(schema, **fields)
    head, *rest = path
    if head == "*":
        assert schema.items is not None, "a note goes into the items of something without items"  # noqa: S101
        return replace(schema, items=_noted(schema.items, rest, fields))
    inner = _noted(schema.properties[head], rest, fields)
    return replace(schema, properties={**schema.properties, head: inner})


def cidr(value: Any) -> Any:
    """An address block as AWS writes it: host bits cleared, IPv6 compressed."""
    if not isinstance(value, str):
        return value
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return value


def lowered(value: Any) -> Any:
    """Names that AWS keeps in lower case."""
    return value.lower() if isinstance(value, str) else value
