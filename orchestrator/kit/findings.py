"""What is wrong with what was written, collected so that all of it is shown together; a stage collects into one of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from orchestrator.model.diagnostic import Diagnostic, Position, Severity
from orchestrator.model.schema import Violation


@dataclass(slots=True)
class Findings:
    """The diagnostics so far."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def error(
        self, message: str, position: Position | None = None, hint: str = "", *, address: str = ""
    ) -> None:
        """One more error."""
        self.diagnostics.append(Diagnostic(message, position, hint, address))

    def warn(self, message: str, position: Position | None = None, hint: str = "") -> None:
        """One more warning: nothing stops for it."""
        self.diagnostics.append(Diagnostic(message, position, hint, severity=Severity.WARNING))

    def note(self, message: str, position: Position | None = None, hint: str = "") -> None:
        """One more note: nothing stops for it."""
        self.diagnostics.append(Diagnostic(message, position, hint, severity=Severity.NOTE))

    def violations(
        self, found: Iterable[Violation], where: Callable[[Violation], Position | None], *, address: str = ""
    ) -> bool:
        """What a schema check found, each at its line. Whether there was nothing."""
        clean = True
        for violation in found:
            self.error(violation.message, where(violation), violation.hint, address=address)
            clean = False
        return clean
