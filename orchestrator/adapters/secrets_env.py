"""Secrets from the environment: ``env:NAME``.

Enters: references. Leaves: secrets with a keyed version where a key is configured. Holds: a name that is not
set, or is empty (as CI leaves secrets that do not exist), is an error that names it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.adapters.secret_versions import Versions
from orchestrator.model.errors import PermanentError
from orchestrator.model.values import Secret
from orchestrator.seams.secrets import SecretSource


class EnvSecrets:
    """Reads this process's environment."""

    warnings: Sequence[str] = ()

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def resolve(self, references: Sequence[str]) -> Mapping[str, Secret]:
        """Every reference with its secret. Raises PermanentError that names the first missing one."""
        return {reference: self._one(reference) for reference in references}

    def _one(self, reference: str) -> Secret:
        name = reference.removeprefix("env:")
        value = os.environ.get(name)
        if not value:
            state = "is not set" if value is None else "is empty"
            raise PermanentError(f"{reference}: the variable {name} {state}", "resolve secrets", "NotFound")
        return Secret(value, reference, self._versions.of(reference, value))


def source(settings: Mapping[str, Any], folder: Path) -> SecretSource:
    """The entry point ``env`` of ``opsctl.secrets``. ``settings``: ``key``, see secret_versions."""
    return EnvSecrets(Versions(settings, folder))
