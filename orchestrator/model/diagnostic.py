"""What is wrong in the user's files, where, what was expected, and what to type instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; line and column count from 1. ``text`` is the line itself, where it is at hand."""

    file: str
    line: int = 0
    column: int = 0
    text: str = ""

    def __str__(self) -> str:
        """As editors and terminals link it: ``file:line:column``."""
        place = f"{self.line}:{self.column}" if self.column else str(self.line)
        return f"{self.file}:{place}" if self.line else self.file


class Severity(StrEnum):
    """Errors stop the stage; warnings and notes do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about the user's files."""

    message: str
    position: Position | None = None
    hint: str = ""
    """What was expected, or what to type instead."""
    address: str = ""
    severity: Severity = Severity.ERROR


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like ``name``, or an empty string where none is near."""
    candidates = list(known)
    folded = {c.lower(): c for c in candidates}
    if name.lower() in folded:
        return folded[name.lower()]
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    return close[0] if close else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known name, or an empty string."""
    near = nearest(name, known)
    return f"did you mean {near!r}?" if near else ""
