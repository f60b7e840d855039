"""Files on this machine's disk: whole, atomic, and errors as our three families.

Enters: absolute paths and bytes. Leaves: what lies there. Holds: a reader sees the old content or the new one,
never a part; a link is never followed to be written through.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.errors import PermanentError


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it lies there; ``content`` is cut off at the limit of the look."""

    content: bytes
    mode: int
    size: int


def look(path: Path, limit: int) -> Found | None:
    """What lies at a path, or None. Raises PermanentError for what is no plain file or may not be read."""
    with _named("ReadFile", path):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise PermanentError(f"{path} is no plain file", "ReadFile")
            return Found(file.read(limit), stat.S_IMODE(status.st_mode), status.st_size)


def create(path: Path, content: bytes, mode: int) -> bool:
    """Write a new file; False where something lies there already, which stays as it is."""
    with _named("WriteFile", path), _beside(path, content, mode) as fresh:
        try:
            os.link(fresh, path)
        except FileExistsError:
            return False
        _settle(path.parent)
        return True


def replace(path: Path, content: bytes, mode: int) -> None:
    """Write a file, in place of what lies there."""
    with _named("WriteFile", path), _beside(path, content, mode) as fresh:
        fresh.replace(path)
        _settle(path.parent)


def remove(path: Path) -> None:
    """Remove a file; one that is not there is removed already."""
    with _named("DeleteFile", path):
        path.unlink(missing_ok=True)


@contextmanager
def _beside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A finished file in the same folder, which is gone afterwards unless it was renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name[:200]}.{secrets.token_hex(6)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, mode)
            os.fsync(handle)
        yield fresh
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()


def _settle(folder: Path) -> None:
    """Make a new name durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _named(operation: str, path: Path) -> Iterator[None]:
    """The system's errors in our words: none of them passes by waiting."""
    try:
        yield
    except OSError as error:
        code = "" if error.errno is None else os.strerror(error.errno)
        raise PermanentError(f"{path}: {code or error}", operation, type(error).__name__) from error
