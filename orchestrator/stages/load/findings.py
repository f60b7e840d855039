"""What is wrong with the files, collected; and where to point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.model.diagnostic import Diagnostic, Position, Severity
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


@dataclass(slots=True)
class Findings:
    """The diagnostics so far."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def error(self, message: str, position: Position | None = None, hint: str = "") -> None:
        """One more error."""
        self.diagnostics.append(Diagnostic(message, position, hint))

    def warn(self, message: str, position: Position | None = None, hint: str = "") -> None:
        """One more warning: nothing stops for it."""
        self.diagnostics.append(Diagnostic(message, position, hint, severity=Severity.WARNING))

    def violations(self, found: Iterable[Violation], place: Place, at: Path = ()) -> bool:
        """Every violation at its line; an unknown key is shown at the key. Whether there was none."""
        clean = True
        for violation in found:
            path = (*at, *violation.path)
            of_key = violation.message.startswith("unknown property")
            position = place.key_position(path) if of_key else place.position(path)
            self.error(violation.message, position, violation.hint)
            clean = False
        return clean
