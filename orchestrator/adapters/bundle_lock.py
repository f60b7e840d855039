"""``opsctl.lock``: which policies from elsewhere a stack was reviewed with, pinned by digest.

Enters: a folder. Leaves: pins by the source's address. Holds: it is written whole or not at all, sorted, so that a
difference in a review is the difference in policies.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.errors import InvalidSpecError, OpsctlError

FILE: Final = "opsctl.lock"
_HEAD: Final = "# Written by opsctl policy update: what the policies from elsewhere were. Commit it.\n"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Pin:
    """One source as it was when it was pinned."""

    digest: str
    revision: str = ""
    etag: str = ""


def read_lock(folder: Path) -> dict[str, Pin]:
    """The pins of a stack; none where there is no lock file. Raises InvalidSpecError where it is damaged."""
    path = folder / FILE
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {str(name): _pin(pin) for name, pin in (body["policies"] or {}).items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise OpsctlError(f"cannot read {path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, AttributeError) as error:
        hint = "restore it, or run opsctl policy update and review what it pins"
        raise InvalidSpecError(
            (Diagnostic("the lock file is damaged", Position(str(path)), hint),)
        ) from error


def write_lock(folder: Path, pins: Mapping[str, Pin]) -> Path:
    """Write the pins of a stack. Raises OpsctlError."""
    path = folder / FILE
    listed = {
        name: {k: v for k, v in (("digest", pin.digest), ("revision", pin.revision), ("etag", pin.etag)) if v}
        for name, pin in sorted(pins.items())
    }
    text = _HEAD + yaml.safe_dump({"version": _VERSION, "policies": listed}, sort_keys=False, width=200)
    temporary = path.with_name(f".{FILE}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise OpsctlError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def _pin(body: Mapping[str, Any]) -> Pin:
    return Pin(str(body["digest"]), str(body.get("revision", "")), str(body.get("etag", "")))
