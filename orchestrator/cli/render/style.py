"""What a stream can show: colour, signs beyond ASCII, a width. Decided once, asked everywhere."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_ASCII: Final = {
    "✓": "ok",
    "✗": "x",
    "±": "-/+",
    "→": "->",
    "·": "-",
    "…": "...",
    "↶": "<",
    "│": "|",
    "—": "-",
}
COLOURS: Final[Mapping[str, str]] = {code: name for name, code in _CODES.items()}
"""Colours and weights by the code that paints them."""


@dataclass(frozen=True, slots=True)
class Style:
    """How text may look on one stream."""

    colour: bool = False
    unicode: bool = True
    live: bool = False
    """Whether lines may be redrawn."""
    width: int = 100

    def paint(self, text: str, *names: str) -> str:
        """``text`` in these colours and weights, or as it is."""
        if not self.colour or not text or not names:
            return text
        return f"\x1b[{';'.join(_CODES[n] for n in names)}m{text}\x1b[0m"

    def sign(self, sign: str) -> str:
        """A sign, or what stands for it where only ASCII can be shown."""
        return sign if self.unicode else _ASCII.get(sign, sign)

    def plain(self, text: str) -> str:
        """``text`` in letters that the stream can show."""
        if self.unicode:
            return text
        for sign, instead in _ASCII.items():
            text = text.replace(sign, instead)
        return text.encode("ascii", "backslashreplace").decode()


PLAIN: Final = Style()


def style_of(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """What a stream can show: colour and redrawing on a terminal only, and not where NO_COLOR or CI is set."""
    terminal = stream.isatty() and environ.get("TERM") != "dumb"
    quiet = bool(environ.get("CI"))
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
    return Style(
        colour=terminal and not quiet and not environ.get("NO_COLOR"),
        unicode=encoding.startswith("utf"),
        live=terminal and not quiet,
        width=shutil.get_terminal_size((100, 24)).columns if terminal else 100,
    )
