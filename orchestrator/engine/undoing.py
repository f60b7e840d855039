"""``opsctl undo REV``: what a plan must be made from to take a revision back.

Enters: the past and the present of a stack; the files that it was made from are not needed. Leaves: a blueprint in
which every resource that the revision touched is as it was before, and every other as it is now; planning and
applying it is like any other. Holds: a resource that a later revision has changed is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.engine.planning import Blueprint
from orchestrator.engine.relinking import Relinker
from orchestrator.engine.revisions import Past, Revision, lifecycle
from orchestrator.model.change import Action, Change
from orchestrator.model.errors import OpsctlError
from orchestrator.model.expression import templates_in
from orchestrator.model.ids import Address, Path, TypeName, render_path
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.plan import Charter, Plan
from orchestrator.model.scope import GLOBALS
from orchestrator.model.snapshot import Gone, Kept, Record, Snapshot
from orchestrator.model.values import Secret, find_leaves
from orchestrator.model.verdict import Bundle

Kinds = Callable[[TypeName], KindSchema | None]


@dataclass(frozen=True, slots=True)
class Undoing:
    """A revision that is to be taken back."""

    revision: Revision
    blueprint: Blueprint
    before: Snapshot
    """The state that it found."""
    sequence: int
    """Where the journal stood when this was made."""
    held: Mapping[Address, tuple[Path, ...]]
    """Properties whose old value rests nowhere, so that the present one stays."""


@dataclass(frozen=True, slots=True)
class Label:
    """What one step of going back means."""

    address: Address
    action: Action
    lost: tuple[str, ...]
    reversible: bool = False


def undoing(
    past: Past, now: Snapshot, number: int, *, charter: Charter, bundle: Bundle, kinds: Kinds, opsctl: str
) -> Undoing:
    """Raises OpsctlError where there is nothing to undo, or where a later revision changed the same resources."""
    revision = past.revision(number)
    before, after = past.at(number - 1), past.at(number)
    touched = {a for a in {*before.resources, *after.resources} if _of(before, a) != _of(after, a)}
    if not touched:
        raise OpsctlError(f"revision {number} changed no resource: there is nothing to undo")
    _refuse_later_changes(past, now, after, number, touched)
    wanted = {a: r for a, r in now.resources.items() if a not in touched}
    wanted |= {a: before.resources[a] for a in touched if a in before.resources}
    forgotten = _forgotten(past, revision)
    relinker = Relinker(now, before, wanted, touched, kinds)
    resources = tuple(
        replace(relinker.desired(record), import_id=record.id if _let_go(record, now, forgotten) else None)
        for record in wanted.values()
    )
    blueprint = Blueprint(
        charter=replace(charter, outputs=_outputs(charter, wanted, before, now)),
        resources=resources,
        bundle=bundle,
        moves=_moves(now, wanted),
        opsctl=opsctl,
    )
    return Undoing(revision, blueprint, before, now.sequence, relinker.held)


def _of(snapshot: Snapshot, address: Address) -> Any:
    """What makes a resource another one, or the same one changed."""
    record = snapshot.resources.get(address)
    return None if record is None else (record.uid, record.id, _essence(record))


def _essence(record: Record | None) -> Any:
    return None if record is None else (record.type, record.provider, record.spec, lifecycle(record))


def _refuse_later_changes(
    past: Past, now: Snapshot, after: Snapshot, number: int, touched: set[Address]
) -> None:
    changed = {
        a for a in touched if _essence(now.resources.get(a)) != _essence(after.resources.get(a))
    } - _restored(past, now, number, touched)
    if not changed:
        return
    lines = []
    for address in sorted(changed):
        numbers = ", ".join(str(n) for n in _changers(past, number, address))
        lines.append(f"\n  {address}: changed again by revision {numbers or 'of an interrupted run'}")
    message = (
        f"revision {number} cannot be undone: what it changed was changed again later, so nothing was done"
    )
    hint = "undo the later revision first; or put the files back and apply"
    raise OpsctlError(f"{message}{''.join(lines)}\nhint: {hint}")


def _restored(past: Past, now: Snapshot, number: int, touched: set[Address]) -> set[Address]:
    """What is back already as it was before the revision: a part of it was undone, and nothing is left to do."""
    before = past.at(number - 1)
    return {a for a in touched if _essence(now.resources.get(a)) == _essence(before.resources.get(a))}


def _changers(past: Past, number: int, address: Address) -> Iterator[int]:
    seen = past.at(number).resources.get(address)
    for revision in past.revisions:
        if revision.number > number:
            there = past.at(revision.number).resources.get(address)
            if _essence(there) != _essence(seen):
                yield revision.number
            seen = there


def _forgotten(past: Past, revision: Revision) -> set[str]:
    """The uids that a revision let go of without deleting anything: their objects are there."""
    entries = [logged.entry for logged in past.entries_of(revision)]
    kept = {e.record.uid for e in entries if isinstance(e, Kept)}
    return {e.uid for e in entries if isinstance(e, Gone) and e.token is None and e.uid not in kept}


def _let_go(record: Record, now: Snapshot, forgotten: set[str]) -> bool:
    return record.uid in forgotten and record.address not in now.resources


def _moves(now: Snapshot, wanted: Mapping[Address, Record]) -> dict[Address, Address]:
    """Old names by the name that an incarnation is to have again."""
    names = {record.uid: address for address, record in now.resources.items()}
    return {a: names[r.uid] for a, r in wanted.items() if r.uid in names and names[r.uid] != a}


def _outputs(
    charter: Charter, wanted: Mapping[Address, Record], before: Snapshot, now: Snapshot
) -> dict[str, Any]:
    """Outputs are made again where what they read is there by name; the others are what they were."""
    kept = {**now.outputs, **before.outputs}
    made = {name: value for name, value in charter.outputs.items() if _readable(value, wanted)}
    return {**{name: value for name, value in kept.items() if name in charter.outputs}, **made}


def _readable(value: Any, wanted: Mapping[Address, Record]) -> bool:
    roots = {root for _, t in templates_in(value) for e in t.expressions for root in e.roots}
    return "env" not in roots and all(root in GLOBALS or root in wanted for root in roots)


def labels(undo: Undoing, plan: Plan, kinds: Kinds) -> tuple[Label, ...]:
    """For each step: whether it could be undone in turn, and what does not come back."""
    return tuple(_label(change, undo, kinds) for change in plan.pending)


def _label(change: Change, undo: Undoing, kinds: Kinds) -> Label:
    kind = kinds(change.type)
    stateful = kind is not None and kind.stateful
    lost = list(_rotated(change, undo))
    match change.action:
        case Action.CREATE:
            known = kind is not None and kind.marking is Marking.DETERMINISTIC
            if change.address in undo.before.resources and not known:
                lost.insert(0, "it is made anew: its id, and what its cloud gave it, are others")
            if stateful:
                lost.append("the data that it held do not come back")
            return Label(change.address, change.action, tuple(lost), not stateful)
        case Action.DELETE | Action.REPLACE:
            lost.append("the data that it holds are lost" if stateful else "the object that is there now")
            return Label(change.address, change.action, tuple(lost))
        case _:
            return Label(change.address, change.action, tuple(lost), not lost)


def _rotated(change: Change, undo: Undoing) -> Iterator[str]:
    """Secrets are not kept: where one has changed since, its old value cannot be put back."""
    old = undo.before.resources.get(change.address)
    for path in () if old is None else find_leaves(old.spec, Secret):
        was, is_ = _at(old.spec, path) if old is not None else None, _at(change.after, path)
        if path in undo.held.get(change.address, ()):
            yield f"the old value of {render_path(path)}: it rests nowhere, and the present one stays"
        elif isinstance(was, Secret) and isinstance(is_, Secret) and was != is_:
            yield f"the old value of {render_path(path)}: {was.reference} has another one now, and that is used"


def _at(value: Any, path: Path) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
