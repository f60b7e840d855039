"""The value of a template: Unknown, secret, or what apply will use.

Contagion is decided from the referenced paths before anything is evaluated: an expression that reads a path which
is, contains or lies below an Unknown is Unknown. So is secrecy. An object whose attributes are not all listed yet
must therefore be Unknown itself, not a map that lacks some.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.model import cel
from orchestrator.model.cel_syntax import ExpressionError
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.ids import Path, render_path
from orchestrator.model.schema import MISSING, type_of
from orchestrator.model.template import CALL, Expression, Template
from orchestrator.model.values import UNKNOWN, Secret, Unknown, contains, replace_leaves

_SCALARS: Final = frozenset({str, int, bool, float, type(None)})


@dataclass(frozen=True, slots=True)
class _Seen:
    """What stands at a path."""

    value: Any = MISSING
    """What counts for contagion: the Secret itself where the path leads below one."""
    plain: Any = MISSING
    """What the path leads to, with a Secret on the way opened; MISSING where there is nothing."""
    ends: int = 0
    """Of a missing value: the index of the first segment that is not there."""
    parent: Any = None
    """What has no such segment; not told where it is secret."""


def _step(value: Any, segment: str | int) -> Any:
    if isinstance(value, Mapping):
        try:
            return value[segment]
        except KeyError:
            return MISSING
    if isinstance(value, list | tuple) and isinstance(segment, int):
        return value[segment] if 0 <= segment < len(value) else MISSING
    return MISSING


def _look(names: Mapping[str, Any], path: Path) -> _Seen:
    current: Any = names
    secret: Secret | None = None
    for index, segment in enumerate(path):
        following = _step(current, segment)
        if following is UNKNOWN:
            return _Seen(UNKNOWN, UNKNOWN)
        if following is MISSING:
            return _Seen(secret or MISSING, ends=index, parent=secret or current)
        if isinstance(following, Secret) and index < len(path) - 1:
            secret = secret or following
            following = following.value
        current = following
    return _Seen(secret or current, current)


def _missing(path: Path, seen: _Seen) -> ExpressionError:
    name, parent = path[seen.ends], seen.parent
    if seen.ends == 0:
        return ExpressionError(f"there is no {name!r} here", hint=did_you_mean(str(name), map(str, parent)))
    before = render_path(path[: seen.ends])
    if isinstance(parent, Mapping):
        known = sorted(str(key) for key in parent)
        listed = (
            f"it has: {', '.join(known[:12])}{', …' if len(known) > 12 else ''}" if known else "it is empty"
        )
        return ExpressionError(f"{before} has no {name!r}", hint=did_you_mean(str(name), known) or listed)
    if isinstance(parent, list | tuple) and isinstance(name, int):
        return ExpressionError(f"{before} has {len(parent)} items, so there is no [{name}]")
    if isinstance(parent, Secret):
        return ExpressionError(f"{before} is secret, and has no {name!r}")
    kind = type_of(parent)
    return ExpressionError(f"{before} is {'an' if kind[0] in 'aeio' else 'a'} {kind}: it has no {name!r}")


def _reads(expression: Expression, names: Mapping[str, Any]) -> tuple[Path, ...]:
    """What it reads with these names; where an index leads nowhere (yet), the whole that it goes into."""
    narrow = expression.reads(names)
    if expression.narrowed and any(_look(names, path).plain is MISSING for path in narrow):
        return expression.paths
    return narrow


Answer = Callable[[str], Any]


class _Evaluation:
    """One template on one set of names."""

    def __init__(
        self, template: Template, names: Mapping[str, Any], answers: Mapping[str, Answer | None]
    ) -> None:
        self.template = template
        self.names = names
        self.seen: dict[Path, _Seen] = {}
        self.reads: dict[str, tuple[Path, ...]] = {}
        self.calls: dict[tuple[str, str], Any] = {}
        for expression in template.expressions:
            self.reads[expression.text] = reads = _reads(expression, names)
            for path in reads:
                self.seen[path] = seen = _look(names, path)
                if seen.plain is MISSING and (expression.bare or seen.ends == 0):
                    raise self.placed(_missing(path, seen), expression)
            self._ask("secret", expression.secrets, answers, expression)
            self._ask("stack.outputs", expression.outputs, answers, expression)

    def _ask(
        self, function: str, arguments: Iterable[str], answers: Mapping[str, Answer | None], of: Expression
    ) -> None:
        for argument in arguments:
            answer = answers[function]
            if answer is None:
                raise self.placed(ExpressionError(f"{function}() cannot be used here"), of)
            self.calls[function, argument] = answer(argument)

    def placed(self, error: ExpressionError, expression: Expression) -> ExpressionError:
        """The error with its offset counted from the template's start."""
        start = max(self.template.text.find(expression.text), 0)
        return ExpressionError(error.message, start + error.offset, error.hint)

    def inputs(self) -> dict[str, Any]:
        """Every value that is read, by how it is written."""
        called = {f'{function}("{argument}")': value for (function, argument), value in self.calls.items()}
        read = {render_path(p): s.value for p, s in self.seen.items() if s.value is not MISSING}
        return {**called, **read}

    def result(self) -> Any:
        inputs = self.inputs()
        if contains(inputs, Unknown):
            return UNKNOWN
        secret = contains(inputs, Secret)
        direct = self._direct()
        if isinstance(direct, Secret):
            return direct
        try:
            value = direct if direct is not MISSING and not secret else self._computed()
        except ExpressionError as error:
            if not secret:
                raise
            hidden = "the expression cannot be evaluated; the reason is not shown, because it reads a secret"
            raise ExpressionError(hidden, error.offset, error.hint) from None
        return Secret(value, self.template.text, _version(inputs)) if secret else value

    def _direct(self) -> Any:
        """The value where the template is nothing but one path or one call; else MISSING."""
        if not self.template.whole:
            return MISSING
        expression = self.template.expressions[0]
        if expression.bare:
            return self.seen[expression.paths[0]].value if self._lies_open(expression) else MISSING
        call = CALL.fullmatch(expression.text)
        return self.calls[call[1], call[2]] if call else MISSING

    def _lies_open(self, expression: Expression) -> bool:
        seen = self.seen[expression.paths[0]]
        return seen.value is seen.plain

    def _computed(self) -> Any:
        if self.template.whole:
            return self._value(self.template.expressions[0])
        return "".join(p if isinstance(p, str) else self._as_text(p) for p in self.template.parts)

    def _value(self, expression: Expression) -> Any:
        if expression.bare:
            return _open(self.seen[expression.paths[0]].plain)
        if call := CALL.fullmatch(expression.text):
            return _open(self.calls[call[1], call[2]])
        try:
            calls = {key: cel.bindable(_open(value)) for key, value in self.calls.items()}
            data = _bound(self.reads[expression.text], self.names)
            return cel.run(expression.text, expression.roots, data=data, calls=calls)
        except ExpressionError as error:
            missing = [path for path in self.reads[expression.text] if self.seen[path].plain is MISSING]
            better = (
                _missing(missing[0], self.seen[missing[0]])
                if missing and "there is no" in error.message
                else error
            )
            raise self.placed(better, expression) from None

    def _as_text(self, expression: Expression) -> str:
        value = self._value(expression)
        match value:
            case str():
                return value
            case bool():
                return "true" if value else "false"
            case int():
                return str(value)
            case float():
                return cel.written(value)
            case _:
                kind = {"object": "a map", "array": "a list"}.get(type_of(value), "null")
                hint = (
                    "use .orValue(…) or has(…)"
                    if value is None
                    else "take one value out of it, or use .join(…)"
                )
                raise self.placed(ExpressionError(f"{kind} cannot stand inside text", hint=hint), expression)


def _open(value: Any) -> Any:
    """A value with the Secrets in it opened."""
    return replace_leaves(value, Secret, lambda s: _open(s.value)) if contains(value, Secret) else value


def _bound(paths: Sequence[Path], names: Mapping[str, Any]) -> dict[str, Any]:
    """The data that an expression sees: what it refers to and nothing beside, so that 10,000 names cost nothing."""
    data: dict[str, Any] = {}
    filled: set[Path] = set()
    for path in sorted(paths, key=len):
        if not any(path[:size] in filled for size in range(1, len(path) + 1)):
            filled.add(path[: _fill(data, path, names)])
    return data


def _fill(data: dict[str, Any], path: Path, names: Mapping[str, Any]) -> int:
    """Put what stands at ``path`` into ``data``; returns how much of the path is there in full."""
    node: Any = data
    current: Any = names
    for index, segment in enumerate(path):
        current = _step(current, segment)
        current = current.value if isinstance(current, Secret) else current
        if current is MISSING:
            break
        if index == len(path) - 1 or not isinstance(current, Mapping):
            node[segment] = cel.bindable(_open(current))
            return index + 1
        node = node.setdefault(segment, {})
    return len(path)


def _version(inputs: Mapping[str, Any]) -> str:
    """What identifies a value made of secrets: the versions of those, and the rest of what was read as it is.

    It is never made from a secret's value. Empty where a secret has no version: changes are not tracked then.
    """
    known = True

    def version(secret: Secret) -> str:
        nonlocal known
        known = known and bool(secret.version)
        return f"{secret.reference}@{secret.version}"

    public = replace_leaves(inputs, Secret, version)
    text = json.dumps(public, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return text if known else ""


def evaluate(
    template: Template,
    names: Mapping[str, Any],
    *,
    secret: Answer | None = None,
    outputs: Answer | None = None,
) -> Any:
    """The value of a template: UNKNOWN, a Secret, or plain data; raises ExpressionError.

    ``secret`` and ``outputs`` answer the calls of ``secret("…")`` and ``stack.outputs("…")``.
    """
    first = template.parts[0]
    if len(template.parts) == 1 and isinstance(first, Expression) and first.bare:
        value = _look(names, first.paths[0]).value
        if value is UNKNOWN or type(value) in _SCALARS:
            return value
    return _Evaluation(template, names, {"secret": secret, "stack.outputs": outputs}).result()
