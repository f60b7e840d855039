"""Diagnostics in the manner of a compiler: what, where, the line with a caret, and what to type instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import addressed, count
from orchestrator.model.diagnostic import Diagnostic, Position, Severity

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_TAB: Final = 4
_WORD: Final = re.compile(r"\$\{[^}]*\}|(?:[^\s:,{}\[\]]|:(?=\S))*")
"""An expression, or what stands up to a space or to YAML's own signs."""


def render_diagnostics(diagnostics: Iterable[Diagnostic], style: Style = PLAIN) -> str:
    """All diagnostics, a blank line between them, and how many errors there are where there are several."""
    found = list(dict.fromkeys(diagnostics))
    blocks = ["\n".join(_lines(d, style)) for d in found]
    errors = sum(d.severity is Severity.ERROR for d in found)
    if errors > 1:
        blocks.append(style.paint(count(errors, "error"), "bold"))
    return style.plain("\n\n".join(blocks))


def _lines(diagnostic: Diagnostic, style: Style) -> Iterator[str]:
    colour = _COLOURS[diagnostic.severity]
    first, *more = diagnostic.message.splitlines() or [""]
    head = style.paint(f"{diagnostic.severity}:", colour, "bold")
    yield f"{head} {style.paint(addressed(first, diagnostic.address), 'bold')}"
    yield from more
    where = diagnostic.position
    gutter = len(str(where.line)) if where and where.line else 1
    if where is not None:
        yield f"{' ' * gutter}{style.paint('-->', 'blue')} {where}"
        yield from _shown(where, gutter, style, colour)
    if diagnostic.hint:
        lines = diagnostic.hint.splitlines()
        mark = style.paint("hint:", "green", "bold")
        yield f"{' ' * gutter} {mark} {lines[0]}"
        yield from (f"{' ' * gutter}       {line}" for line in lines[1:])


def _shown(where: Position, gutter: int, style: Style, colour: str) -> Iterator[str]:
    """The line itself, with a caret under the column. The text is looked up where the position has none."""
    text = where.text or _line_of(where)
    if not where.line or not text.strip():
        return
    bar = style.paint("|", "blue")
    number = style.paint(str(where.line), "blue")
    yield f"{' ' * gutter} {bar}"
    yield f"{number} {bar} {text.expandtabs(_TAB).rstrip()}"
    if where.column:
        before = text[: where.column - 1].expandtabs(_TAB)
        caret = style.paint("^" * _extent(text, where.column), colour, "bold")
        yield f"{' ' * gutter} {bar} {' ' * len(before)}{caret}"


def _extent(text: str, column: int) -> int:
    """How many carets: to the end of the word that starts at the column."""
    rest = text[column - 1 :].rstrip()
    if rest and rest[0] in "\"'":
        end = rest.find(rest[0], 1)
        return end + 1 if end > 0 else len(rest)
    return max(1, len(_WORD.match(rest)[0]))  # type: ignore[index]  # it matches the empty text too


def _line_of(where: Position) -> str:
    """The line of a file that is at hand; nothing where it is not."""
    if not where.line:
        return ""
    try:
        lines = Path(where.file).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[where.line - 1] if where.line <= len(lines) else ""
