"""Syntax trees as the embedded engine prints them: walking them, and the text and place of a node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Node = Mapping[str, Any]
_TAB: Final = 4
"""Columns that the engine counts for a tab."""


def walk(root: Any) -> Iterator[Node]:
    """Every mapping at or below a node, without recursion: a tree may be deep."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, Mapping):
            yield node
            waiting.extend(node.values())


def dotted(node: Node) -> str:
    """A reference as text: ``data.lib.f``. Brackets with a string count as dots; others end the path."""
    if "Var" in node:
        return str(node["Var"]["value"])
    if "RefDot" in node:
        return f"{dotted(node['RefDot']['refr'])}.{node['RefDot']['field'][1]}"
    if "RefBrack" in node:
        bracket = node["RefBrack"]
        base, index = dotted(bracket["refr"]), bracket["index"]
        return f"{base}.{index['String']['value']}" if "String" in index else base
    return ""


def span_of(node: Node) -> Node:
    """Where a node is: its own span, or that of its only child."""
    while "span" not in node:
        node = next(inner for inner in node.values() if isinstance(inner, Mapping))
    return dict(node["span"])


def whole_span(node: Node) -> Node:
    """A reference from its base to its end; the engine's own span of it begins at the last dot or bracket."""
    base = node
    while "RefDot" in base or "RefBrack" in base:
        base = next(iter(base.values()))["refr"]
    return {**span_of(base), "end": span_of(node)["end"]}


def references(root: Any) -> Iterator[Node]:
    """Every reference at or below a node, the longest form of each: ``a.b.c``, not also ``a.b`` and ``a``."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
            continue
        if not isinstance(node, Mapping):
            continue
        if isinstance(node.get("Var"), Mapping):
            yield node
            continue
        if "RefDot" in node or "RefBrack" in node:
            yield node
            base: Any = node
            while "RefDot" in base or "RefBrack" in base:
                inner = next(iter(base.values()))
                waiting.append(inner.get("index"))
                base = inner["refr"]
            if "Var" not in base:
                waiting.append(base)
            continue
        waiting.extend(node.values())


def text_of(contents: str, span: Node) -> str:
    """A span's text; its offsets count bytes."""
    return contents.encode()[span["start"] : span["end"]].decode()


def column_of(line: str, shown: int) -> int:
    """The character of a line, from 1, at a column in which the engine counts a tab as four."""
    column = 1
    for number, character in enumerate(line, 1):
        if column >= shown:
            return number
        column += _TAB if character == "\t" else 1
    return len(line) + 1
