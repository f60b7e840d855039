"""What to do about one resource, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.model.change import Action, Change, PropertyChange
from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.ids import Path, StackId, render_path
from orchestrator.model.kind import KindSchema
from orchestrator.model.provision import Observed, Proposal
from orchestrator.model.resource import Desired
from orchestrator.model.snapshot import Record
from orchestrator.model.values import UNKNOWN, Secret, Unknown, contains
from orchestrator.seams.provider import Provider

Status = Any


@dataclass(frozen=True, slots=True)
class Case:
    """One resource with all that is known about it."""

    resource: Desired
    kind: KindSchema
    want: Mapping[str, Any]
    record: Record | None
    seen: Observed | None
    provider: Provider
    moved: bool = False


def adoption(resource: Desired, kind: KindSchema, seen: Observed, stack: StackId) -> Diagnostic | None:
    """Whether an object that is there without our knowing may be taken; None: it may."""
    address = resource.address
    where = place(resource, "metadata", "name")
    marker = seen.marker
    if marker is not None and marker.stack == stack and marker.address == address:
        return None
    if marker is not None and marker.stack not in (stack, resource.take_from):
        message = f"{address}: {seen.id} exists and belongs to the stack {marker.stack!r} ({marker.address})"
        return Diagnostic(message, where, f"to take it over, write takeFrom: {marker.stack}", address)
    if resource.import_id or marker is not None:
        return None
    message = f"{address}: a {kind.type} like this exists already ({seen.id}), and opsctl did not make it"
    hint = f"to take it over: kind: Import, spec: {{to: {address}, id: {seen.id}}}"
    return Diagnostic(message, where, hint, address)


def decide(case: Case) -> tuple[Change, Status, list[Diagnostic]]:
    """The change of one managed resource, its status as far as it is known after it, and what is wrong."""
    resource, record, seen = case.resource, case.record, case.seen
    if seen is None:
        reason = "it was deleted outside opsctl" if record is not None else "it is not there yet"
        return _make(case, Action.CREATE, reason), UNKNOWN, _undo_problems(case, Action.CREATE)
    if record is not None and (record.type, record.provider) != (resource.type, resource.provider):
        reason = f"it moves from {record.type} at {record.provider}"
        change = _make(case, Action.REPLACE, reason)
        return change, UNKNOWN, [*_replace_problems(case), *_undo_problems(case, Action.REPLACE)]
    proposal = _proposed(case, seen)
    problems = list(_plugin_problems(case, proposal))
    action, reason = _action(case, seen, proposal)
    if action is Action.REPLACE:
        problems += _replace_problems(case)
    if action is Action.ADOPT and proposal.action is Action.REPLACE:
        problems.append(_adopted_replace(case, proposal))
    problems += _undo_problems(case, action)
    change = _make(case, action, reason, proposal.changes)
    known = case.kind.with_told(seen.status, record.status if record is not None else {})
    return change, _status_after(action, case.kind, replace(seen, status=known)), problems


def _proposed(case: Case, seen: Observed) -> Proposal:
    last = case.record.spec if case.record is not None else {}
    want = case.resource.lifecycle.leaving_alone(case.want, seen.spec)
    return case.provider.propose(case.resource.type, seen, want, last)


def _adopted_replace(case: Case, proposal: Proposal) -> Diagnostic:
    names = ", ".join(render_path(c.path) for c in proposal.changes if c.replaces)
    message = f"{case.resource.address}: to adopt this object would mean to replace it: {names}"
    return Diagnostic(
        message, _at(case, "spec"), "write what it has now, and change it later", case.resource.address
    )


def _plugin_problems(case: Case, proposal: Proposal) -> Iterator[Diagnostic]:
    """Invariant 10: a proposal that wants something else than the spec is the plugin's mistake."""
    for change in proposal.changes:
        wanted = _at_path(case.want, change.path)
        if contains(change.after, Unknown) and not contains(wanted, Unknown):
            message = f"the provider of {case.resource.type} calls {render_path(change.path)} unknown, and it is known"
            yield Diagnostic(f"{case.resource.address}: {message}", address=case.resource.address)


def _at_path(value: Any, path: Path) -> Any:
    """The value at a path, or the last one on the way to it."""
    for part in path:
        if isinstance(value, Mapping):
            if part not in value:
                break
            value = value[part]
        elif isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            break
    return value


def _action(case: Case, seen: Observed, proposal: Proposal) -> tuple[Action, str]:
    """The one action that covers everything there is to do."""
    record = case.record
    if record is None:
        return Action.ADOPT, "it is there already, and is ours from now on"
    if record.lost:
        names = " and ".join(record.lost)
        return Action.REPLACE, f"its {names} was told once, and is not kept anywhere"
    if record.gate == "tainted":
        return Action.REPLACE, "its creation failed half-way"
    if proposal.action in (Action.UPDATE, Action.REPLACE):
        return proposal.action, _why(proposal)
    if case.moved and record.address != case.resource.address:
        return Action.MOVE, f"it was called {record.address}"
    if case.kind.marking.carried and not _marked(case, seen):
        return Action.RETAG, "its marker is missing or names something else"
    if record.gate == "pending" and case.resource.gates:
        return Action.GATE, "it is as desired, but its health gate has not passed"
    return Action.NOOP, ""


def _marked(case: Case, seen: Observed) -> bool:
    marker, record = seen.marker, case.record
    return (
        marker is not None
        and record is not None
        and (marker.address, marker.uid) == (case.resource.address, record.uid)
    )


def _why(proposal: Proposal) -> str:
    causes = sorted({str(c.cause) for c in proposal.changes})
    return ", ".join(causes)


def _status_after(action: Action, kind: KindSchema, seen: Observed) -> Status:
    """An update in place keeps the id and what the schema calls stable; a new object has nothing yet."""
    now = {**seen.status, "id": seen.id}
    match action:
        case Action.REPLACE:
            return UNKNOWN
        case Action.UPDATE | Action.ADOPT:
            stable = {name for name, p in kind.status.properties.items() if p.stable or p.once} | {"id"}
            return {name: value if name in stable else UNKNOWN for name, value in now.items()}
        case _:
            return now


def _make(case: Case, action: Action, reason: str, properties: tuple[PropertyChange, ...] = ()) -> Change:
    resource, record = case.resource, case.record
    undo, irreversible = _undo(case, action)
    if action in (Action.CREATE, Action.REPLACE) and resource.sinks:
        goes = ", ".join(f"its {name} goes to {reference}" for name, reference in resource.sinks.items())
        reason = f"{reason}; {goes}"
    return Change(
        address=resource.address,
        type=resource.type,
        provider=resource.provider,
        action=action,
        reason=reason,
        before=case.seen.spec if case.seen is not None else None,
        after=case.want,
        properties=properties,
        id=case.seen.id if case.seen is not None else None,
        create_first=action is Action.REPLACE and _create_first(case),
        gates=resource.gates,
        undo=undo,
        irreversible=irreversible,
        moved_from=record.address if record is not None and record.address != resource.address else None,
        labels=resource.labels,
        file=resource.file,
        line=resource.line,
    )


def _create_first(case: Case) -> bool:
    """Whether the new one is made first. What came out wrong is not kept: where its name is in the way, it goes before."""
    if (case.resource.lifecycle.replace or case.kind.replace_first) != "create":
        return False
    spoilt = case.record is not None and (case.record.gate == "tainted" or bool(case.record.lost))
    return not (spoilt and _collides(case))


def _collides(case: Case) -> bool:
    return case.seen is not None and case.kind.collides(case.seen.spec, case.want)


def _undo(case: Case, action: Action) -> tuple[str, str]:
    """How a failed gate takes the step back, or why it cannot."""
    match action:
        case Action.CREATE if case.kind.stateful:
            return "", "it holds data: deleting it would lose them"
        case Action.CREATE:
            return "delete", ""
        case Action.UPDATE:
            return _undo_update(case.record)
        case Action.REPLACE if case.kind.stateful:
            return "", "it holds data: the old ones are lost"
        case Action.REPLACE:
            return ("delete", "") if _create_first(case) else ("", "the old one is deleted first")
        case _:
            return "", ""


def _undo_update(record: Record | None) -> tuple[str, str]:
    if record is None or not record.spec:
        return "", "what was applied before is not known"
    if contains(record.spec, Secret):
        return "", "the old value of a secret is not kept"
    return "reapply", ""


def _undo_problems(case: Case, action: Action) -> list[Diagnostic]:
    """Asking for undo where there is none is an error now, not a surprise later."""
    _, irreversible = _undo(case, action)
    if not irreversible or not any(g.on_failure == "undo" for g in case.resource.gates):
        return []
    message = f"{case.resource.address}: onFailure: undo is not possible for this {action}: {irreversible}"
    return [Diagnostic(message, _at(case, "health"), "write onFailure: halt", case.resource.address)]


def _replace_problems(case: Case) -> list[Diagnostic]:
    address = case.resource.address
    problems = []
    if case.resource.lifecycle.prevent_destroy:
        message = f"{address}: this change replaces it, and preventDestroy forbids that"
        hint = "undo the change of the create-only property, or lift preventDestroy"
        problems.append(Diagnostic(message, _at(case, "lifecycle"), hint, address))
    if _create_first(case) and _collides(case):
        name = case.kind.unique_name or case.kind.natural_key[0]
        message = (
            f"{address}: createFirst with the fixed name {case.want.get(name)!r}: two cannot exist at once"
        )
        hint = "write replace: deleteFirst, or change the name"
        problems.append(Diagnostic(message, _at(case, "spec", name), hint, address))
    return problems


def _at(case: Case, *path: str) -> Position | None:
    return place(case.resource, *path)


def place(resource: Desired, *path: str | int) -> Position | None:
    """Where a part of a resource stands; for a composite's child the document that asks for it."""
    if resource.parent is not None:
        return Position(resource.file, resource.line)
    return resource.document.position(*resource.root, *path) if resource.document else None
