"""The parts of a resource document that mean the same for every kind."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.model.change import Gate
from orchestrator.model.duration import seconds
from orchestrator.model.ids import Path
from orchestrator.model.resource import Lifecycle

_SETTINGS = {"within", "interval", "successes", "onFailure"}
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def path_of(text: str) -> Path:
    """A written path (``spec.Tags[0].Key``) without its leading ``spec``."""
    parts: Path = tuple(int(number) if number else name for number, name in _PART.findall(text))
    return parts[1:] if parts[:1] == ("spec",) else parts


def lifecycle_of(body: Mapping[str, Any], inherited: Lifecycle) -> Lifecycle:
    """The lifecycle of one resource; a composite's protections hold for its children."""
    order = {"createFirst": "create", "deleteFirst": "delete"}
    return Lifecycle(
        prevent_destroy=bool(body.get("preventDestroy", inherited.prevent_destroy)),
        replace=order.get(str(body.get("replace", "")), inherited.replace),
        ignore=tuple(path_of(str(p)) for p in body.get("ignore") or ()),
        retain=body["deletion"] == "retain" if "deletion" in body else inherited.retain,
    )


def gates_of(written: Sequence[Mapping[str, Any]]) -> tuple[Gate, ...]:
    """The health gates of one resource, in the order in which they stand."""
    return tuple(_gate(item) for item in written if isinstance(item, Mapping))


def _gate(item: Mapping[str, Any]) -> Gate:
    kind = next((name for name in item if name not in _SETTINGS), "status")
    settings = item.get(kind)
    return Gate(
        kind=kind,
        settings=settings if isinstance(settings, Mapping) else {},
        within=seconds(item.get("within", "5m")),
        interval=seconds(item.get("interval", "2s")),
        successes=int(item.get("successes", 1)),
        on_failure=str(item.get("onFailure", "halt")),
    )
