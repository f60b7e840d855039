"""Secrets in files: ``file:path``, or ``file:path#field`` for one field of a JSON object.

Enters: references; paths count from the stack's folder. Leaves: secrets with a keyed version where a key is
configured, without the final newline of a file. Holds: errors name the reference and never a part of the
content; a file that others can read is used, and said so in ``warnings``; one that is written is its owner's alone,
and is there whole or not at all.
"""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from orchestrator.adapters.secret_versions import Versions
from orchestrator.kit.secret_references import (
    MISSING,
    STORING,
    answered,
    field,
    missing,
    read,
    refusal,
    with_field,
)
from orchestrator.model.errors import PermanentError
from orchestrator.model.values import Secret
from orchestrator.seams.secrets import Answers, SecretPlugin

LIMIT: Final = 1024 * 1024
"""Bytes: a longer file is no secret."""
_NO_VERSION: Final = re.compile(r"(?!)")
_WRITING: Final = threading.Lock()
"""Two fields of one file are written one after the other."""


class FileSecrets:
    """Reads and writes files below the stack's folder, or by absolute path."""

    calls: Mapping[str, int] = MappingProxyType({})

    def __init__(self, folder: Path, versions: Versions) -> None:
        self._folder = folder
        self._versions = versions
        self.warnings: list[str] = []

    def resolve(self, references: Sequence[str]) -> Answers:
        """Every reference with its secret, or the error that names it."""
        return answered(references, self._one)

    def store(self, reference: str, value: str) -> str:
        """Write the file, or one field of it. The version is a keyed digest, or empty without a key."""
        at = read(reference, _NO_VERSION)
        path = (self._folder / at.name).expanduser()
        with _WRITING:
            try:
                before = self._read(reference, path) if at.path else None
            except PermanentError as error:
                if error.code != MISSING or path.exists():
                    raise
                before = None
            _write(reference, path, with_field(at, before, value))
        return self._versions.of(reference, json.dumps(value))

    def _one(self, reference: str) -> Secret:
        at = read(reference, _NO_VERSION)
        text = self._read(reference, (self._folder / at.name).expanduser())
        value = field(at, text if at.path else text.removesuffix("\n").removesuffix("\r"))
        return Secret(value, reference, self._versions.of(reference, json.dumps(value)))

    def _read(self, reference: str, path: Path) -> str:
        try:
            with path.open("rb") as file:
                mode = path.stat().st_mode
                content = file.read(LIMIT + 1)
        except OSError as error:
            raise missing(reference, (error.strerror or str(error)).lower()) from None
        if len(content) > LIMIT:
            raise missing(reference, f"it is longer than {LIMIT} bytes")
        self._look_at(reference, mode)
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise missing(reference, "it is not UTF-8 text") from None

    def _look_at(self, reference: str, mode: int) -> None:
        """Others on this machine must not read a secret."""
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            who = "everybody" if mode & stat.S_IROTH else "its group"
            text = f"{reference} can be read by {who} on this machine (mode {mode & 0o777:04o}): chmod 600"
            if text not in self.warnings:
                self.warnings.append(text)


def _write(reference: str, path: Path, text: str) -> None:
    """All of it or nothing, durable, readable for its owner only."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise refusal(reference, (error.strerror or str(error)).lower(), doing=STORING) from None


def source(settings: Mapping[str, Any], folder: Path) -> FileSecrets:
    """Open it. ``settings``: ``key``, see secret_versions."""
    return FileSecrets(folder, Versions(settings, folder))


plugin: Final = SecretPlugin(
    "file",
    "file:path#field",
    "a file on this machine, or a field of a JSON file",
    source,
    source,
    local=True,
)
