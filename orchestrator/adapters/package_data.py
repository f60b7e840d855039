"""Files that come with the program: in a wheel inside the package, in a checkout beside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """The folder ``policies``, ``examples`` or ``schemas``. Raises FileNotFoundError where it is not installed."""
    for candidate in (_PACKAGE / "data" / name, _PACKAGE.parent / name, _PACKAGE.parent / "docs" / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"this installation of opsctl has no {name}")
