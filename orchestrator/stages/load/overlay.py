"""An environment's patches: documents with parts replaced, each part still knowing where it was written.

A merge goes map by map: a key replaces a key, ``null`` removes it, a list replaces a list. ``ops`` are JSON Patch
(RFC 6902: add, remove, replace, test), with paths from the document's root.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.kit.findings import Findings
from orchestrator.model.diagnostic import Position, did_you_mean
from orchestrator.model.document import Document
from orchestrator.model.ids import Path
from orchestrator.stages.load.places import Place


class PatchError(Exception):
    """One operation cannot be done."""


@dataclass(frozen=True, slots=True)
class PatchedSource:
    """A document's source, with the places of the parts that a patch replaced."""

    base: Place
    parts: tuple[tuple[Path, Place, Path], ...]
    """Path in the document, the patch's source, and the path there."""

    @property
    def file(self) -> str:
        """The file of the document itself."""
        return self.base.file

    def _resolve(self, path: Path) -> tuple[Place, Path]:
        for prefix, place, there in reversed(self.parts):
            if path[: len(prefix)] == prefix:
                return place, (*there, *path[len(prefix) :])
        return self.base, path

    def position(self, path: Path) -> Position:
        """Where a value stands: in the patch, if it came from there."""
        place, there = self._resolve(path)
        return place.position(there)

    def key_position(self, path: Path) -> Position:
        """Where its key stands."""
        place, there = self._resolve(path)
        return place.key_position(there)

    def within(self, path: Path, offset: int) -> Position:
        """Where a character of a string stands."""
        place, there = self._resolve(path)
        return place.within(there, offset)


def patched(
    documents: Sequence[Document], patches: Sequence[Mapping[str, Any]], place: Place, found: Findings
) -> list[Document]:
    """The documents with every patch applied; a patch that meets no document is an error."""
    result = list(documents)
    for number, patch in enumerate(patches):
        at: Path = ("patches", number)
        indexes = [i for i, d in enumerate(result) if _meets(patch, d)]
        if len(indexes) != 1:
            _no_target(patch, [result[i] for i in indexes] or result, place.position((*at, "target")), found)
            continue
        (index,) = indexes
        result[index] = _apply(result[index], patch, place, at=at, found=found)
    return result


def _meets(patch: Mapping[str, Any], document: Document) -> bool:
    return document.name == str(patch["target"]) and str(patch.get("kind", document.kind)) == document.kind


def _no_target(
    patch: Mapping[str, Any], candidates: Sequence[Document], position: Position, found: Findings
) -> None:
    target = str(patch["target"])
    if (
        any(d.name == target for d in candidates)
        and len(candidates) > 1
        and all(d.name == target for d in candidates)
    ):
        kinds = ", ".join(sorted({d.kind for d in candidates}))
        found.error(f"several documents are named {target!r}", position, f"add kind: (one of {kinds})")
    else:
        found.error(
            f"there is no document {target!r} to patch",
            position,
            did_you_mean(target, [d.name for d in candidates]),
        )


def _apply(
    document: Document, patch: Mapping[str, Any], place: Place, *, at: Path, found: Findings
) -> Document:
    body: Any = copy.deepcopy(dict(document.body))
    parts: list[tuple[Path, Place, Path]] = []
    if isinstance(patch.get("merge"), Mapping):
        _merge(body, patch["merge"], (), parts, (place, (*at, "merge")))
    for number, operation in enumerate(patch.get("ops") or ()):
        here: Path = (*at, "ops", number)
        try:
            path = _operate(body, operation)
        except PatchError as error:
            found.error(f"{patch['target']}: {error}", place.position(here))
            continue
        if path:
            parts.append((path, place, (*here, "value")))
    source: Any = document.source
    return replace(document, body=body, source=PatchedSource(source, tuple(parts)))


def _merge(
    body: dict[str, Any],
    merge: Mapping[str, Any],
    at: Path,
    parts: list[tuple[Path, Place, Path]],
    where: tuple[Place, Path],
) -> None:
    for key, value in merge.items():
        path = (*at, key)
        if value is None:
            body.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(body.get(key), dict):
            _merge(body[key], value, path, parts, where)
        else:
            body[key] = copy.deepcopy(value)
            parts.append((path, where[0], (*where[1], *path)))


def merged(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """A map over a map, by the same rule."""
    body: dict[str, Any] = copy.deepcopy(dict(base))
    for key, value in overlay.items():
        if isinstance(value, Mapping) and isinstance(body.get(key), Mapping):
            body[key] = merged(body[key], value)
        elif value is None:
            body.pop(key, None)
        else:
            body[key] = copy.deepcopy(value)
    return body


def _operate(body: Any, operation: Mapping[str, Any]) -> Path:
    """Carry one operation out; returns the path that has a new value, or an empty one."""
    name, pointer = operation.get("op"), operation.get("path")
    if name not in ("add", "remove", "replace", "test"):
        raise PatchError(f"there is no operation {name!r}: write add, remove, replace or test")
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise PatchError(f"the path {pointer!r} must start with /, such as /spec/Size")
    if name != "remove" and "value" not in operation:
        raise PatchError(f"{name} needs a value")
    parents = [p.replace("~1", "/").replace("~0", "~") for p in pointer[1:].split("/")]
    node, path = body, list[str | int]()
    for part in parents[:-1]:
        key = _key(node, part, pointer, new=False)
        node, path = node[key], [*path, key]
    key = _key(node, parents[-1], pointer, new=name == "add")
    if name == "test":
        if node[key] != operation["value"]:
            raise PatchError(f"{pointer} is not what the test says")
        return ()
    if name == "remove":
        del node[key]
        return ()
    value = copy.deepcopy(operation["value"])
    if isinstance(node, list) and name == "add":
        node.insert(int(key), value)
    else:
        node[key] = value
    return (*path, key)


def _key(node: Any, part: str, pointer: str, *, new: bool) -> str | int:
    if isinstance(node, list):
        if part == "-" and new:
            return len(node)
        if part.isdigit() and int(part) < len(node) + new:
            return int(part)
    elif isinstance(node, dict) and (new or part in node):
        return part
    raise PatchError(f"there is nothing at {pointer}")
