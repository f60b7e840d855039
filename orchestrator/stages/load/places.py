"""Where in the files to point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from orchestrator.model.diagnostic import Position
from orchestrator.model.ids import Path
from orchestrator.model.schema import Violation


class Place(Protocol):
    """A document's source, as exact as loading needs it."""

    @property
    def file(self) -> str:
        """The file's name, as diagnostics show it."""

    def position(self, path: Path) -> Position:
        """Where a value stands."""

    def key_position(self, path: Path) -> Position:
        """Where its key stands."""

    def within(self, path: Path, offset: int) -> Position:
        """Where a character of a string stands."""


def placed(place: Place, at: Path = ()) -> Callable[[Violation], Position]:
    """Where a violation below ``at`` is shown: an unknown key at the key, everything else at its value."""

    def where(violation: Violation) -> Position:
        path = (*at, *violation.path)
        of_key = violation.message.startswith("unknown property")
        return place.key_position(path) if of_key else place.position(path)

    return where
