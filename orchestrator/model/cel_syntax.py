"""What a CEL expression refers to, read from the syntax tree of CEL's own parser.

In: the parser's serialised tree (``cel.expr.ParsedExpr`` or ``CheckedExpr``, protocol buffers; the numbers below
are theirs, from cel-spec's ``syntax.proto`` and ``checked.proto``). Out: the referenced paths, the literals that
``secret`` and ``stack.outputs`` are called with, and a tree whose loops run in a fixed order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from orchestrator.model.ids import Path, render_path

ORDERED: Final = "opsctl_ordered"
"""The function that turns a map into its sorted keys before a macro loops over it."""
SCOPE: Final = frozenset({"params", "stack", "env", "self", "each", "parent", "resources"})
TYPES: Final = frozenset(
    {"bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "dyn", "google"}
    | {"optional_type"}
)
LITERALS: Final = frozenset({"true", "false", "null", "in"})
KEYWORDS: Final = LITERALS | frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_NAMESPACES: Final = frozenset({"math", "base64", "optional", "strings", "cel"})

_CONST, _IDENT, _SELECT, _CALL, _LIST, _STRUCT, _LOOP = 3, 4, 5, 6, 7, 8, 9
_INNER: Final = {
    _SELECT: frozenset({1}),
    _CALL: frozenset({1, 3}),
    _LIST: frozenset({1}),
    _LOOP: frozenset({2, 4, 5, 6, 7}),
}
_INDEXES: Final = frozenset({"_[_]", "_[?_]", "_?._"})


_GIVEN: Final = frozenset({"each", "params", "stack", "env"})
"""The roots whose values are known before anything is planned."""
Pattern = tuple[str | int | Path, ...]
"""A path with other paths as segments: those of indexes that are given, such as ``each.key``."""


class ExpressionError(Exception):
    """An expression cannot be read or evaluated: what, where in its text (offset from 0), what to type."""

    def __init__(self, message: str, offset: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


@dataclass(frozen=True, slots=True)
class References:
    """What an expression reads."""

    paths: tuple[Path, ...] = ()
    narrowed: tuple[tuple[Path, tuple[Pattern, ...]], ...] = ()
    """Of the paths, those that are read only at what is given beforehand: ``web[each.key].status`` for ``web``."""
    secrets: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    shift = value = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes, bytes]]:
    """Every field of a message: number, value, and the bytes that it was read from."""
    at = 0
    while at < len(data):
        start = at
        tag, at = _varint(data, at)
        value: int | bytes
        wire = tag & 7
        if wire == 0:
            value, at = _varint(data, at)
        else:
            size, at = _varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            value, at = data[at : at + size], at + size
        yield tag >> 3, value, data[start:at]


def _messages(data: bytes, *numbers: int) -> list[bytes]:
    return [v for n, v, _ in _fields(data) if n in numbers and isinstance(v, bytes)]


def _text(data: bytes, number: int) -> str:
    return next((v.decode() for v in _messages(data, number)), "")


def _node(expression: bytes) -> tuple[int, bytes]:
    """Which kind of node an ``Expr`` is, and its message."""
    for number, value, _ in _fields(expression):
        if number >= _CONST and isinstance(value, bytes):
            return number, value
    return 0, b""


def _constant(expression: bytes) -> str | int | None:
    """The string or integer that a node is, if it is one."""
    kind, body = _node(expression)
    if kind == _CONST:
        for number, value, _ in _fields(body):
            if number == 6 and isinstance(value, bytes):
                return value.decode()
            if number in (3, 4) and isinstance(value, int):
                return value - (1 << 64) if number == 3 and value >> 63 else value
    return None


def _path(expression: bytes) -> Path | None:
    """The path that a chain of selections and constant indexes spells, with its root."""
    pattern = _pattern(expression)
    path = _fixed(pattern) if pattern is not None else None
    return path if path is not None and len(path) == len(pattern or ()) else None


def _fixed(pattern: Pattern) -> Path:
    """A pattern up to its first index that is a path."""
    path: list[str | int] = []
    for part in pattern:
        if isinstance(part, tuple):
            break
        path.append(part)
    return tuple(path)


def _pattern(expression: bytes) -> Pattern | None:
    """The same, where an index may be a path of its own that is given beforehand."""
    tail: list[str | int | Path] = []
    while True:
        kind, body = _node(expression)
        if kind == _IDENT:
            return (_text(body, 1).lstrip("."), *reversed(tail))
        if kind == _SELECT:
            tail.append(_text(body, 2))
            expression = _messages(body, 1)[0]
            continue
        if kind != _CALL or _text(body, 2) not in _INDEXES:
            return None
        expression, key = _messages(body, 3)
        index: str | int | Path | None = _constant(key)
        if index is None:
            index = _path(key)
            if index is None or index[0] not in _GIVEN:
                return None
        tail.append(index)


class _Collector:
    """Walks a tree and notes what it refers to."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()
        self.whole: set[Path] = set()
        self.patterns: dict[Path, set[Pattern]] = {}
        self.calls: dict[str, set[str]] = {"secret": set(), "stack.outputs": set()}

    def visit(self, expression: bytes, bound: frozenset[str]) -> None:
        pattern = _pattern(expression)
        if pattern is not None:
            self._chain(pattern, bound)
            return
        kind, body = _node(expression)
        if kind == _CALL:
            self._call(body, bound)
        elif kind == _LOOP:
            self._loop(body, bound)
        elif kind == _STRUCT:
            for entry in _messages(body, 2):
                self._all(_messages(entry, 3, 4), bound)
        elif kind in _INNER:
            self._all(_messages(body, *_INNER[kind]), bound)

    def _all(self, expressions: list[bytes], bound: frozenset[str]) -> None:
        for expression in expressions:
            self.visit(expression, bound)

    def _chain(self, pattern: Pattern, bound: frozenset[str]) -> None:
        """A path; or a path up to an index that is given, and what that index reads."""
        indexes = [part for part in pattern if isinstance(part, tuple)]
        path = _fixed(pattern)
        self._refer(path, bound)
        for index in indexes:
            self._refer(index, bound)
        if path not in self.paths:
            return
        if indexes and not any(str(index[0]) in bound for index in indexes):
            self.patterns.setdefault(path, set()).add(pattern)
        else:
            self.whole.add(path)

    def _refer(self, path: Path, bound: frozenset[str]) -> None:
        root = str(path[0])
        if root in bound:
            return
        if root in TYPES:
            if len(path) > 1 and root != "google":
                raise reserved(path)
            return
        self.paths.add(path)

    def _call(self, body: bytes, bound: frozenset[str]) -> None:
        function, targets, arguments = _text(body, 2), _messages(body, 1), _messages(body, 3)
        target = _path(targets[0]) if targets else None
        name = f"{target[0]}.{function}" if target is not None and len(target) == 1 else function
        if name in self.calls and (target is not None or not targets):
            self._literal(name, arguments)
        else:
            names_a_library = target is not None and len(target) == 1 and target[0] in _NAMESPACES
            self._all([*([] if names_a_library else targets), *arguments], bound)

    def _literal(self, name: str, arguments: list[bytes]) -> None:
        literal = _constant(arguments[0]) if len(arguments) == 1 else None
        if not isinstance(literal, str):
            hint = f'write {name}("…"); choose between two calls, not between two arguments'
            raise ExpressionError(f"the argument of {name}() must be one literal string", hint=hint)
        self.calls[name].add(literal)

    def _loop(self, body: bytes, bound: frozenset[str]) -> None:
        accumulator = bound | {_text(body, 3)}
        variables = accumulator | {_text(body, 1), _text(body, 8)}
        self._all(_messages(body, 2, 4), bound)
        self._all(_messages(body, 5, 6), variables)
        self._all(_messages(body, 7), accumulator)


def reserved(path: Path) -> ExpressionError:
    """The error for a resource whose name cannot stand bare in an expression."""
    rest = render_path(("x", *path[1:]))[1:]
    return ExpressionError(f"{path[0]} is a reserved word", hint=f'write resources["{path[0]}"]{rest}')


def references(tree: bytes) -> References:
    """What a serialised ``ParsedExpr`` refers to; loop variables of macros are not references."""
    collector = _Collector()
    parsed = _messages(tree, 2)[0]
    collector.visit(_messages(parsed, 2)[0], frozenset())
    paths = sorted(collector.paths, key=lambda p: tuple(map(str, p)))
    calls = collector.calls
    narrowed = (
        (path, tuple(sorted(patterns, key=str)))
        for path, patterns in sorted(collector.patterns.items(), key=str)
        if path not in collector.whole
    )
    return References(
        tuple(paths), tuple(narrowed), tuple(sorted(calls["secret"])), tuple(sorted(calls["stack.outputs"]))
    )


def _encoded(number: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    length.append(size)
    return bytes((number << 3 | 2,)) + bytes(length) + body


def _rewritten(expression: bytes) -> bytes:
    out = b""
    for number, value, raw in _fields(expression):
        if not isinstance(value, bytes) or number not in (*_INNER, _STRUCT):
            out += raw
        else:
            out += _encoded(number, _rewritten_body(number, value))
    return out


def _rewritten_body(kind: int, body: bytes) -> bytes:
    inner = _INNER.get(kind, frozenset({2}))
    out = b""
    for number, value, raw in _fields(body):
        if number not in inner or not isinstance(value, bytes):
            out += raw
        elif kind == _STRUCT:
            out += _encoded(number, _rewritten_entry(value))
        elif kind == _LOOP and number == 2 and _node(value)[0] != _LIST:
            call = _encoded(2, ORDERED.encode()) + _encoded(3, _rewritten(value))
            out += _encoded(number, _encoded(_CALL, call))
        else:
            out += _encoded(number, _rewritten(value))
    return out


def _rewritten_entry(entry: bytes) -> bytes:
    parts = [
        _encoded(n, _rewritten(v)) if n in (3, 4) and isinstance(v, bytes) else r
        for n, v, r in _fields(entry)
    ]
    return b"".join(parts)


def loops(text: str) -> bool:
    """Whether an expression may loop; a cheap look that may say yes too often."""
    return any(f"{macro}(" in text for macro in ("map", "filter", "all", "exists", "exists_one"))


def with_ordered_loops(tree: bytes) -> bytes:
    """A ``CheckedExpr`` whose macros loop over maps by sorted key.

    CEL's maps are hash maps with a seed per process: without this, two plans of the same files would differ.
    """
    return b"".join(
        _encoded(2, _ordered_checked(value)) if number == 2 and isinstance(value, bytes) else raw
        for number, value, raw in _fields(tree)
    )


def _ordered_checked(checked: bytes) -> bytes:
    return b"".join(
        _encoded(4, _rewritten(value)) if number == 4 and isinstance(value, bytes) else raw
        for number, value, raw in _fields(checked)
    )
