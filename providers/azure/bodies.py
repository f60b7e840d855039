"""Between a spec and an ARM body, both ways. Pure.

Enters: specs, bodies as the service told them, markers. Leaves: bodies to send, and what was observed. Holds:
a body to send keeps what the spec does not speak of; a spec read back holds only what a spec can say.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.kit.compare import same
from orchestrator.kit.marks import joined, parted
from orchestrator.model.change import PropertyChange
from orchestrator.model.ids import Path
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Observed
from orchestrator.model.schema import MISSING, Property

from . import ids
from .kinds.kind import ArmKind

OURS = ("name", "parent", "apiVersion")
THEIRS = ("id", "name", "type", "etag", "systemData", "resources", "instanceView")
KEYS = ("name", "lun", "id")


def created(kind: ArmKind, want: Mapping[str, Any], marker: Marker) -> dict[str, Any]:
    """The body of a create: the spec as it is, with the marker among the tags."""
    asked = {name: copy.deepcopy(value) for name, value in want.items() if name not in OURS}
    body: dict[str, Any] = _without_nulls(asked)
    if kind.tagged:
        body["tags"] = joined(body.get("tags", {}), marker)
    return body


def updated(
    kind: ArmKind,
    current: Mapping[str, Any],
    want: Mapping[str, Any],
    marker: Marker,
    *,
    changes: Sequence[PropertyChange] = (),
) -> dict[str, Any]:
    """The whole body of an update: what is there, with what the spec says written over it.

    A change to nothing takes a property away, which puts it back to what the service makes of it.
    """
    asked = {name: value for name, value in want.items() if name not in OURS}
    written = _written(kind.schema.spec, _sendable(kind, current), asked)
    for path in _unset(changes):
        _drop(written, path)
    if kind.tagged:
        written["tags"] = joined(asked.get("tags", {}), marker)
    body: dict[str, Any] = _without_nulls(written)
    return body


def _unset(changes: Sequence[PropertyChange]) -> Iterator[Path]:
    """What is taken away: whole properties, and entries of a map that stands otherwise."""
    for each in changes:
        if each.after is None:
            yield each.path
        elif isinstance(each.before, Mapping) and isinstance(each.after, Mapping):
            yield from ((*each.path, name) for name in each.before.keys() - each.after.keys())


def _drop(document: Any, path: Path) -> None:
    """Take a property out, and what holds nothing then."""
    if isinstance(document, list) and path:
        _drop(document[int(path[0])], path[1:])
    if not isinstance(document, dict) or not path or path[0] not in document:
        return
    if len(path) > 1:
        _drop(document[path[0]], path[1:])
    if len(path) == 1 or document[path[0]] == {}:
        del document[path[0]]


def patched(body: Mapping[str, Any], schema: Property, changes: Sequence[PropertyChange]) -> dict[str, Any]:
    """Of an update's body, only what changes, below `properties` by the first name; null takes away."""
    part: dict[str, Any] = {}
    for change in changes:
        head, *rest = [str(step) for step in change.path]
        if head == "properties" and rest:
            known = schema.properties["properties"].properties[rest[0]]
            part.setdefault("properties", {})[rest[0]] = project(known, body["properties"].get(rest[0]))
        else:
            part[head] = body.get(head)
    for path in _unset(changes):
        holder: Any = part
        for step in path[:-1]:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder[path[-1]] = None
    return part


def retagged(kind: ArmKind, current: Mapping[str, Any], marker: Marker) -> dict[str, Any]:
    """The tags that are there, with another marker."""
    own, _old = parted(current.get("tags") or {})
    return {**_sendable(kind, current), "tags": joined(own, marker)}


def observed(kind: ArmKind, body: Mapping[str, Any], said: Mapping[str, Any]) -> Observed:
    """What a GET or a list told, in the words of the spec; `said` is the spec, for its apiVersion alone."""
    own, marker = parted(body.get("tags") or {})
    clean = {**body, "tags": own}
    spec = project(kind.schema.spec, clean)
    if kind.wanted is not None:
        spec = kind.wanted(spec)
    spec["name"] = ids.name_in(body["id"])
    if kind.parent:
        spec["parent"] = ids.parent_in(kind, body["id"])
    if isinstance(said.get("apiVersion"), str):
        spec["apiVersion"] = said["apiVersion"]
    status = project(kind.schema.status, clean, shown=True)
    status["name"] = spec["name"]
    return Observed(body["id"], spec, status, marker, str(body.get("etag", "")))


def state_of(kind: ArmKind, body: Mapping[str, Any]) -> str:
    """How far the service is with the resource; "" where it does not say."""
    properties = body.get("properties")
    return str(properties.get(kind.state, "")) if kind.state and isinstance(properties, Mapping) else ""


def project(schema: Property, value: Any, *, shown: bool = False) -> Any:
    """Of a value, what the schema knows; nulls are left out."""
    if isinstance(value, Mapping) and schema.properties:
        return {
            name: project(inner, value[name], shown=shown)
            for name, inner in schema.properties.items()
            if value.get(name) is not None and (shown or not inner.read_only)
        }
    if isinstance(value, Mapping):
        return {name: copy.deepcopy(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [project(schema.items or Property(), each, shown=shown) for each in value]
    return value


def _sendable(kind: ArmKind, current: Mapping[str, Any]) -> dict[str, Any]:
    """A body as read, without what only the service sets."""
    body = {name: copy.deepcopy(each) for name, each in current.items() if name not in THEIRS}
    spec, status = kind.schema.spec.properties, kind.schema.status.properties
    for name in status.keys() - spec.keys():
        body.pop(name, None)
    writable = spec["properties"].properties if "properties" in spec else {}
    for name in (
        *(status["properties"].properties.keys() - writable.keys()),
        "provisioningState",
        "instanceView",
    ):
        body.get("properties", {}).pop(name, None)
    return body


def _written(schema: Property, base: Any, want: Any) -> Any:
    if isinstance(want, Mapping) and schema.properties:
        merged = dict(base) if isinstance(base, Mapping) else {}
        for name, inner in schema.properties.items():
            if name in want:
                merged[name] = _written(inner, merged.get(name), want[name])
            elif inner.default is not MISSING and name in merged:
                merged[name] = _defaulted(inner, merged[name])
            elif inner.properties and isinstance(merged.get(name), Mapping):
                merged[name] = _written(inner, merged[name], {})
        return merged
    if isinstance(want, list | tuple) and schema.items is not None:
        return [_written(schema.items, _twin(schema.items, base, each), each) for each in want]
    return copy.deepcopy(want)


def _defaulted(schema: Property, seen: Any) -> Any:
    """What stands where the spec is silent and the default is known: the default, unless it means the same."""
    return seen if same(schema, schema.default, seen) else copy.deepcopy(schema.default)


def _twin(item: Property, base: Any, want: Any) -> Any:
    """The item of the list as read that is the wanted one, by its name, number or id."""
    known = next((name for name in KEYS if name in item.properties), "")
    if not known or not isinstance(want, Mapping):
        return None
    schema = item.properties[known]
    for each in base if isinstance(base, list) else ():
        if isinstance(each, Mapping) and known in each and same(schema, want.get(known), each[known]):
            return each
    return None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(each) for each in value]
    return value
