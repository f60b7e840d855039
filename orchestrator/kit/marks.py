"""Our marker among the user's own tags: put beside them, and taken out again. Tags are a mapping, or plain texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.marker import Marker, is_marker, marker_of, marker_of_labels


def joined(own: Any, marker: Marker) -> Any:
    """Put the marker beside the user's entries."""
    if isinstance(own, Mapping):
        return {**own, **marker.tags()}
    return list(dict.fromkeys([*marker.labels(), *own]))


def parted(seen: Any) -> tuple[Any, Marker | None]:
    """Take the marker out: what is the user's (plain tags in order), and whose the object is."""
    if isinstance(seen, Mapping):
        return {key: value for key, value in seen.items() if not is_marker(key)}, marker_of(seen)
    return sorted(tag for tag in seen if not is_marker(tag)), marker_of_labels(seen)
