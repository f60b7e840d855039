"""Short ways to declare the properties of a kind: what a provider's tables are written in.

Each gives a `Property`; ``more`` is any other field of it (``required``, ``create_only``, ``default``, ...).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.schema import Property


def text(description: str = "", **more: Any) -> Property:
    """A string."""
    return Property("string", description, **more)


def number(description: str = "", **more: Any) -> Property:
    """An integer."""
    return Property("integer", description, **more)


def flag(description: str = "", **more: Any) -> Property:
    """A boolean."""
    return Property("boolean", description, **more)


def growing(description: str = "", **more: Any) -> Property:
    """A size that grows in place: a smaller one is another object, and without a word it stays as it is."""
    return number(description, one_way=_is_smaller, kept=True, **more)


def one_of(*values: str, **more: Any) -> Property:
    """A string out of a closed list."""
    return Property("string", enum=values, **more)


def many(item: Property, description: str = "", **more: Any) -> Property:
    """A list."""
    return Property("array", description, items=item, **more)


def pairs(description: str = "", **more: Any) -> Property:
    """Texts by free keys, owned as a whole: tags, labels, metadata."""
    return Property("object", description, additional=text(), default={}, **more)


def obj(members: Mapping[str, Property], description: str = "", **more: Any) -> Property:
    """An object with these members and no others."""
    return Property("object", description, properties=members, **more)


def spec(**properties: Property) -> Property:
    """The spec of a kind: other names are errors."""
    return obj(properties)


def status(**properties: Property) -> Property:
    """What `.status` offers: these, `id`, and whatever else the cloud tells."""
    known = {"id": text("the cloud's id", stable=True), **properties}
    return Property("object", properties=known, additional=Property())


def _is_smaller(before: Any, after: Any) -> bool:
    return isinstance(before, int) and isinstance(after, int) and after < before
