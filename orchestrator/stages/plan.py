"""Changes become the steps of an apply, in an order that cannot hurt.

Enters: changes with their edges, and the edges that state remembers. Leaves: steps. Holds: something is made
after what it needs, deleted before what it needs, and a replacement's old half goes first or last as the
change says. Cost: O(n + e).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from orchestrator.model.change import Action, Change
from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.ids import Address, TypeName, Uid
from orchestrator.model.kind import KindSchema
from orchestrator.model.plan import Step
from orchestrator.model.snapshot import Snapshot

Edges = Mapping[Address, Sequence[Address]]


def old_half(address: Address) -> Address:
    """The node in which a replaced object is deleted."""
    return Address(f"{address} (old)")


def settle_order(
    changes: Sequence[Change],
    snapshot: Snapshot,
    kinds: Callable[[TypeName], KindSchema | None],
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
            if need not in stuck and not _collides(change, kinds):
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


def _collides(change: Change, kinds: Callable[[TypeName], KindSchema | None]) -> bool:
    kind = kinds(change.type)
    return kind is not None and kind.collides(change.before or {}, change.after or {})


def _undone(now: Change, before: Change, kinds: Callable[[TypeName], KindSchema | None]) -> Change:
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


def steps(changes: Sequence[Change], desired: Edges, snapshot: Snapshot) -> tuple[Step, ...]:
    """The nodes of the apply; composites of ``desired`` without a change are nodes that only collect."""
    built = _Steps(changes, desired, snapshot).build()
    if snapshot.deposed and not _can_be_walked(built):
        return _Steps(changes, desired, replace(snapshot, deposed={})).build()
    return built


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
    def __init__(self, changes: Sequence[Change], desired: Edges, snapshot: Snapshot) -> None:
        self._changes = {c.address: c for c in changes}
        self._desired = desired
        self._stored = _inverse(self._remembered(snapshot))
        self._needed_by = _inverse(desired)

    def _remembered(self, snapshot: Snapshot) -> Edges:
        """The stored edges, under the addresses that things have in this plan."""
        now = {c.moved_from: c.address for c in self._changes.values() if c.moved_from is not None}
        stored = {
            now.get(r.address, r.address): [now.get(d, d) for d in r.dependencies]
            for r in snapshot.resources.values()
        }
        for change in self._changes.values():
            left_behind = snapshot.deposed.get(Uid(change.deposed)) if change.deposed else None
            if left_behind is not None:
                stored[change.address] = [now.get(d, d) for d in left_behind.dependencies]
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
                result.append(Step(change.address, self._existing(self._desired[change.address]), change))
        return tuple(result)

    def _existing(self, needs: Iterable[Address]) -> tuple[Address, ...]:
        return tuple(n for n in needs if n in self._desired or n in self._changes)

    def _replacement(self, change: Change) -> list[Step]:
        new, old = change.address, old_half(change.address)
        needs = self._existing(self._desired[new])
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
        address = Address(change.address.partition(" (deposed ")[0]) if change.deposed else change.address
        survives = change.action is Action.REPLACE and not change.create_first
        after: list[Address] = []
        if change.deposed:
            after += [n for n in (address, *self._needed_by.get(address, ())) if n in self._desired]
        for dependent in self._stored.get(address, ()):
            other = self._changes.get(dependent)
            if other is None:
                continue
            if other.action is Action.REPLACE:
                after.append(old_half(dependent))
            elif other.action in (Action.DELETE, Action.FORGET) or not survives:
                after.append(dependent)
        return _unique(after, change.address if change.action is not Action.REPLACE else old_half(address))


def _unique(nodes: Iterable[Address], without: Address) -> tuple[Address, ...]:
    return tuple(dict.fromkeys(n for n in nodes if n != without))


def _inverse(edges: Edges) -> dict[Address, list[Address]]:
    behind: dict[Address, list[Address]] = {}
    for node, needs in edges.items():
        for need in needs:
            behind.setdefault(need, []).append(node)
    return behind
