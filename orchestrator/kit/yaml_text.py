"""The text of one YAML file: its lines, and where things stand in it. Nothing is kept per value.

A position is found by composing the one document again that a diagnostic points at: that is rare, and it keeps
10,000 documents small.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml._yaml import CParser

from orchestrator.model.diagnostic import Position
from orchestrator.model.ids import Path

_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class Composer(CParser):
    """LibYAML's parser without a resolver: a node has a tag only where the file writes one."""

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """Nothing depends on the path."""

    def ascend_resolver(self) -> None:
        """Nothing depends on the path."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> None:
        """Plain scalars are resolved when they are read."""

    def nodes(self) -> Iterator[Any]:
        """Every document's root; raises YAMLError where the text ends to be YAML."""
        while self.check_node():
            yield self.get_node()


@dataclass(slots=True, eq=False)
class Text:
    """A file's text, with its lines found on first need."""

    file: str
    text: str = field(repr=False)
    _starts: list[int] = field(default_factory=list, repr=False)
    _composed: tuple[int, Any] = field(default=(-1, None), repr=False)

    def line(self, number: int) -> str:
        """The line of that number, which counts from 0."""
        starts = self.starts
        if not 0 <= number < len(starts):
            return ""
        end = starts[number + 1] if number + 1 < len(starts) else len(self.text)
        return self.text[starts[number] : end].rstrip("\r\n\x85\u2028\u2029")

    @property
    def starts(self) -> list[int]:
        """Where each line starts."""
        if not self._starts:
            self._starts = [0, *(match.end() for match in _BREAK.finditer(self.text))]
        return self._starts

    def place(self, line: int, column: int) -> Position:
        """A position from numbers that count from 0."""
        return Position(self.file, line + 1, column + 1, self.line(line))

    def at(self, index: int) -> Position:
        """The position of a character."""
        line = max(i for i, start in enumerate(self.starts) if start <= index)
        return self.place(line, index - self.starts[line])

    def tree(self, line: int, end: int) -> Any:
        """The composed root of the document that starts on ``line``, or None where it is not YAML any more."""
        if self._composed[0] != line:
            starts = self.starts
            stop = starts[end + 1] if end + 1 < len(starts) else len(self.text)
            try:
                root = next(Composer(self.text[starts[line] : stop]).nodes(), None)
            except yaml.YAMLError:
                root = None
            self._composed = (line, root)
        return self._composed[1]


@dataclass(frozen=True, slots=True)
class YamlSource:
    """One document of a file: implements the model's ``Source``."""

    text: Text
    start: int
    """Its first line, from 0."""
    column: int
    end: int
    """Its last line, from 0."""

    @property
    def file(self) -> str:
        """The file's name, as diagnostics show it."""
        return self.text.file

    def position(self, path: Path) -> Position:
        """Where a scalar, or the key of a map or list, stands; the nearest parent's place where it is not there."""
        if not path:
            return self.text.place(self.start, self.column)
        key, value = self._find(path)
        scalar = value is not None and value.__class__ is yaml.ScalarNode and (value.value or value.style)
        return self._place(value if scalar else key)

    def key_position(self, path: Path) -> Position:
        """Where the key (of a list's item: the item) stands."""
        return self._place(self._find(path)[0]) if path else self.position(())

    def within(self, path: Path, offset: int) -> Position:
        """Where the character of a string value stands that has the given offset, where that can be told."""
        value = self._find(path)[1]
        if value is None or value.__class__ is not yaml.ScalarNode or value.style in ("|", ">"):
            return self._in_block(path, value, offset)
        start = value.start_mark
        if start.line != value.end_mark.line:
            return self.position(path)
        return self.text.place(self.start + start.line, start.column + bool(value.style) + offset)

    def _in_block(self, path: Path, value: Any, offset: int) -> Position:
        if value is None or value.style != "|":
            return self.position(path)
        before = value.value[:offset]
        first = self.start + value.start_mark.line + 1
        line = self.text.line(first)
        indent = len(line) - len(line.lstrip(" "))
        return self.text.place(first + before.count("\n"), indent + len(before) - before.rfind("\n") - 1)

    def _place(self, node: Any) -> Position:
        if node is None:
            return self.position(())
        mark = node.start_mark
        return self.text.place(self.start + mark.line, mark.column)

    def _find(self, path: Path) -> tuple[Any, Any]:
        """The key node and the value node at a path, or the nearest parent's."""
        key = value = self.text.tree(self.start, self.end)
        for segment in path:
            found = _child(value, segment)
            if found is None:
                return key, None
            key, value = found
        return key, value


def _child(node: Any, segment: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == segment), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(segment, int) and segment < len(node.value):
        item = node.value[segment]
        return item, item
    return None
