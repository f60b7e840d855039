"""Changes become the steps of an apply, in an order that cannot hurt.

Enters: changes with their edges, and the edges that state remembers. Leaves: steps. Holds: something is made
after what it needs, deleted before what it needs, and a replacement's old half goes first or last as the
change says. What was left behind goes before something of the same name is made: the two would be one object, and
the delete would hit the new one. Cost: O(n + e).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from enum import Enum
from typing import Final

from orchestrator.model.change import Action, Change
from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.ids import Address, TypeName, Uid
from orchestrator.model.kind import KindSchema
from orchestrator.model.plan import Step
from orchestrator.model.snapshot import Record, Snapshot
from orchestrator.model.values import texts_in

Edges = Mapping[Address, Sequence[Address]]
Kinds = Callable[[TypeName], KindSchema | None]


def old_half(address: Address) -> Address:
    """The node in which a replaced object is deleted."""
    return Address(f"{address} (old)")


def settle_order(
    changes: Sequence[Change],
    snapshot: Snapshot,
    kinds: Kinds,
    *,
    asked: AbstractSet[Address],
) -> tuple[tuple[Change, ...], tuple[Diagnostic, ...]]:
    """What a createFirst replacement rests on must be replaced createFirst too, else its old half can never go.

    Where that cannot be, because two of one name cannot exist at once, the replacement is deleteFirst after all;
    for those that were ``asked`` to be createFirst it is a diagnostic.
    """
    by_address = {c.address: c for c in changes}
    problems: list[Diagnostic] = []
    stuck: set[Address] = set()
    waiting = [c.address for c in changes if c.create_first]
    while waiting:
        address = waiting.pop()
        for need in _rests_on(by_address[address], snapshot, by_address):
            change = by_address.get(need)
            if not by_address[address].create_first:
                break
            if change is None or change.action is not Action.REPLACE or change.create_first:
                continue
            if need not in stuck and not _collides(change, kinds, snapshot):
                by_address[need] = replace(change, create_first=True)
                waiting.append(need)
            elif address in asked:
                problems.append(_cannot(by_address[address], change))
            else:
                # Never made createFirst again: so this comes to an end.
                stuck.add(address)
                by_address[address] = replace(by_address[address], create_first=False)
                waiting += [a for a, c in by_address.items() if c.create_first and c is not change]
    settled = (_undone(by_address[c.address], c, kinds) for c in changes)
    return tuple(settled), tuple(problems)


def _collides(change: Change, kinds: Kinds, snapshot: Snapshot) -> bool:
    """Whether the new object cannot exist beside the old one, or beside one that was left behind earlier."""
    kind, address = kinds(change.type), change.moved_from or change.address
    left = (r.spec for r in snapshot.deposed.values() if (r.address, r.type) == (address, change.type))
    return kind is not None and any(
        kind.collides(spec, change.after or {}) for spec in (change.before or {}, *left)
    )


def _undone(now: Change, before: Change, kinds: Kinds) -> Change:
    """A replacement whose order was changed can be undone by what its order is now."""
    if now.create_first is before.create_first:
        return now
    kind = kinds(now.type)
    if now.create_first and (kind is None or not kind.stateful):
        return replace(now, undo="delete", irreversible="")
    return replace(now, undo="", irreversible=before.irreversible or "the old one is deleted first")


def _rests_on(change: Change, snapshot: Snapshot, changes: Mapping[Address, Change]) -> Sequence[Address]:
    """What the old object needs until it is gone: directly, or through objects that are deleted after it."""
    found: dict[Address, None] = {}
    stack = [change.moved_from or change.address]
    while stack:
        record = snapshot.resources.get(stack.pop())
        for need in record.dependencies if record is not None else ():
            if need not in found:
                found[need] = None
                deleted = need in changes and changes[need].action in (Action.DELETE, Action.FORGET)
                stack += [need] if deleted else []
    return list(found)


def _cannot(change: Change, under: Change) -> Diagnostic:
    message = (
        f"{change.address} is to be replaced createFirst, and {under.address}, which it rests on, cannot be"
    )
    hint = f"write replace: deleteFirst at {change.address}, or give {under.address} another name"
    return Diagnostic(message, Position(change.file, change.line), hint, change.address)


def steps(changes: Sequence[Change], desired: Edges, snapshot: Snapshot, kinds: Kinds) -> tuple[Step, ...]:
    """The nodes of the apply; composites of ``desired`` without a change are nodes that only collect."""
    built = _Steps(changes, desired, snapshot, kinds).build()
    for patience in (_Patience.SHORT, _Patience.NONE):
        if not snapshot.deposed or _can_be_walked(built):
            break
        built = _Steps(changes, desired, snapshot, kinds, patience).build()
    return built


_GOING: Final = (Action.DELETE, Action.FORGET, Action.REPLACE)


class _Patience(Enum):
    """How long what a replacement left behind is waited with, where the order would otherwise have a cycle."""

    LONG = "its successor is there first"
    SHORT = "so too, but not where it rests on what must go before something new can be made"
    NONE = "nothing is known of what it rests on, and of what rests on it"


def _can_be_walked(built: Sequence[Step]) -> bool:
    """Whether the order has no cycle: what a deposed object rests on can ask for too much."""
    left = {step.node: len(set(step.needs)) for step in built}
    behind = _inverse({step.node: tuple(set(step.needs)) for step in built})
    ready = [node for node, count in left.items() if count == 0]
    for node in ready:
        for dependent in behind.get(node, ()):
            left[dependent] -= 1
            if left[dependent] == 0:
                ready.append(dependent)
    return len(ready) == len(left)


class _Steps:
    def __init__(
        self,
        changes: Sequence[Change],
        desired: Edges,
        snapshot: Snapshot,
        kinds: Kinds,
        patience: _Patience = _Patience.LONG,
    ) -> None:
        self._changes = {c.address: c for c in changes}
        self._desired = desired
        self._needed_by = _inverse(desired)
        self._now = {c.moved_from: c.address for c in changes if c.moved_from is not None}
        left = {c.address: snapshot.deposed.get(Uid(c.deposed)) for c in changes if c.deposed}
        self._left = {address: record for address, record in left.items() if record is not None}
        self._in_the_way = self._colliding(kinds)
        known = {} if patience is _Patience.NONE else self._left
        self._stored = _inverse(self._remembered(snapshot, known))
        self._pressing = self._first_of_all(through=patience is not _Patience.LONG)

    def _address(self, record: Record) -> Address:
        """Under which a record's resource is found in this plan."""
        return self._now.get(record.address, record.address)

    def _colliding(self, kinds: Kinds) -> Mapping[Address, Sequence[Address]]:
        """For what is to be made: what was left behind under the same name, and must go before."""
        found: dict[Address, list[Address]] = {}
        for node, record in self._left.items():
            change, kind = self._changes.get(self._address(record)), kinds(record.type)
            if change is None or kind is None or change.type != record.type:
                continue
            if change.action in (Action.CREATE, Action.REPLACE) and kind.collides(
                record.spec, change.after or {}
            ):
                found.setdefault(change.address, []).append(node)
        return found

    def _first_of_all(self, *, through: bool) -> set[Address]:
        """What was left behind and must go before something is made: itself in the way, or resting on what is."""
        blocking = [node for nodes in self._in_the_way.values() for node in nodes]
        if not through:
            return set(blocking)
        goes_first = [
            c.address for c in self._changes.values() if c.action is Action.REPLACE and not c.create_first
        ]
        found = dict.fromkeys([*blocking, *goes_first])
        waiting = list(found)
        for node in waiting:  # grows while it is walked
            for dependent in self._stored.get(node, ()):
                change = self._changes.get(dependent)
                if dependent not in found and change is not None and change.action in _GOING:
                    found[dependent] = None
                    waiting.append(dependent)
        return found.keys() & self._left.keys()

    def _remembered(self, snapshot: Snapshot, left: Mapping[Address, Record]) -> Edges:
        """The stored edges between objects: each under the address, in this plan, of what would delete it."""
        held = {**{self._address(r): r for r in snapshot.resources.values()}, **left}
        incarnations: dict[Address, dict[Address, Record]] = {}
        for node, record in left.items():
            incarnations.setdefault(self._address(record), {})[node] = record
        for address in incarnations.keys() & held.keys():
            incarnations[address][address] = held[address]
        stored: dict[Address, list[Address]] = {}
        for node, record in held.items():
            needs = [self._now.get(d, d) for d in record.dependencies]
            stored[node] = [n for need in needs for n in _meant(record, need, incarnations.get(need))]
        return stored

    def build(self) -> tuple[Step, ...]:
        result: list[Step] = []
        for address, needs in self._desired.items():
            if address not in self._changes:
                result.append(Step(address, self._existing(needs)))
        for change in self._changes.values():
            if change.action in (Action.DELETE, Action.FORGET):
                result.append(Step(change.address, self._before_delete(change), change))
            elif change.action is Action.REPLACE:
                result += self._replacement(change)
            else:
                result.append(Step(change.address, self._needs(change), change))
        return tuple(result)

    def _needs(self, change: Change) -> tuple[Address, ...]:
        """What must be over before an object may be made or changed."""
        before = self._in_the_way.get(change.address, ())
        return (*self._existing(self._desired[change.address]), *before)

    def _existing(self, needs: Iterable[Address]) -> tuple[Address, ...]:
        return tuple(n for n in needs if n in self._desired or n in self._changes)

    def _replacement(self, change: Change) -> list[Step]:
        new, old = change.address, old_half(change.address)
        needs = self._needs(change)
        if change.create_first:
            behind = [n for n in self._needed_by.get(new, ()) if n in self._desired]
            after = (new, *behind, *self._before_delete(change))
            return [Step(new, needs, change, "new"), Step(old, _unique(after, old), change, "old")]
        return [
            Step(old, self._before_delete(change), change, "old"),
            Step(new, (*needs, old), change, "new"),
        ]

    def _before_delete(self, change: Change) -> tuple[Address, ...]:
        """What must be over before an object may be deleted: whatever, by what state remembers, rests on it."""
        survives = change.action is Action.REPLACE and not change.create_first
        after: list[Address] = []
        left = self._left.get(change.address)
        if left is not None and change.address not in self._pressing:
            address = self._address(left)
            after += [n for n in (address, *self._needed_by.get(address, ())) if n in self._desired]
        for dependent in self._stored.get(change.address, ()):
            other = self._changes.get(dependent)
            if other is None:
                continue
            if other.action is Action.REPLACE:
                after.append(old_half(dependent))
            elif other.action in (Action.DELETE, Action.FORGET) or not survives:
                after.append(dependent)
        return _unique(
            after, change.address if change.action is not Action.REPLACE else old_half(change.address)
        )


def _meant(record: Record, need: Address, incarnations: Mapping[Address, Record] | None) -> Iterable[Address]:
    """Which objects of an address one rests on: those whose id it was made with; where none shows, any of them.

    An edge leads to an address. Where a replacement left an object behind there, only one of them is meant, and
    to wait for the other may ask for too much.
    """
    if incarnations is None:
        return (need,)
    named = [
        node
        for node, other in incarnations.items()
        if any(other.id in text for text in texts_in(record.spec))
    ]
    return named or incarnations


def _unique(nodes: Iterable[Address], without: Address) -> tuple[Address, ...]:
    return tuple(dict.fromkeys(n for n in nodes if n != without))


def _inverse(edges: Edges) -> dict[Address, list[Address]]:
    behind: dict[Address, list[Address]] = {}
    for node, needs in edges.items():
        for need in needs:
            behind.setdefault(need, []).append(node)
    return behind
