"""Imports written out: ``lib.f`` after ``import data.team.lib`` becomes ``data.team.lib.f``.

The embedded engine evaluates the whole imported package, and every package below it, when one name of it is
used: a rule that fails there would fail everybody who imports it, and packages that import each other would
seem to recurse. A full path evaluates only what it names, as OPA does in both spellings.

Enters: a module's text and its syntax tree. Leaves: text that means the same, with its lines kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]


def expand_imports(tree: Node) -> str:
    """The module's text with imported names written out; an alias that is also used alone is left as it is."""
    source = str(tree["source"]["contents"]).encode()
    aliases = dict(_aliases(source, tree["ast"]))
    bases: dict[str, list[Node]] = {name: [] for name in aliases}
    alone: set[str] = set()
    for node, is_base in _names(tree["ast"].get("rules", ())):
        name = _text(source, node)
        if name in aliases:
            if is_base:
                bases[name].append(node)
            else:
                alone.add(name)
    spans = [(s["start"], s["end"], n) for n, found in bases.items() if n not in alone for s in found]
    for start, end, name in sorted(spans, reverse=True):
        source = source[:start] + aliases[name] + source[end:]
    return source.decode()


def _aliases(source: bytes, ast: Node) -> Iterator[tuple[str, bytes]]:
    """Imported names below ``data``, each with the path as it is written."""
    for item in ast.get("imports", ()):
        (node,) = item["refr"].values()
        path = source[node["span"]["start"] : node["span"]["end"]]
        if path.startswith(b"data.") and "field" in node:
            alias = item.get("as")
            yield (_text(source, alias) if alias else str(node["field"][1])), path


def _names(root: Any) -> Iterator[tuple[Node, bool]]:
    """The spans of all variables, and whether each is the base of a longer path."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
            continue
        if not isinstance(node, Mapping):
            continue
        for key, inner in node.items():
            if key == "Var":
                yield inner["span"], False
            elif key in ("RefDot", "RefBrack") and "Var" in inner["refr"]:
                yield inner["refr"]["Var"]["span"], True
                waiting.append({k: v for k, v in inner.items() if k != "refr"})
            elif key in ("SomeVars", "Every"):
                yield from ((span, False) for span in _declared(inner))
                waiting.append(inner)
            else:
                waiting.append(inner)


def _declared(node: Node) -> Iterator[Node]:
    """The names that ``some a, b`` and ``every k, v in`` declare: bare spans."""
    for span in (*node.get("vars", ()), node.get("key"), node.get("value")):
        if isinstance(span, Mapping) and "start" in span:
            yield span


def _text(source: bytes, span: Node) -> str:
    return source[span["start"] : span["end"]].decode(errors="replace")
