"""The version of a secret whose source has none: a keyed digest, so that a change is seen and nothing is told.

Enters: the setting ``key``, a reference (``env:NAME`` or ``file:path``) to a key of at least 16 bytes. Leaves:
HMAC-SHA256 over reference and value; an empty version without a key: changes are not tracked then. Holds: the
key is never part of a file that is committed, for a digest under a known key tells short secrets.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.model.errors import PermanentError
from orchestrator.model.values import Secret


class Versions:
    """Makes versions under one key, or empty ones."""

    def __init__(self, settings: Mapping[str, Any], folder: Path) -> None:
        self._key = _key(settings.get("key"), folder)

    def of(self, reference: str, value: str) -> str:
        """Equal for equal values of one reference; two references with one value cannot be told to be equal."""
        if self._key is None:
            return ""
        text = f"{reference}\0{value}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()


def _key(setting: Any, folder: Path) -> bytes | None:
    """Raises PermanentError for a key that is missing, short, or written where it can be read."""
    if setting is None:
        return None
    if isinstance(setting, Secret):
        return _long_enough(str(setting.value).encode(), setting.reference)
    scheme, _, rest = str(setting).partition(":")
    match scheme:
        case "env" if os.environ.get(rest):
            return _long_enough(os.environ[rest].encode(), str(setting))
        case "env":
            raise PermanentError(f"the key of secret versions, {setting}, is not set", "resolve secrets")
        case "file":
            try:
                return _long_enough((folder / rest).expanduser().read_bytes().strip(), str(setting))
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise PermanentError(
                    f"the key of secret versions, {setting}: {reason}", "resolve secrets"
                ) from None
        case _:
            raise PermanentError(
                "the key of secret versions must be a reference, env:NAME or file:path", "resolve secrets"
            )


def _long_enough(key: bytes, reference: str) -> bytes:
    if len(key) < 16:
        raise PermanentError(
            f"the key of secret versions, {reference}, is shorter than 16 bytes", "resolve secrets"
        )
    return key
