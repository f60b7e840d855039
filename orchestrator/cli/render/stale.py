"""A stale plan, as somebody wants to read it who must decide what to do now: what was read then, and what is there now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrator.cli.render.conceal import Kinds, conceal_change
from orchestrator.cli.render.values import inline
from orchestrator.model.change import Action, Change, Differing
from orchestrator.model.errors import StalePlanError
from orchestrator.model.ids import Path, render_path

_MOST: Final = 20
_ABSENT: Final = object()
Leaves = Mapping[Path, Any]


def explained(error: StalePlanError, kinds: Kinds) -> StalePlanError:
    """The same error, in words; secrets are concealed."""
    if not error.differing:
        return error
    lines = ["the plan is stale: what it read has changed"]
    for differing in error.differing[:_MOST]:
        lines += _told(_concealed(differing, kinds))
    if len(error.differing) > _MOST:
        lines.append(f"  and {len(error.differing) - _MOST} more")
    return StalePlanError("\n".join([*lines, "plan again and review it"]), error.differing)


def _concealed(differing: Differing, kinds: Kinds) -> Differing:
    def hidden(change: Change | None) -> Change | None:
        return None if change is None else conceal_change(change, kinds(change.type))

    return replace(differing, then=hidden(differing.then), now=hidden(differing.now))


def _told(differing: Differing) -> Iterator[str]:
    then, now = differing.then, differing.now
    yield f"  {differing.address}: {_what(then)} -> {_what(now)}"
    for path, was, is_ in _values(then, now):
        yield f"      {path}: {was} when it was planned, {is_} now"


def _what(change: Change | None) -> str:
    if change is None:
        return "absent"
    order = ""
    if change.action is Action.REPLACE:
        order = ", the new one first" if change.create_first else ", the old one first"
    names = ", ".join(dict.fromkeys(str(c.path[0]) for c in change.properties if c.path))
    return f"{change.action}{order}{f' ({names})' if names else ''}"


def _values(then: Change | None, now: Change | None) -> Iterator[tuple[str, str, str]]:
    """What was read, where that differs; else what would be written."""
    if then is not None and now is not None and then.id != now.id:
        yield "its id", _id(then), _id(now)
    for was, is_ in ((_read(then), _read(now)), (_wanted(then), _wanted(now))):
        found = [(p, was.get(p, _ABSENT), is_.get(p, _ABSENT)) for p in dict.fromkeys((*was, *is_))]
        differing = [(render_path(p), _word(a), _word(b)) for p, a, b in found if not _same(a, b)]
        yield from differing[:_MOST]
        if differing:
            return


def _id(change: Change) -> str:
    return "nothing there" if change.id is None else change.id


def _read(change: Change | None) -> Leaves:
    return {} if change is None or change.before is None else dict(_leaves(change.before))


def _wanted(change: Change | None) -> Leaves:
    return {} if change is None or change.after is None else dict(_leaves(change.after))


def _leaves(value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*at, str(key)))
    else:
        yield at, value


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _word(value: Any) -> str:
    return "absent" if value is _ABSENT else inline(value)
