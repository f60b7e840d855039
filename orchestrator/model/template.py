"""Strings with ``${…}`` in them, parsed: which paths each expression reads is known before anything is evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Final

from orchestrator.model import cel
from orchestrator.model.cel_syntax import (
    KEYWORDS,
    LITERALS,
    SCOPE,
    TYPES,
    ExpressionError,
    Pattern,
    reserved,
)
from orchestrator.model.ids import Path
from orchestrator.model.template_text import split

_BARE: Final = re.compile(r'\s*([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*|\["[^"\\\n]*"\]|\[\d{1,9}\])*)\s*', re.ASCII)
_SEGMENT: Final = re.compile(r'\.(\w+)|\["([^"]*)"\]|\[(\d+)\]', re.ASCII)
CALL: Final = re.compile(r'\s*(secret|stack\.outputs)\(\s*"([^"\\\n]*)"\s*\)\s*')
"""One call and nothing else: it needs no engine."""
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Expression:
    """One ``${…}``: its text without the braces, and what it reads."""

    text: str
    paths: tuple[Path, ...] = ()
    """Every referenced path with its free root; a dynamic index ends a path, its own paths are added."""
    secrets: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    narrowed: tuple[tuple[Path, tuple[Pattern, ...]], ...] = ()
    """Of the paths, those that are read only at indexes which are given beforehand, as ``web[each.key].status.id``."""
    bare: bool = False
    """It is one path and nothing else: no engine is needed."""

    def reads(self, names: Mapping[str, Any]) -> tuple[Path, ...]:
        """Its paths, followed through those indexes that ``names`` give: one instance is read, not the map of all."""
        if not self.narrowed:
            return self.paths
        narrowed = dict(self.narrowed)
        found: dict[Path, None] = {}
        for path in self.paths:
            followed = [_followed(pattern, names) for pattern in narrowed.get(path, ())]
            found.update(dict.fromkeys(each for each in followed if each is not None))
            if not followed or None in followed:
                found[path] = None
        return tuple(found)

    @property
    def roots(self) -> frozenset[str]:
        """The names that it refers to."""
        return frozenset(str(path[0]) for path in self.paths)


def _followed(pattern: Pattern, names: Mapping[str, Any]) -> Path | None:
    """A pattern with its indexes as ``names`` have them; None where they have no such text or number."""
    path: list[str | int] = []
    for part in pattern:
        value: Any = part
        if isinstance(part, tuple):
            value = names
            for segment in part:
                value = value.get(segment) if isinstance(value, Mapping) else None
        if not isinstance(value, str | int) or isinstance(value, bool):
            return None
        path.append(value)
    return tuple(path)


@dataclass(frozen=True, slots=True)
class Template:
    """A string with expressions in it; two are equal when their texts are."""

    text: str
    parts: tuple[str | Expression, ...] = field(compare=False)
    is_template: ClassVar[bool] = True

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Its expressions, in order."""
        return tuple(part for part in self.parts if isinstance(part, Expression))

    @property
    def whole(self) -> bool:
        """Whether it is one expression and no text, so that the value keeps its type."""
        return len(self.parts) == 1 and isinstance(self.parts[0], Expression)


def referable(name: str) -> bool:
    """Whether a resource's name can stand bare in an expression, without ``resources["…"]``."""
    return bool(_NAME.fullmatch(name)) and name not in KEYWORDS and name not in TYPES and name not in SCOPE


def parse(text: str) -> str | Template:
    """A string as it stands, or a Template where ``${`` is in it; raises ExpressionError."""
    return _parsed(text) if "${" in text else text


@lru_cache(maxsize=65536)
def _parsed(text: str) -> Template:
    parts: list[str | Expression] = []
    for part in split(text):
        if isinstance(part, str):
            parts.append(part)
            continue
        offset, inner = part
        try:
            parts.append(_expression(inner))
        except ExpressionError as error:
            raise ExpressionError(error.message, error.offset + offset, error.hint) from None
    return Template(text, tuple(parts))


def _expression(text: str) -> Expression:
    if (bare := _BARE.fullmatch(text)) and (path := _bare_path(bare)):
        return Expression(text.strip(), (path,), bare=True)
    if call := CALL.fullmatch(text):
        argument = (call[2],)
        return Expression(text.strip(), (), *((argument, ()) if call[1] == "secret" else ((), argument)))
    found = cel.analyse(text)
    return Expression(text, found.paths, found.secrets, found.outputs, found.narrowed)


def _bare_path(match: re.Match[str]) -> Path | None:
    root = match[1]
    if root in LITERALS:
        return None
    tail = [dotted or key if not index else int(index) for dotted, key, index in _SEGMENT.findall(match[2])]
    path = (root, *tail)
    if root in KEYWORDS or root in TYPES:
        raise reserved(path)
    return None if any(name in LITERALS for name, _, _ in _SEGMENT.findall(match[2])) else path


def templated(value: Any, faults: list[tuple[Path, ExpressionError]] | None = None, at: Path = ()) -> Any:
    """Plain data in which every string that holds ``${`` is a Template; the same object where there is none.

    With ``faults``, a string that cannot be parsed stays, and its path and error are added there.
    """
    if isinstance(value, str):
        if "${" not in value:
            return value
        try:
            return _parsed(value)
        except ExpressionError as error:
            if faults is None:
                raise
            faults.append((at, error))
            return value
    if isinstance(value, Mapping):
        return _changed(value, {k: templated(v, faults, (*at, k)) for k, v in value.items()}, value)
    if isinstance(value, list | tuple):
        items = [templated(v, faults, (*at, i)) for i, v in enumerate(value)]
        return _changed(value, items, dict(enumerate(value)))
    return value


def _changed(value: Any, copy: Any, before: Mapping[Any, Any]) -> Any:
    return copy if any(copy[key] is not item for key, item in before.items()) else value


def untemplated(value: Any) -> Any:
    """The inverse of :func:`templated`: the text as it was written."""
    if isinstance(value, Template):
        return value.text
    if isinstance(value, Mapping):
        return _changed(value, {k: untemplated(v) for k, v in value.items()}, value)
    if isinstance(value, list | tuple):
        return _changed(value, [untemplated(v) for v in value], dict(enumerate(value)))
    return value


def templates_in(value: Any, at: Path = ()) -> Iterator[tuple[Path, Template]]:
    """Every template anywhere in ``value``, with its path."""
    if isinstance(value, Template):
        yield at, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from templates_in(inner, (*at, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from templates_in(inner, (*at, index))
