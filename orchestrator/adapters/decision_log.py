"""The decision log: a file to which every decision of policy is added as a line of JSON.

Holds: what stands there is never written over; several runs may add at the same time, each line whole; nobody but its
owner can read a file that this makes. Fails closed: a decision that cannot be kept is none, so nothing is applied.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.model.errors import PolicyDeniedError

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_OTHERS = stat.S_IRWXO | stat.S_IWGRP


class DecisionLog:
    """One file. A group may read it where its owner lets it; nobody else may."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, entry: Mapping[str, Any]) -> None:
        """Add a line. Raises PolicyDeniedError where it cannot be kept."""
        line = msgspec.json.encode(entry) + b"\n"
        try:
            file = os.open(self._path, _FLAGS, 0o600)
        except OSError as error:
            raise self._refused((error.strerror or str(error)).lower()) from error
        try:
            self._write(file, line)
        except OSError as error:
            raise self._refused((error.strerror or str(error)).lower()) from error
        finally:
            os.close(file)

    def _write(self, file: int, line: bytes) -> None:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise self._refused("it is no regular file")
        if about.st_mode & _OTHERS:
            raise self._refused(f"others may read or change it: chmod 600 {self._path}")
        fcntl.flock(file, fcntl.LOCK_EX)
        begin = os.fstat(file).st_size
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(file, left) :]
            os.fsync(file)
        except OSError:
            os.ftruncate(file, begin)  # half a line would spoil the next one
            raise

    def _refused(self, why: str) -> PolicyDeniedError:
        return PolicyDeniedError(
            f"the decision of policy cannot be kept in {self._path}: {why}; nothing was applied\n"
            "hint: policy.decisionLog in opsctl.yaml names the file"
        )
