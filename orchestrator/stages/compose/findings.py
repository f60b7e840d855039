"""Diagnostics collect here, so that all errors of the stage are shown together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator.model.diagnostic import Diagnostic, Position, Severity
from orchestrator.model.document import Document
from orchestrator.model.ids import Path
from orchestrator.model.schema import Violation


@dataclass(slots=True)
class Findings:
    """The errors and notes found so far."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def error(self, message: str, position: Position | None, hint: str = "", *, address: str = "") -> None:
        """One more error."""
        self.diagnostics.append(Diagnostic(message, position, hint, address))

    def note(self, message: str, position: Position | None, hint: str = "") -> None:
        """One more note: nothing stops for it."""
        self.diagnostics.append(Diagnostic(message, position, hint, severity=Severity.NOTE))

    def violations(self, found: Iterable[Violation], document: Document, root: Path, address: str) -> None:
        """What a schema check found, each at its line."""
        for violation in found:
            position = document.position(*root, *violation.path)
            self.error(violation.message, position, violation.hint, address=address)
