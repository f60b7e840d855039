"""A stack's policies under a trusted base: the base holds, and the stack adds what the base lets it add.

Enters: the stack's bundle and the base. Leaves: one bundle. Holds: a stack can define no package of the base, set no
data of it and no parameter that it does not leave open, lower no level and waive no rule of it without leave; who
approves is the base's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.errors import InvalidSpecError, PolicyDeniedError
from orchestrator.model.patterns import matches
from orchestrator.model.verdict import Bundle, PolicyBase, Waiver

_PACKAGE: Final = re.compile(r"^[ \t]*package[ \t]+([\w.]+)", re.MULTILINE)
_PARAMS: Final = ("opsctl", "params")


def governed(stack: Bundle, base: PolicyBase) -> Bundle:
    """Both as one bundle. Raises InvalidSpecError with everything that the base does not allow."""
    wrong = [Diagnostic(message, hint=hint) for message, hint in _trespasses(stack, base)]
    if wrong:
        raise InvalidSpecError(tuple(wrong))
    trusted = base.bundle
    return Bundle(
        {**stack.modules, **trusted.modules},
        _laid(stack.data, trusted.data),
        {**stack.levels, **trusted.levels},
        trusted.lowerable,
        (*trusted.waivers, *stack.waivers),
        trusted.approvers,
        trusted.approvals,
        (*(replace(s, trusted=True) for s in trusted.sources), *stack.sources),
    )


def ungoverned(made: Bundle, base: PolicyBase) -> Bundle:
    """What a bundle holds beside the base, so that a saved plan's can be put under the base of today.

    Raises PolicyDeniedError where it was made under another one.
    """
    trusted = base.bundle
    lacking = [f for f, text in trusted.modules.items() if made.modules.get(f) != text]
    if lacking:
        raise PolicyDeniedError(
            f"the plan was not made under the trusted base {base.name} as it is now ({lacking[0]} differs): "
            "nothing was applied\nhint: plan again"
        )
    return Bundle(
        {f: text for f, text in made.modules.items() if f not in trusted.modules},
        _less(made.data, trusted.data),
        {rule: level for rule, level in made.levels.items() if trusted.levels.get(rule) is not level},
        waivers=tuple(w for w in made.waivers if w not in trusted.waivers),
        sources=tuple(s for s in made.sources if not s.trusted),
    )


def _trespasses(stack: Bundle, base: PolicyBase) -> Iterator[tuple[str, str]]:
    theirs = set(packages(base.bundle.modules.values()))
    by = f"the trusted base {base.name}"
    for file, text in stack.modules.items():
        taken = base.bundle.modules.get(file)
        if taken is not None and taken != text:
            yield f"{file}: {by} has a policy of that name", "rename it"
        for name in packages([text]):
            if name in theirs and taken != text:
                yield (
                    f"{file}: the package {name} belongs to {by}",
                    "write your rules in a package of your own",
                )
    for name in sorted(theirs):
        if _touches(stack.data, name.split(".")):
            yield (
                f"the stack's data lies in data.{name}, which belongs to {by}",
                "put it under a key of your own",
            )
    for path in _leaves(stack.data):
        if path[:2] == _PARAMS and not _open(path[2], base):
            yield (
                f"policy.data.{path[2]}: {by} does not leave it open",
                "the base names under allow.data what a stack may set",
            )
        elif _at(base.bundle.data, path) is not None and path[:2] != _PARAMS:
            yield f"data.{'.'.join(path)} is set by {by} too", "put it under a key of your own"
    for rule, level in stack.levels.items():
        pinned = base.bundle.levels.get(rule)
        if pinned is not None and pinned is not level:
            yield f"policy.levels: {rule} is {pinned} by {by}", "leave it out"
    for waiver in stack.waivers:
        if _of_base(waiver, theirs) and not any(matches(p, waiver.rule) for p in base.waivable):
            about = f"the waiver {waiver.name} ({waiver.file}:{waiver.line}) is about {waiver.rule}"
            yield (
                f"{about}, which {by} does not let a stack waive",
                "a waiver in the base does, or allow.waive there",
            )


def packages(modules: Iterable[str]) -> list[str]:
    """The packages of modules, each once."""
    found = (match[1] for text in modules if (match := _PACKAGE.search(text)))
    return list(dict.fromkeys(found))


def _of_base(waiver: Waiver, theirs: set[str]) -> bool:
    return any(waiver.rule == p or waiver.rule.startswith(f"{p}.") for p in theirs)


def _open(name: str, base: PolicyBase) -> bool:
    return any(matches(pattern, name) for pattern in base.params)


def _touches(data: Any, path: list[str]) -> bool:
    """Whether data has a value in a package, or in the way to it."""
    for part in path:
        if not isinstance(data, Mapping):
            return True
        if part not in data:
            return False
        data = data[part]
    return True


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data


def _leaves(data: Mapping[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of values; a parameter is one value, whatever it holds."""
    for key, value in data.items():
        path = (*at, key)
        if isinstance(value, Mapping) and value and path[:-1] != _PARAMS:
            yield from _leaves(value, path)
        elif path != _PARAMS:
            yield path


def _laid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``above`` laid over ``below``."""
    laid = dict(below)
    for key, value in above.items():
        here = laid.get(key)
        laid[key] = _laid(here, value) if isinstance(here, Mapping) and isinstance(value, Mapping) else value
    return laid


def _less(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """``whole`` without what ``part`` holds too."""
    left: dict[str, Any] = {}
    for key, value in whole.items():
        if key not in part:
            left[key] = value
        elif isinstance(value, Mapping) and isinstance(part[key], Mapping):
            inner = _less(value, part[key])
            if inner:
                left[key] = inner
        elif value != part[key]:
            left[key] = value
    return left
