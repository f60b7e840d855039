"""One YAML document of the user's, with the position of everything in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestrator.model.diagnostic import Position
from orchestrator.model.ids import Path


class Source(Protocol):
    """The text that a document came from."""

    def position(self, path: Path) -> Position:
        """Where the value (or its key) at ``path`` stands; the nearest parent's place where it is not there."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as loaded: plain data, and where it stands."""

    body: Mapping[str, Any]
    source: Source = field(compare=False)

    @property
    def kind(self) -> str:
        """The value of ``kind``, or an empty string."""
        kind = self.body.get("kind")
        return kind if isinstance(kind, str) else ""

    @property
    def name(self) -> str:
        """``metadata.name``, or an empty string."""
        metadata = self.body.get("metadata")
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        return name if isinstance(name, str) else ""

    def position(self, *path: str | int) -> Position:
        """Where the value at ``path`` stands."""
        return self.source.position(path)
