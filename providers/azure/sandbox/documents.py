"""Nested documents by dotted path, `[]` standing for every item of a list.

Enters: JSON values and paths such as "properties.ipConfigurations[].properties.subnet.id". Leaves: values or
changed copies. Holds nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any


def values(document: Any, path: str) -> Iterator[Any]:
    """Every value at the path; nothing where it leads nowhere."""
    yield from _walk(document, path.split("."))


def value(document: Any, path: str) -> Any:
    """The first value at the path, or None."""
    return next(values(document, path), None)


def _walk(document: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        if document is not None:
            yield document
        return
    step, rest = steps[0], steps[1:]
    if not isinstance(document, Mapping):
        return
    inner = document.get(step.removesuffix("[]"))
    if not step.endswith("[]"):
        yield from _walk(inner, rest)
        return
    for item in inner if isinstance(inner, list) else ():
        yield from _walk(item, rest)


def put(document: dict[str, Any], path: str, new: Any) -> None:
    """Sets the value at a path without lists, making what lies between."""
    *steps, last = path.split(".")
    for step in steps:
        inner = document.get(step)
        if not isinstance(inner, dict):
            inner = document[step] = {}
        document = inner
    document[last] = new


def drop(document: Any, path: str) -> None:
    """Removes what lies at the path, in every item where it passes through lists."""
    head, _, last = path.rpartition(".")
    for holder in list(values(document, head)) if head else [document]:
        if isinstance(holder, dict):
            holder.pop(last, None)


def with_defaults(defaults: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The document, completed from the defaults; a null counts as absent."""
    merged: dict[str, Any] = copy.deepcopy(dict(defaults))
    for name, given in document.items():
        if isinstance(given, Mapping):
            known = merged.get(name)
            merged[name] = with_defaults(known if isinstance(known, Mapping) else {}, given)
        elif given is not None:
            merged[name] = copy.deepcopy(given)
    return merged


def patched(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The document after a merge patch: objects merge, null removes, all else (tags too) replaces."""
    merged = copy.deepcopy(dict(document))
    for name, given in patch.items():
        known = merged.get(name)
        if given is None:
            merged.pop(name, None)
        elif isinstance(given, Mapping) and isinstance(known, Mapping) and name != "tags":
            merged[name] = patched(known, given)
        else:
            merged[name] = copy.deepcopy(given)
    return merged
