"""``opsctl state rebuild``: a state that was lost, made again from the clouds and the spec.

Enters: a blueprint and the clouds. Leaves: the records of what was found, by marker or by natural key, and lists of
what was not. Holds: nothing is changed in a cloud, and a marker alone deletes nothing: what is marked as ours and
stands in no file becomes a record, which the next plan shows and policy sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from orchestrator.engine.auditing import noted, refuse
from orchestrator.engine.discovering import Unlisted, everything, kinds_of
from orchestrator.engine.leasing import held
from orchestrator.engine.planning import Blueprint
from orchestrator.engine.rebuilding_search import Found, Search
from orchestrator.engine.surroundings import surroundings
from orchestrator.engine.workspace import Workspace
from orchestrator.model.diagnostic import Severity
from orchestrator.model.errors import DamagedStateError, InvalidSpecError, OpsctlError
from orchestrator.model.ids import Address, ProviderName, StackId, TypeName
from orchestrator.model.provision import Observed
from orchestrator.model.snapshot import (
    Deposed,
    Entry,
    Gone,
    Kept,
    Outputs,
    Record,
    Settled,
    Snapshot,
)
from orchestrator.model.values import texts_in
from orchestrator.seams.state import Holder
from orchestrator.stages.diff.orphans import deposed_address
from orchestrator.stages.graph import graph


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was found, and what was not."""

    found: tuple[Found, ...]
    orphans: tuple[Record, ...]
    """Marked as ours, and in no file: the next plan deletes them, where policy lets it."""
    left_behind: tuple[Record, ...]
    """A second object of an address that was found: the next plan deletes it."""
    missing: Mapping[Address, str]
    """Desired, and not found: why. The next plan makes them."""
    unread: tuple[Unlisted, ...]
    """Kinds that could not be listed, and why."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    replaced: int = 0
    """How many resources the state has that this takes the place of."""
    damage: str = ""
    """Why the state that is there cannot be read, where it is to be put aside."""
    aside: str = ""
    """Where that one is kept now."""


Marked = dict[Address, list[tuple[ProviderName, TypeName, Observed]]]


def rebuild(
    blueprint: Blueprint,
    workspace: Workspace,
    *,
    holder: Holder,
    approve: Callable[[Rebuilt], bool],
    force: bool,
) -> Rebuilt | None:
    """Look, ask, and write; None where it was not approved. Raises OpsctlError where there is a state already.

    One that is damaged is put aside first, where ``force`` says so: it stays what it is, under another name.
    """
    damage = _damage(workspace)
    if damage is not None:
        if not force:
            raise damage
        return _in_place_of(damage, blueprint, workspace, holder=holder, approve=approve)
    with held(workspace, holder) as lease:
        old = workspace.state.latest()
        if (old.resources or old.deposed or old.intents) and not force:
            raise OpsctlError(
                f"the stack has a state already, of {len(old.resources)} resources\n"
                "hint: opsctl plan shows whether it is right; --force puts a rebuilt one in its place, and keeps the "
                "old one in the history"
            )
        rebuilt = look(blueprint, workspace, old)
        if not approve(rebuilt):
            refuse(workspace, lease, holder, "it was not approved")
            return None
        noted(workspace, lease, holder, list(_entries(rebuilt, old)), _results(rebuilt))
        return rebuilt


def preview(blueprint: Blueprint, workspace: Workspace, *, force: bool) -> Rebuilt:
    """What a rebuilt state would hold; a damaged one that is there stops nobody who would put it aside."""
    damage = _damage(workspace) if force else None
    if damage is None:
        return look(blueprint, workspace, workspace.state.latest())
    return replace(look(blueprint, workspace, Snapshot(blueprint.charter.id)), damage=_first_line(damage))


def _damage(workspace: Workspace) -> DamagedStateError | None:
    """Why the state cannot be read; None where it can. Raises OpsctlError where it cannot be had, or is too new."""
    try:
        workspace.state.latest()
    except DamagedStateError as error:
        return error
    return None


def _first_line(error: DamagedStateError) -> str:
    return str(error).partition("\n")[0]


def _in_place_of(
    damage: DamagedStateError,
    blueprint: Blueprint,
    workspace: Workspace,
    *,
    holder: Holder,
    approve: Callable[[Rebuilt], bool],
) -> Rebuilt | None:
    rebuilt = preview(blueprint, workspace, force=True)
    if not approve(rebuilt):
        return None
    if _damage(workspace) is None:
        raise OpsctlError("the state can be read again: nothing was put aside, nothing written")
    moment = datetime.fromtimestamp(workspace.clock.now(), UTC)
    rebuilt = replace(rebuilt, aside=workspace.state.put_aside(f"{moment:%Y%m%dT%H%M%SZ}"))
    with held(workspace, holder) as lease:
        old = workspace.state.latest()
        if old.resources:
            raise OpsctlError(
                f"somebody has made a state meanwhile; the damaged one is kept: {rebuilt.aside}"
            )
        results = {
            **_results(rebuilt),
            "(state)": f"put aside: done ({_first_line(damage)}; kept: {rebuilt.aside})",
        }
        noted(workspace, lease, holder, list(_entries(rebuilt, old)), results)
    return rebuilt


def _results(rebuilt: Rebuilt) -> dict[str, str]:
    """What was made of each object, for the audit."""
    found = {str(f.record.address): f"found: done ({f.record.id})" for f in rebuilt.found}
    orphans = {str(r.address): f"orphan: done ({r.id}, in no file)" for r in rebuilt.orphans}
    behind = {
        str(deposed_address(r)): f"left behind: done ({r.id}, one too many)" for r in rebuilt.left_behind
    }
    return {**found, **orphans, **behind}


def look(blueprint: Blueprint, workspace: Workspace, old: Snapshot) -> Rebuilt:
    """What a rebuilt state would hold. Only reads are made."""
    around = surroundings(blueprint.charter, blueprint.resources, workspace)
    shape = graph(blueprint.resources, kinds=workspace.kind, around=around)
    wrong = [d for d in (*blueprint.diagnostics, *shape.diagnostics) if d.severity is Severity.ERROR]
    if wrong:
        raise InvalidSpecError(tuple(dict.fromkeys(wrong)))
    workspace.progress.stage("discover")
    marked, unread = _marked(blueprint.charter.id, workspace)
    search = Search(shape, around, workspace, blueprint.charter, marked)
    for address in shape.order:
        search.settle(address)
    records = search.records()
    taken = {f.record.address for f in records}
    ids = {f.record.id: f.record.address for f in records}
    strays = [(a, p, t, seen) for a, objects in search.left.items() for p, t, seen in objects]
    uids = {f.record.uid for f in records}
    orphans: dict[Address, Record] = {}
    behind: list[Record] = []
    for address, provider, type, seen in strays:
        uid = (
            seen.marker.uid
            if seen.marker is not None and seen.marker.uid not in uids
            else workspace.new_uid()
        )
        uids.add(uid)
        record = Record(address, type, provider, seen.id, uid, dict(seen.spec), dict(seen.status))
        if address in taken or address in orphans:
            behind.append(record)
        else:
            orphans[address] = record
            ids[record.id] = address
    linked = tuple(_linked(record, ids) for record in orphans.values())
    left = tuple(_linked(record, ids) for record in behind)
    return Rebuilt(records, linked, left, search.missing, unread, search.outputs(), len(old.resources))


def _marked(stack: StackId, workspace: Workspace) -> tuple[Marked, tuple[Unlisted, ...]]:
    """Every object of every configured provider that carries this stack's marker, by its address."""
    listed, unread = everything(kinds_of(workspace), workspace)
    found: Marked = {}
    for name, type, seen in listed:
        if seen.marker is not None and seen.marker.stack == stack:
            found.setdefault(seen.marker.address, []).append((name, type, seen))
    return found, unread


def _linked(record: Record, ids: Mapping[str, Address]) -> Record:
    """The edges of an orphan, read off the ids in its spec: so that it is deleted in the right order."""
    needs = {ids[leaf] for leaf in texts_in(record.spec) if leaf in ids} - {record.address}
    return replace(record, dependencies=tuple(sorted(needs)))


def _entries(rebuilt: Rebuilt, old: Snapshot) -> Iterator[Entry]:
    """The old state goes, the new one comes: both stay in the journal."""
    yield from (Settled(token) for token in old.intents)
    yield from (Gone(r.address, r.uid) for r in (*old.resources.values(), *old.deposed.values()))
    yield from (Kept(found.record) for found in rebuilt.found)
    yield from (Kept(record) for record in rebuilt.orphans)
    yield from (Deposed(record) for record in rebuilt.left_behind)
    if rebuilt.outputs or old.outputs:
        yield Outputs(rebuilt.outputs)
