"""Secrets from the environment: ``env:NAME``.

Enters: references. Leaves: secrets with a keyed version where a key is configured. Holds: a name that is not
set, or is empty (as CI leaves secrets that do not exist), is an error that names it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from orchestrator.adapters.secret_versions import Versions
from orchestrator.kit.secret_references import answered, missing
from orchestrator.model.values import Secret
from orchestrator.seams.secrets import Answers, SecretPlugin, SecretSource


class EnvSecrets:
    """Reads this process's environment."""

    warnings: Sequence[str] = ()
    calls: Mapping[str, int] = MappingProxyType({})

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def resolve(self, references: Sequence[str]) -> Answers:
        """Every reference with its secret, or the error that names it."""
        return answered(references, self._one)

    def _one(self, reference: str) -> Secret:
        name = reference.partition(":")[2]
        value = os.environ.get(name)
        if not value:
            state = "is not set" if value is None else "is empty"
            raise missing(reference, f"the variable {name} {state}")
        return Secret(value, reference, self._versions.of(reference, value))


def source(settings: Mapping[str, Any], folder: Path) -> SecretSource:
    """Open it. ``settings``: ``key``, see secret_versions."""
    return EnvSecrets(Versions(settings, folder))


plugin: Final = SecretPlugin("env", "env:NAME", "an environment variable of this process", source, local=True)
