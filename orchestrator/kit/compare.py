"""The three-way comparison behind every provider's ``propose``: wanted, there, and last applied.

Enters: a kind's schema and three specs. Leaves: the properties that differ, each with its cause. Holds: what
the spec says is compared in full; where it is silent, a known default still counts, so that a change made
behind our back is seen even in properties that nobody wrote, and what we wrote before is taken back;
everything else belongs to the cloud.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.model.change import Action, Cause, PropertyChange
from orchestrator.model.ids import Path
from orchestrator.model.kind import KindSchema
from orchestrator.model.provision import Observed, Proposal
from orchestrator.model.schema import MISSING, Property
from orchestrator.model.values import UNKNOWN, Secret, Unknown, contains

_ANY = Property()


def propose(kind: KindSchema, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]) -> Proposal:
    """What it takes to bring ``prior`` to ``want``; ``last`` is the spec that we applied last (may be empty).

    Where nothing was applied by us, nobody knows what the object was made with of that which is never told: it is no
    reason to replace it. What is never told and can be written is written.
    """
    found = _structure(kind.spec, want, prior.spec, last, ())
    return decided(tuple(c for c in found if last or not (c.replaces and _is_untold(kind.spec, c.path))))


def decided(changes: tuple[PropertyChange, ...]) -> Proposal:
    """The proposal of these changes: a replacement if one of them is, else an update, or nothing."""
    if any(c.replaces for c in changes):
        return Proposal(Action.REPLACE, changes)
    return Proposal(Action.UPDATE if changes else Action.NOOP, changes)


def _is_untold(schema: Property, path: Path) -> bool:
    """Whether the cloud never tells the property at a path back."""
    for step in path:
        schema = schema.items or _ANY if isinstance(step, int) else schema.properties.get(step, _ANY)
    return schema.write_only


def same(schema: Property, want: Any, seen: Any) -> bool:
    """Whether two values of one property mean the same to the cloud."""
    return not any(_value(schema, want, seen, MISSING, ()))


def _structure(
    schema: Property, want: Mapping[str, Any], seen: Mapping[str, Any], last: Any, at: Path
) -> Iterator[PropertyChange]:
    """Named properties, one by one: those that are wanted, and those that are not but have a default."""
    before = last if isinstance(last, Mapping) else {}
    for name, inner in schema.properties.items():
        if inner.read_only:
            continue
        here = (*at, name)
        there = seen.get(name, MISSING)
        if name in want:
            found = _value(inner, want[name], there, before.get(name, MISSING), here)
        else:
            found = _silent(inner, there, before.get(name, MISSING), here)
        for change in found:
            yield replace(change, replaces=True) if _is_fixed(inner, change, here) else change
    if schema.additional is not None or not schema.properties:
        yield from _free(schema, want, seen, before, at)


def _is_fixed(schema: Property, change: PropertyChange, at: Path) -> bool:
    """Whether no call makes the change."""
    one_way = schema.one_way if change.path == at else None
    return schema.create_only or (one_way is not None and one_way(change.before, change.after))


def _free(
    schema: Property, want: Mapping[str, Any], seen: Mapping[str, Any], last: Mapping[str, Any], at: Path
) -> Iterator[PropertyChange]:
    """A map with free keys (tags, metadata) is owned whole: an extra key is a difference too."""
    inner = schema.additional or _ANY
    for name in want.keys() - schema.properties.keys():
        there = seen.get(name, MISSING)
        yield from _value(inner, want[name], there, last.get(name, MISSING), (*at, name))
    for name in sorted(seen.keys() - want.keys() - schema.properties.keys()):
        cause = Cause.CONFIG if name in last else Cause.DRIFT
        yield PropertyChange((*at, name), seen[name], None, cause)


def _silent(schema: Property, seen: Any, last: Any, at: Path) -> Iterator[PropertyChange]:
    """The spec says nothing: a known default can differ, and what we set before is to be unset.

    Of an object that holds for each of its members.
    """
    if seen is MISSING or schema.write_only:
        return
    if schema.properties and schema.default is MISSING and isinstance(seen, Mapping):
        yield from _structure(schema, {}, seen, last, at)
        return
    if schema.default is MISSING:
        if last is not MISSING and last is not None and seen is not None and not schema.kept:
            yield PropertyChange(at, seen, None, Cause.DEFAULT)
        return
    if not same(replace(schema, default=MISSING), schema.default, seen):
        yield PropertyChange(at, seen, schema.default, Cause.DRIFT if last is MISSING else Cause.DEFAULT)


def _value(schema: Property, want: Any, seen: Any, last: Any, at: Path) -> Iterator[PropertyChange]:
    if isinstance(want, Unknown):
        yield PropertyChange(at, _shown(seen), UNKNOWN, Cause.UPSTREAM)
        return
    if schema.write_only or (contains(want, Secret) and not isinstance(want, Mapping)):
        yield from _unreadable(schema, want, seen, last, at)
        return
    if seen is MISSING and schema.default is not MISSING:
        seen = schema.default
    if schema.normalize is not None and not contains(want, Unknown):
        want, seen, last = (v if v is MISSING else schema.normalize(v) for v in (want, seen, last))
    match want, seen:
        case Mapping(), Mapping():
            yield from _structure(schema, want, seen, last, at)
        case (list() | tuple(), list() | tuple()):
            yield from _array(schema, want, seen, last, at)
        case _ if not _equal(want, seen):
            yield PropertyChange(at, _shown(seen), want, _cause(schema, want, last))
        case _:
            pass


def _unreadable(schema: Property, want: Any, seen: Any, last: Any, at: Path) -> Iterator[PropertyChange]:
    """What the cloud never tells, and secrets: compared with what was last sent, by reference and version."""
    if last is MISSING:
        yield PropertyChange(at, _shown(seen) if not schema.write_only else None, want)
    elif want != last:
        yield PropertyChange(at, last, want)


def _array(
    schema: Property, want: Sequence[Any], seen: Sequence[Any], last: Any, at: Path
) -> Iterator[PropertyChange]:
    item = schema.items or _ANY
    if schema.unordered:
        if not _covers(item, want, seen):
            yield PropertyChange(at, list(seen), list(want), _cause(schema, want, last))
    elif len(want) != len(seen):
        yield PropertyChange(at, list(seen), list(want), _cause(schema, want, last))
    else:
        for index, (wanted, there) in enumerate(zip(want, seen, strict=True)):
            before = last[index] if isinstance(last, list | tuple) and index < len(last) else MISSING
            yield from _value(item, wanted, there, before, (*at, index))


def _covers(item: Property, want: Sequence[Any], seen: Sequence[Any]) -> bool:
    """Whether each wanted item has one of its own among those seen, and none is left over."""
    left = list(seen)
    for wanted in want:
        for index, there in enumerate(left):
            if same(item, wanted, there):
                del left[index]
                break
        else:
            return False
    return not left


def _equal(want: Any, seen: Any) -> bool:
    """Equality that does not take true for 1."""
    if isinstance(want, bool) is not isinstance(seen, bool):
        return False
    if want is None and seen is MISSING:
        return True
    return bool(want == seen)


def _cause(schema: Property, want: Any, last: Any) -> Cause:
    """The cloud moved if we still want what we applied last; else the spec did."""
    if last is MISSING or contains(want, Unknown):
        return Cause.CONFIG
    return Cause.DRIFT if same(schema, want, last) else Cause.CONFIG


def _shown(seen: Any) -> Any:
    return None if seen is MISSING else seen
