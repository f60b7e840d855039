"""Changes to the state that touch no cloud: a resource under another name, a resource let go of.

Each is a run like an apply: under the lease, in the journal, with a revision of its own, so that it can be looked at
and undone like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from orchestrator.engine.auditing import noted, refuse
from orchestrator.engine.leasing import held
from orchestrator.engine.workspace import Workspace
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import OpsctlError
from orchestrator.model.ids import Address
from orchestrator.model.kind import KindSchema
from orchestrator.model.provision import Intent, Observed
from orchestrator.model.schema import Property
from orchestrator.model.snapshot import Deposed, Entry, Gone, Kept, Record, Settled, Snapshot
from orchestrator.seams.state import Holder
from orchestrator.stages.diff.orphans import deposed_address
from orchestrator.stages.settle import closing, late


@dataclass(frozen=True, slots=True)
class Surgery:
    """What is to be written, and what it is about."""

    records: tuple[Record, ...]
    """As they are before."""
    entries: tuple[Entry, ...]
    names: tuple[Address, ...] = ()
    """The new names, of a move."""
    results: Mapping[str, str] = field(default_factory=dict)
    """What is done at each address, for the audit: ``move: done (to net)``."""


_NAME: Final = re.compile(r'[A-Za-z0-9_][\w.-]*(\["[^"]+"\])?(/[A-Za-z0-9_][\w.-]*(\["[^"]+"\])?)*')
Operation = Callable[[Snapshot], Surgery]


def operate(
    operation: Operation, workspace: Workspace, *, holder: Holder, approve: Callable[[Surgery], bool]
) -> Surgery | None:
    """Do it under the lease; None where it was not approved. Raises OpsctlError where it cannot be done."""
    with held(workspace, holder) as lease:
        surgery = operation(workspace.state.latest())
        if not approve(surgery):
            refuse(workspace, lease, holder, "it was not approved")
            return None
        noted(workspace, lease, holder, surgery.entries, surgery.results)
        return surgery


def moving(source: str, target: str) -> Operation:
    """A resource, or all children of a composite, under another name; edges to them follow."""

    def move(snapshot: Snapshot) -> Surgery:
        names = _renamed(snapshot, Address(source), Address(target))
        for new in names.values():
            if new in snapshot.resources and new not in names:
                raise OpsctlError(f"the state has a resource {new} already\nhint: opsctl state show '{new}'")
        records = tuple(snapshot.resources[old] for old in names)
        entries: list[Entry] = [Gone(r.address, r.uid) for r in records]
        for record in snapshot.resources.values():
            renamed = _with_names(record, names)
            if renamed != record:
                entries.append(Kept(renamed))
        for record in snapshot.deposed.values():
            renamed = _with_names(record, names)
            if renamed != record:
                entries.append(Deposed(renamed))
        results = {str(old): f"move: done (to {new})" for old, new in names.items()}
        return Surgery(records, tuple(entries), tuple(names.values()), results)

    return move


def forgetting(address: str) -> Operation:
    """A resource, all children of a composite, or a deposed object are let go of: their objects stay."""

    def forget(snapshot: Snapshot) -> Surgery:
        for record in snapshot.deposed.values():
            if address in (deposed_address(record), str(record.uid)):
                return _forgetting((record,), deposed_address(record))
        records = tuple(snapshot.resources[a] for a in _below(snapshot, Address(address)))
        return _forgetting(records, *(record.address for record in records))

    return forget


def settling(address: str, id: str | None, workspace: Workspace) -> Operation:
    """What became of an interrupted step, as a person says who has looked: the object's id, or None: it is not there."""

    def settle(snapshot: Snapshot) -> Surgery:
        intents = _cut_off(snapshot, address, made=id is not None)
        if not intents:
            near = did_you_mean(address, [str(i.address) for i in snapshot.intents.values()])
            hint = near or "opsctl state list shows what was cut off"
            raise OpsctlError(f"no interrupted step on {address!r} waits to be settled\nhint: {hint}")
        entries: list[Entry] = []
        for intent in intents:
            kind = workspace.kind(intent.type) or KindSchema(intent.type, Property("object"))
            found = Observed(id, intent.spec, {"id": id}) if id is not None else None
            now = workspace.clock.now()
            if not intent.lapsed:
                entries += closing(intent, found, snapshot, kind, now)
            elif found is not None:
                entries += late(intent, found, snapshot, now)
            else:
                entries.append(Settled(intent.token))
        records = tuple(e.record for e in entries if isinstance(e, Kept | Deposed))
        became = f"it is {id}" if id is not None else "there is none"
        return Surgery(records, tuple(entries), results={address: f"settle: done ({became})"})

    return settle


def _cut_off(snapshot: Snapshot, address: str, *, made: bool) -> list[Intent]:
    """What was begun on an address and is open; else what was given up: all of it, or the last where one has made something."""
    open_ = [i for i in snapshot.open.values() if i.address == address]
    if open_:
        return open_
    given_up = sorted((i for i in snapshot.lapsed.values() if i.address == address), key=lambda i: i.lapsed)
    return given_up[-1:] if made else given_up


def _forgetting(records: tuple[Record, ...], *addresses: Address) -> Surgery:
    results = {str(a): f"forget: done ({r.id} stays)" for a, r in zip(addresses, records, strict=True)}
    return Surgery(records, tuple(Gone(r.address, r.uid) for r in records), results=results)


def _renamed(snapshot: Snapshot, source: Address, target: Address) -> dict[Address, Address]:
    if not _NAME.fullmatch(target):
        raise OpsctlError(f'{target!r} cannot be an address\nhint: such as web, db/server or web["a"]')
    if source == target:
        raise OpsctlError(f"{source} is called that already")
    return {old: Address(f"{target}{old[len(source) :]}") for old in _below(snapshot, source)}


def _below(snapshot: Snapshot, address: Address) -> list[Address]:
    """The resource of that name, or the children of the composite of that name; nothing of them may be open."""
    found = [a for a in sorted(snapshot.resources) if a == address or a.startswith(f"{address}/")]
    if not found:
        near = did_you_mean(address, map(str, snapshot.resources)) or "opsctl state list shows what there is"
        raise OpsctlError(f"the state has no resource {address!r}\nhint: {near}")
    open_ = sorted({i.address for i in snapshot.open.values()} & set(found))
    if open_:
        message = f"an interrupted step on {', '.join(open_)} is not settled yet"
        raise OpsctlError(f"{message}\nhint: opsctl apply settles it first")
    return found


def _with_names(record: Record, names: dict[Address, Address]) -> Record:
    needs = tuple(names.get(need, need) for need in record.dependencies)
    return replace(record, address=names.get(record.address, record.address), dependencies=needs)
