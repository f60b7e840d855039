"""Spec files laid out in one way: two spaces a level, one where one belongs, one blank line at most.

Enters: the text of a YAML file. Leaves: the same documents in the usual layout. Holds: only space changes; every token
and every comment stays as it is and where it is, so that aliases, quotes and the order of keys are the author's. What was
laid out is parsed again, and is given out only where it means the same; what cannot be laid out so (directives, keys
written with ``?``) is left alone.

Items of a list stand two spaces below their key, also where they stood under it. The lines of a text of several lines
keep their place relative to their key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

_STEP: Final = 2
_STARTS: Final = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)
_OPENING: Final = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_CLOSING: Final = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_NAMING: Final = (yaml.AliasToken, yaml.AnchorToken, yaml.TagToken)
"""Behind these a space is a part of the syntax."""
_SILENT: Final = (yaml.StreamStartToken, yaml.StreamEndToken)


class LayoutError(Exception):
    """A file that is no YAML, or that this layout cannot write. The message says which."""


@dataclass(slots=True)
class _Level:
    """An open block collection: the column of its keys or items, before and after."""

    old: int
    new: int
    keys: bool = True
    """Of a map."""
    bare: bool = False
    """A list whose items stand in their key's own column, which has no end of its own."""


@dataclass(slots=True)
class _Layout:
    """What was written so far, and where in the old text that ends."""

    text: str
    out: list[str] = field(default_factory=list)
    at: int = 0
    levels: list[_Level] = field(default_factory=list)
    ended: list[_Level] = field(default_factory=list)
    """Levels that have ended since the last token: a comment may still belong to one."""
    flow: int = 0
    before: Any = None
    """The last token that was written."""
    item: int | None = None
    """The new column of a list's item whose content follows on the same line."""

    @property
    def shift(self) -> int:
        """How far lines move that go on with something."""
        return self.levels[-1].new - self.levels[-1].old if self.levels else 0


def format_spec(text: str) -> str:
    """The file laid out. Raises LayoutError where it is no YAML, or cannot be laid out without changing what it means."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        meant = _meaning(plain)
        tokens = list(yaml.scan(plain, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise LayoutError(_problem(error)) from error
    out = _laid_out(plain, tokens)
    try:
        same = _meaning(out) == meant
    except yaml.YAMLError:
        same = False
    if not same:
        raise LayoutError("its layout cannot be changed without changing what it means")
    return out


def _laid_out(text: str, tokens: list[Any]) -> str:
    layout = _Layout(text)
    for token in tokens:
        if isinstance(token, yaml.DirectiveToken):
            raise LayoutError("it has a %directive")
        if isinstance(token, yaml.KeyToken) and token.end_mark.index > token.start_mark.index:
            raise LayoutError("it has a key that is written with ?")
        _take(layout, token)
    _gap(layout, len(text), 0)
    out = "".join(layout.out).strip("\n")
    return f"{out}\n" if out else ""


def _take(layout: _Layout, token: Any) -> None:
    start, end = token.start_mark, token.end_mark
    if isinstance(token, yaml.DocumentStartToken | yaml.DocumentEndToken):
        layout.levels.clear()
    _structure(layout, token, start)
    if isinstance(token, _SILENT) or end.index == start.index:
        return
    first = _starts_line(layout, start)
    _gap(layout, start.index, _column(layout, start) if first else None, token)
    written = layout.text[start.index : end.index]
    if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
        written = _own_lines(written)
    layout.out.append(written if "\n" not in written else _shifted(written, layout))
    layout.at, layout.before = start.index + len(written), token
    layout.ended.clear()
    if isinstance(token, yaml.BlockEntryToken):
        layout.item = _column(layout, start) if first else (layout.item or 0) + _STEP
    elif not isinstance(token, _NAMING):
        layout.item = None
    layout.flow += isinstance(token, _OPENING) - isinstance(token, _CLOSING)


def _structure(layout: _Layout, token: Any, mark: Any) -> None:
    """Levels that begin and end with this token."""
    levels = layout.levels
    if isinstance(token, _STARTS):
        keys = isinstance(token, yaml.BlockMappingStartToken)
        levels.append(_Level(mark.column, _new_column(layout, mark), keys))
    elif isinstance(token, yaml.BlockEndToken):
        if levels and levels[-1].bare:
            layout.ended.append(levels.pop())
        if levels:
            layout.ended.append(levels.pop())
    elif isinstance(token, yaml.KeyToken) and not layout.flow and levels and levels[-1].bare:
        layout.ended.append(levels.pop())
    elif isinstance(token, yaml.BlockEntryToken) and _under_its_key(levels, layout.before, mark):
        levels.append(_Level(mark.column, levels[-1].new + _STEP, keys=False, bare=True))


def _under_its_key(levels: list[_Level], before: Any, mark: Any) -> bool:
    """Whether an item begins a list in the column of its key: behind the colon, perhaps with an anchor between."""
    begins = isinstance(before, yaml.ValueToken | yaml.AnchorToken | yaml.TagToken)
    return bool(levels) and begins and levels[-1].keys and levels[-1].old == mark.column


def _new_column(layout: _Layout, mark: Any) -> int:
    if layout.item is not None and not _starts_line(layout, mark):
        return layout.item + _STEP
    return layout.levels[-1].new + _STEP if layout.levels else 0


def _starts_line(layout: _Layout, mark: Any) -> bool:
    line = layout.text.rfind("\n", 0, mark.index) + 1
    return not layout.text[line : mark.index].strip(" ")


def _column(layout: _Layout, mark: Any) -> int:
    """The new column of what begins a line."""
    if not layout.levels:
        return int(mark.column)
    top = layout.levels[-1]
    return top.new if mark.column == top.old and not layout.flow else max(0, mark.column + layout.shift)


def _gap(layout: _Layout, end: int, column: int | None, token: Any = None) -> None:
    """What stands between two tokens: spaces, comments, line ends."""
    gap = layout.text[layout.at : end]
    if "\n" not in gap:
        if token is None and not layout.out:
            layout.out.append(_comment(gap, 0))
            return
        new = column is not None and not layout.out
        layout.out.append(" " * (column or 0) if new else _space(layout, gap, token))
        return
    first, *middle, last = gap.split("\n")
    layout.out.append(f"{first.rstrip()}\n" if layout.out else _comment(first, column or 0))
    blank = not layout.out[-1].strip() and len(layout.out) == 1
    for line in middle:
        if line.strip():
            here = _comment_column(layout, line, column or 0, token)
            layout.out.append(f"{' ' * here}{line.strip()}\n")
        elif not blank:
            layout.out.append("\n")
        blank = not line.strip()
    if last.strip():
        layout.out.append(_comment(last, column or 0))
    else:
        layout.out.append(" " * (column or 0))


def _comment(line: str, column: int) -> str:
    """The first line of a file, or its last, where it is a comment."""
    return f"{' ' * column}{line.strip()}\n" if line.strip() else ""


def _comment_column(layout: _Layout, line: str, column: int, token: Any) -> int:
    """With what it stands above, or with an open collection in whose column it stood."""
    old = len(line) - len(line.lstrip(" "))
    if layout.flow:
        return max(0, old + layout.shift)
    if token is not None and token.start_mark.column == old:
        return column
    known = sorted([*layout.ended, *reversed(layout.levels)], key=lambda level: level.bare)
    return next((level.new for level in known if level.old == old), column)


def _space(layout: _Layout, gap: str, token: Any) -> str:
    """What stands between two tokens of one line."""
    before = layout.before
    if "#" in gap or before is None:
        return gap.rstrip() if token is None else gap
    if isinstance(before, _NAMING) or isinstance(token, _NAMING):
        return " " if gap and not isinstance(before, _OPENING) else ""
    if isinstance(before, yaml.ValueToken | yaml.BlockEntryToken | yaml.FlowEntryToken):
        return "" if token is None else " "
    if isinstance(before, _OPENING) or isinstance(token, (*_CLOSING, yaml.FlowEntryToken, yaml.ValueToken)):
        return ""
    return gap.rstrip() if token is None else gap


def _own_lines(written: str) -> str:
    """A text after ``|`` or ``>`` without what the scanner counts to it: the next line's indent, and blank lines.

    With ``+`` the blank lines are a part of it.
    """
    lines = written.split("\n")
    lines.pop()
    while len(lines) > 1 and not lines[-1].strip() and "+" not in lines[0]:
        lines.pop()
    return "\n".join(lines)


def _shifted(written: str, layout: _Layout) -> str:
    """A text of several lines; each but the first moves with its key."""
    first, *rest = written.split("\n")
    return "\n".join([first, *(_moved(line, layout.shift) for line in rest)])


def _moved(line: str, shift: int) -> str:
    if shift >= 0:
        return f"{' ' * shift}{line}" if line else line
    room = len(line) - len(line.lstrip(" "))
    return line[min(room, -shift) :]


def _meaning(text: str) -> list[tuple[Any, ...]]:
    """Every event of the parser but for its place, and every comment."""
    events: list[tuple[Any, ...]] = [
        (
            type(event),
            getattr(event, "anchor", None),
            getattr(event, "tag", None),
            getattr(event, "value", None),
            getattr(event, "implicit", None),
            getattr(event, "style", None),
        )
        for event in yaml.parse(text, Loader=yaml.CSafeLoader)
    ]
    return [*events, *((comment,) for comment in comments(text))]


def comments(text: str) -> Iterator[str]:
    """The comments of a file, in order."""
    at = 0
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        yield from _comments_in(text[at : token.start_mark.index])
        at = max(at, token.end_mark.index)
    yield from _comments_in(text[at:])


def _comments_in(gap: str) -> Iterator[str]:
    yield from (found[0].rstrip() for found in re.finditer(r"#[^\n]*", gap))


def _problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    said = str(getattr(error, "problem", None) or error).partition("\n")[0]
    return f"line {mark.line + 1}: {said}" if mark is not None else said
