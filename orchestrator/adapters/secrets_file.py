"""Secrets from files: ``file:path``, or ``file:path#field`` for one field of a JSON object.

Enters: references; paths count from the stack's folder. Leaves: secrets with a keyed version where a key is
configured, without the final newline of a file. Holds: errors name the reference and never a part of the
content; a file that others can read is used, and said so in ``warnings``.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from orchestrator.adapters.secret_versions import Versions
from orchestrator.model.errors import PermanentError
from orchestrator.model.values import Secret
from orchestrator.seams.secrets import SecretSource

LIMIT: Final = 1024 * 1024
"""Bytes: a longer file is no secret."""


class FileSecrets:
    """Reads files below the stack's folder, or by absolute path."""

    def __init__(self, folder: Path, versions: Versions) -> None:
        self._folder = folder
        self._versions = versions
        self.warnings: list[str] = []

    def resolve(self, references: Sequence[str]) -> Mapping[str, Secret]:
        """Every reference with its secret. Raises PermanentError that names the first missing one."""
        return {reference: self._one(reference) for reference in references}

    def _one(self, reference: str) -> Secret:
        name, _, field = reference.removeprefix("file:").partition("#")
        text = self._read(reference, (self._folder / name).expanduser())
        value = _field(reference, text, field) if field else text.removesuffix("\n").removesuffix("\r")
        if value in ("", None):
            raise _missing(reference, "it is empty")
        return Secret(value, reference, self._versions.of(reference, json.dumps(value)))

    def _read(self, reference: str, path: Path) -> str:
        try:
            with path.open("rb") as file:
                mode = path.stat().st_mode
                content = file.read(LIMIT + 1)
        except OSError as error:
            raise _missing(reference, (error.strerror or str(error)).lower()) from None
        if len(content) > LIMIT:
            raise _missing(reference, f"it is longer than {LIMIT} bytes")
        self._look_at(reference, mode)
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise _missing(reference, "it is not UTF-8 text") from None

    def _look_at(self, reference: str, mode: int) -> None:
        """Others on this machine must not read a secret."""
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            who = "everybody" if mode & stat.S_IROTH else "its group"
            text = f"{reference} can be read by {who} on this machine (mode {mode & 0o777:04o}): chmod 600"
            if text not in self.warnings:
                self.warnings.append(text)


def _field(reference: str, text: str, field: str) -> Any:
    """One field of a JSON object. The parser's own words would show a part of the content."""
    try:
        body = json.loads(text)
    except ValueError:
        raise _missing(reference, "the file is not JSON") from None
    if not isinstance(body, Mapping) or field not in body:
        raise _missing(reference, f"the file has no field {field!r}")
    return body[field]


def _missing(reference: str, reason: str) -> PermanentError:
    return PermanentError(f"{reference}: {reason}", "resolve secrets", "NotFound")


def source(settings: Mapping[str, Any], folder: Path) -> SecretSource:
    """The entry point ``file`` of ``opsctl.secrets``. ``settings``: ``key``, see secret_versions."""
    return FileSecrets(folder, Versions(settings, folder))
