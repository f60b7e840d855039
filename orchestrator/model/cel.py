"""The CEL engine: expressions are compiled once, and evaluated on plain data.

In: an expression's text, and the values of what it refers to. Out: plain JSON-like data, or an ExpressionError in
words. The engine is imported when an expression needs it first. It knows no Unknowns and no Secrets: whoever calls
:func:`run` has dealt with both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from orchestrator.model import cel_messages
from orchestrator.model.cel_syntax import (
    ORDERED,
    ExpressionError,
    References,
    loops,
    references,
    with_ordered_loops,
)

_INT64: Final = range(-(1 << 63), 1 << 63)
_SCALARS: Final = frozenset({"BOOL", "INT", "UINT", "DOUBLE", "STRING", "NULL"})
_CALLS: ContextVar[Mapping[tuple[str, str], Any]] = ContextVar("calls")
"""What ``secret`` and ``stack.outputs`` answer during one evaluation, by function and argument."""


@dataclass(frozen=True, slots=True)
class _Engine:
    cel: Any
    extensions: tuple[Any, ...]
    functions: tuple[Any, ...]
    parser: Any


def _sorted_keys(value: Any) -> Any:
    return sorted(value, key=lambda k: (str(type(k)), k)) if isinstance(value, Mapping) else value


@lru_cache(maxsize=1)
def _engine() -> _Engine:
    from cel_expr_python import cel  # noqa: PLC0415 - a plan without such expressions never pays for it
    from cel_expr_python.ext import (  # noqa: PLC0415
        ext_bindings,
        ext_encoders,
        ext_math,
        ext_optional,
        ext_strings,
    )

    extensions = (
        ext_optional.ExtOptional(),
        ext_strings.ExtStrings(),
        ext_math.ExtMath(),
        ext_bindings.ExtBindings(),
        ext_encoders.ExtEncoders(),
    )
    kinds = cel.Type

    def function(name: str, parameter: Any, answer: Any) -> Any:
        overload = cel.Overload(f"{name}_{parameter.name()}", kinds.DYN, [parameter], impl=answer)
        return cel.FunctionDecl(name, [overload])

    def answered(name: str) -> Any:
        return function(name, kinds.STRING, lambda argument: _CALLS.get()[name, argument])

    in_order = [
        cel.Overload("ordered_map", kinds.DYN, [kinds.MAP], impl=_sorted_keys),
        cel.Overload("ordered_list", kinds.DYN, [kinds.LIST], impl=_sorted_keys),
    ]
    functions = (answered("secret"), answered("stack.outputs"), cel.FunctionDecl(ORDERED, in_order))
    parser = cel.NewEnv(extensions=extensions, functions=functions)
    return _Engine(cel, extensions, functions, parser)


@lru_cache(maxsize=512)
def _environment(roots: frozenset[str]) -> Any:
    engine = _engine()
    variables = dict.fromkeys(roots, engine.cel.Type.DYN)
    return engine.cel.NewEnv(variables=variables, extensions=engine.extensions, functions=engine.functions)


@contextmanager
def _in_words(text: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise cel_messages.syntax_error(text, str(error)) from None


def _text(value: str) -> str:
    """A string that reaches the engine whole: it would be cut at a NUL, and lone surrogates have no bytes."""
    if "\0" in value or (not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value)):
        raise ExpressionError("a text with a NUL or a broken character cannot be read by an expression")
    return value


def analyse(text: str) -> References:
    """What ``text`` refers to, after it is parsed and type-checked; raises ExpressionError."""
    _text(text)
    with _in_words(text):
        tree = _engine().parser.compile(text, disable_check=True).serialize()
    found = references(tree)
    _program(text, frozenset(str(path[0]) for path in found.paths))
    return found


@lru_cache(maxsize=4096)
def _program(text: str, roots: frozenset[str]) -> Any:
    environment = _environment(roots)
    with _in_words(text):
        program = environment.compile(text)
    if loops(text):
        return environment.deserialize(with_ordered_loops(program.serialize()))
    return program


def run(
    text: str, roots: frozenset[str], *, data: Mapping[str, Any], calls: Mapping[tuple[str, str], Any]
) -> Any:
    """The value of an expression on plain data; raises ExpressionError where it has none."""
    program = _program(text, roots)
    token = _CALLS.set(calls)
    try:
        return _plain(program.eval(data=data))
    finally:
        _CALLS.reset(token)


def written(value: float) -> str:
    """A number as CEL's ``string()`` writes it."""
    return str(run("string(x)", frozenset({"x"}), data={"x": value}, calls={}))


def _plain(value: Any) -> Any:
    """A CEL value as JSON-like data; maps are ordered by key, since CEL has no order."""
    try:
        kind = value.type().name()
        failure = str(value.value()) if kind == "ERROR" else ""
    except TypeError:
        raise ExpressionError("the result is an optional value", hint="end it with .orValue(…)") from None
    if kind in _SCALARS:
        return value.value()
    if kind.startswith("LIST"):
        return [_plain(item) for item in value.value()]
    if kind.startswith("MAP"):
        items = value.value()
        if not all(isinstance(key, str) for key in items):
            raise ExpressionError(
                "the result is a map with keys that are not strings", hint="use string(key)"
            )
        return {key: _plain(items[key]) for key in sorted(items)}
    if kind == "ERROR":
        raise cel_messages.runtime_error(failure)
    hint = "wrap it in string(…)" if kind in ("TIMESTAMP", "DURATION", "TYPE") else "use base64.encode(…)"
    raise ExpressionError(f"the result is a {kind.lower()}, which no property can hold", hint=hint)


def bindable(value: Any) -> Any:
    """A copy of plain data in the classes that the engine takes; raises ExpressionError for what CEL cannot hold."""
    match value:
        case str():
            return _text(value)
        case bool() | float() | None:
            return value
        case int():
            if value not in _INT64:
                raise ExpressionError(f"{value} does not fit into 64 bits, which is what CEL computes with")
            return value
        case Mapping():
            return {bindable(key): bindable(item) for key, item in value.items()}
        case list() | tuple():
            return [bindable(item) for item in value]
        case _:
            raise ExpressionError(f"a value of class {type(value).__name__} cannot be read by an expression")
