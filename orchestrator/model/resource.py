"""What the user wants: one desired resource, after composites and forEach are expanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator.model.change import Gate
from orchestrator.model.document import Document
from orchestrator.model.ids import Address, Path, ProviderName, TypeName
from orchestrator.model.schema import MISSING


class Mode(StrEnum):
    """How a desired resource is treated."""

    MANAGED = "managed"
    DATA = "data"
    """Looked up, never made."""
    EMPTY = "empty"
    """A forEach without instances: its name is known, and stands for an empty map."""
    COMPOSITE = "composite"
    """Stands for its children; its status is made of theirs."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The user's word on how a resource may change."""

    prevent_destroy: bool = False
    replace: str = ""
    """``create`` or ``delete`` first; empty: the kind's own way."""
    ignore: tuple[Path, ...] = ()
    """Spec paths whose differences are left alone."""
    retain: bool = False
    """On deletion, forget the object instead of deleting it."""

    def leaving_alone(self, want: Mapping[str, Any], seen: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is wanted, with what is there at every path that is to be left alone."""
        for path in self.ignore:
            want = _with(want, path, _at(seen, path))
        return want


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(str(part), MISSING)
        elif isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return MISSING
    return value


def _with(value: Any, path: Path, new: Any) -> Any:
    """A copy of ``value`` with ``new`` at a path; MISSING takes away what is there."""
    if not path:
        return new
    head, rest = path[0], path[1:]
    if isinstance(value, list | tuple):
        if not isinstance(head, int) or head >= len(value) or new is MISSING:
            return value
        return [_with(v, rest, new) if i == head else v for i, v in enumerate(value)]
    if not isinstance(value, Mapping) or (new is MISSING and head not in value):
        return value
    if not rest and new is MISSING:
        return {k: v for k, v in value.items() if k != head}
    return {**value, head: _with(value.get(head, {}), rest, new)}


@dataclass(frozen=True, slots=True)
class Desired:
    """One resource as it should be. Leaves of ``spec`` may be Templates until they are resolved."""

    address: Address
    type: TypeName
    provider: ProviderName
    spec: Mapping[str, Any]
    mode: Mode = Mode.MANAGED
    base: str = ""
    """The name that others use: without the forEach key."""
    parent: Address | None = None
    """The composite that it is a child of."""
    each: Mapping[str, Any] | None = None
    """Of a forEach instance: ``key`` and ``value``."""
    depends_on: tuple[Address, ...] = ()
    lifecycle: Lifecycle = Lifecycle()
    gates: tuple[Gate, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    sinks: Mapping[str, str] = field(default_factory=dict)
    """Where what is told once is put: a reference by the status property's name."""
    status: Mapping[str, Any] = field(default_factory=dict)
    """Of a composite: the Templates that make its status."""
    import_id: str | None = None
    """The id of an existing object to adopt."""
    take_from: str = ""
    """Another stack whose marked object may be taken over."""
    document: Document | None = field(default=None, compare=False, metadata={"transient": True})
    """Where it was written; absent in a saved plan."""
    root: Path = ()
    """Where this resource stands in ``document``: empty unless it is part of a composite type."""
    file: str = ""
    line: int = 0
