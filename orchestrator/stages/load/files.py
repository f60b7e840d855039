"""The files of a stack: which there are, and their text."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from orchestrator.model.diagnostic import Diagnostic, Position

STACK_FILE: Final = "opsctl.yaml"
ENVIRONMENTS: Final = "environments"
MAX_BYTES: Final = 32 * 1024 * 1024
_SUFFIXES: Final = (".yaml", ".yml")
_LEFT_OUT: Final = frozenset({ENVIRONMENTS, "tests", "node_modules"})


def find(folder: Path, besides: Collection[Path] = ()) -> Iterator[Path]:
    """Every YAML file below a folder, sorted by path, but for the stack file, environments, tests and hidden ones.

    A folder below with a stack file of its own is another stack; ``besides`` are folders to leave out.
    """
    found: list[Path] = []
    for root, folders, files in os.walk(folder):
        here = Path(root)
        if here != folder and STACK_FILE in files:
            folders.clear()
            continue
        folders[:] = [
            f for f in folders if not f.startswith(".") and f not in _LEFT_OUT and here / f not in besides
        ]
        found += [
            here / f
            for f in files
            if f.endswith(_SUFFIXES) and not f.startswith(".") and here / f not in besides
        ]
    yield from sorted(p for p in found if p != folder / STACK_FILE)


def text_of(path: Path) -> str | Diagnostic:
    """A file's text, or why there is none."""
    at = Position(str(path))
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return Diagnostic(f"{path} is not a regular file", at)
        if status.st_size > MAX_BYTES:
            size = f"{status.st_size / 1024 / 1024:.0f} MiB"
            return Diagnostic(f"{path} has {size}: files above 32 MiB are not read", at, "split it")
        data = path.read_bytes()
    except OSError as error:
        return Diagnostic(f"{path} cannot be read: {error.strerror or error}", at)
    return _decoded(data, path)


def _decoded(data: bytes, path: Path) -> str | Diagnostic:
    at = Position(str(path))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Diagnostic(f"{path} is UTF-16", at, "save it as UTF-8")
    if b"\0" in data:
        return Diagnostic(f"{path} is a binary file, not YAML", at)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        message = f"{path} is not UTF-8: byte 0x{data[error.start]:02x}"
        return Diagnostic(message, Position(str(path), line, column), "save it as UTF-8")
