"""Files that hold keys: read only where nobody else on this machine can read them, as ssh does.

Enters: a path. Leaves: its bytes. Holds: no message shows a part of the content.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from orchestrator.model.errors import OpsctlError

_LIMIT: Final = 64 * 1024


def read_private(path: Path, what: str) -> bytes:
    """The content of a key file. Raises OpsctlError where others can read it, or it is no small file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            # Of the open file, not of the path: what is looked at is what is read.
            mode = os.fstat(file.fileno()).st_mode
            _check(path, what, mode)
            content = file.read(_LIMIT + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OpsctlError(f"{what} {path}: {reason}") from error
    if len(content) > _LIMIT:
        raise OpsctlError(f"{what} {path} is longer than {_LIMIT} bytes: that is no key")
    return content


def _check(path: Path, what: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OpsctlError(f"{what} {path} is not a file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise OpsctlError(
            f"{what} {path} can be read or changed by others on this machine (mode {mode & 0o777:04o}), "
            f"so it is not used\nhint: chmod 600 {path}, and think about whether they have read it"
        )
