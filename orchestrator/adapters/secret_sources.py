"""Secrets by reference, from whichever installed source serves their scheme.

Enters: references such as ``env:NAME``. Leaves: secrets by reference, and what the sources noticed on the way.
Holds: an untrusted plan resolves none; a reference in the settings is not a stranger's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.adapters import plugins
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.errors import OpsctlError
from orchestrator.model.plan import Charter
from orchestrator.model.values import Secret


class SecretSources:
    """Every reference resolved by the source of its scheme; what a source noticed on the way is kept."""

    def __init__(self, charter: Charter, folder: Path, *, untrusted: bool) -> None:
        self.charter = charter
        self.folder = folder
        self.untrusted = untrusted
        self.noticed: list[Diagnostic] = []

    def resolve(self, references: Iterable[str], *, trusted: bool = False) -> Mapping[str, Secret]:
        """The secrets by reference; ``trusted``: of settings, which do not come from a stranger."""
        by_scheme: dict[str, list[str]] = {}
        for reference in sorted(references):
            by_scheme.setdefault(reference.partition(":")[0], []).append(reference)
        if self.untrusted and not trusted and by_scheme:
            raise OpsctlError(
                f"an untrusted plan resolves no secrets, and it asks for {', '.join(sorted(by_scheme))}:…"
            )
        found: dict[str, Secret] = {}
        for scheme, group in by_scheme.items():
            source = plugins.load(plugins.SECRETS, scheme)(self.charter.secrets.get(scheme, {}), self.folder)
            found.update(source.resolve(group))
            self.noticed += [Diagnostic(text, severity=Severity.WARNING) for text in source.warnings]
        return found
