"""Rego laid out as ``opa fmt`` lays it out, as far as layout alone goes.

Enters: a module's text. Leaves: the same module with tabs a level, one space where one belongs, one blank line at
most, a space after ``#``, sorted imports. Holds: only space changes, and the order of imports: every other token
stays as it is, so what the module means stays too. It does not do what needs a rewrite (``d = 3`` to ``d := 3``,
one line to several, parentheses): for that there is ``opa fmt`` itself. What ``opa fmt`` wrote is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r]+)
    |(?P<line>\n)
    |(?P<comment>\#[^\n]*)
    |(?P<raw>\$?`[^`]*`)
    |(?P<text>\$?"(?:\\.|[^"\\\n])*")
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9](?:[0-9.]|[eE][+-]?[0-9])*)
    |(?P<sign>:=|==|!=|<=|>=|.)""",
    re.VERBOSE | re.DOTALL,
)
_SPACED: Final = frozenset((":=", "==", "!=", "<=", ">="))
"""Signs that stand between two operands only, so that a space on both sides is always right."""
_OPEN: Final = frozenset("([{")
_CLOSE: Final = frozenset(")]}")
_Token = tuple[str, str]


def format_rego(text: str) -> str:
    """The module laid out; ends with one line end, and is empty where the module is."""
    lines = [_spaced(line) for line in _lines(text)]
    out = "\n".join(_squeezed(_grouped(_indented(lines))))
    return f"{out.strip(chr(10))}\n" if out.strip() else ""


def _lines(text: str) -> Iterator[list[_Token]]:
    """Tokens line by line, without the spaces around each line; a raw string keeps its line ends."""
    line: list[_Token] = []
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind == "line":
            yield _stripped(line)
            line = []
        else:
            line.append((kind, match.group()))
    yield _stripped(line)


def _stripped(line: list[_Token]) -> list[_Token]:
    start, end = 0, len(line)
    while start < end and line[start][0] == "space":
        start += 1
    while end > start and line[end - 1][0] == "space":
        end -= 1
    return line[start:end]


def _spaced(line: Sequence[_Token]) -> list[_Token]:
    """One line with the spaces that belong into it."""
    out: list[_Token] = []
    gap = False
    for kind, token in line:
        if kind == "space":
            gap = True
            continue
        if kind == "comment":
            token = _comment(token)  # noqa: PLW2901 - the token as it is written
        if out and _wants_space(out, (kind, token), gap=gap):
            out.append(("space", " "))
        out.append((kind, token))
        gap = False
    return out


def _wants_space(out: Sequence[_Token], token: _Token, *, gap: bool) -> bool:
    before, now = out[-1][1], token[1]
    if token[0] == "comment" or before in _SPACED or now in _SPACED:
        return True
    if now in (",", ";", ")", "]") or before in ("(", "["):
        return False
    return True if before in (",", ";") else gap


def _comment(token: str) -> str:
    body = token[1:].rstrip()
    return f"# {body}" if body and body[0] not in " \t#!" else f"#{body}"


def _indented(lines: Sequence[Sequence[_Token]]) -> Iterator[str]:
    """Lines with a tab for every line that left a bracket open: two brackets opened on one line are one level."""
    opened: list[int] = []
    for number, line in enumerate(lines):
        closers = _leading_closers(line)
        depth = len(set(opened[: len(opened) - closers] if closers else opened))
        depth += line[:1] == [("word", "with")]  # it goes on with the expression above
        yield "\t" * depth + "".join(token for _, token in line) if line else ""
        for kind, token in line:
            if kind == "sign" and token in _OPEN:
                opened.append(number)
            elif kind == "sign" and token in _CLOSE and opened:
                opened.pop()


def _leading_closers(line: Sequence[_Token]) -> int:
    count = 0
    for kind, token in line:
        if kind == "sign" and token in _CLOSE:
            count += 1
        elif kind != "space":
            break
    return count


def _grouped(lines: Iterator[str]) -> Iterator[str]:
    """Imports that stand together, in the order of their paths."""
    imports: list[str] = []
    for line in lines:
        if line.startswith("import "):
            imports.append(line)
            continue
        yield from sorted(imports)
        imports = []
        yield line
    yield from sorted(imports)


def _squeezed(lines: Iterator[str]) -> Iterator[str]:
    """One blank line at most, none at the edges of a body, and one behind the package."""
    before = "{"
    waiting = False
    for line in lines:
        if not line:
            waiting = True
            continue
        after_package = before.startswith("package ") and not line.startswith("#")
        inside = before.endswith(("{", "[", "(")) or line.strip()[0] in _CLOSE
        if (waiting and not inside) or after_package:
            yield ""
        yield line
        before, waiting = line, False
