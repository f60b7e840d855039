"""Tags in AWS's shape, and our marker among them.

Holds: a tag of ours, or one that AWS itself sets (``aws:``), is never part of a spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrator.model.marker import Marker, is_marker, marker_of
from orchestrator.model.provision import Request

Tag = dict[str, Any]
RESERVED: Final = "aws:"


def _pairs(raw: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {tag["Key"]: tag.get("Value", "") for tag in raw}


def of_marker(marker: Marker) -> list[Tag]:
    """The marker alone."""
    return [{"Key": key, "Value": value} for key, value in marker.tags().items()]


def wanted(request: Request) -> list[Tag]:
    """What an object of ours carries: the spec's tags and our marker."""
    return [dict(tag) for tag in request.want.get("Tags") or ()] + of_marker(request.marker)


def spec_tags(raw: Iterable[Mapping[str, Any]]) -> list[Tag]:
    """The tags that belong to the spec, in one order."""
    pairs = _pairs(raw)
    kept = [k for k in sorted(pairs) if not is_marker(k) and not k.startswith(RESERVED)]
    return [{"Key": key, "Value": pairs[key]} for key in kept]


def read_marker(raw: Iterable[Mapping[str, Any]]) -> Marker | None:
    """The marker, if all of it is there."""
    return marker_of(_pairs(raw))


def difference(request: Request) -> tuple[list[Tag], list[str]]:
    """What to set and which keys to remove, so that the object has the spec's tags."""
    want = _pairs(request.want.get("Tags") or ())
    have = _pairs((request.prior.spec.get("Tags") or ()) if request.prior else ())
    changed = [{"Key": k, "Value": v} for k, v in want.items() if k not in have or have[k] != v]
    return changed, [k for k in have if k not in want]


def refuse_reserved(spec: Mapping[str, Any]) -> list[str]:
    """What is wrong with a spec's tags that a schema cannot say."""
    tags = spec.get("Tags")
    wrong = []
    for tag in tags if isinstance(tags, list | tuple) else ():
        key = tag.get("Key") if isinstance(tag, Mapping) else None
        if isinstance(key, str) and (is_marker(key) or key.startswith(RESERVED)):
            wrong.append(f"tag {key!r} begins with a prefix that is reserved")
    return wrong
