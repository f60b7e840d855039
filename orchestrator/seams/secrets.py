"""Where secrets come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from orchestrator.model.values import Secret


class SecretSource(Protocol):
    """Resolves references of one scheme (``env:NAME``). A missing one raises PermanentError that names it."""

    @property
    def warnings(self) -> Sequence[str]:
        """What was noticed while resolving, such as a file that others can read."""

    def resolve(self, references: Sequence[str]) -> Mapping[str, Secret]:
        """Every reference with its secret."""
