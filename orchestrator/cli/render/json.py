"""Results as JSON, for programs. Every document has ``format_version`` and ``kind``; docs/schemas/ has the shapes.

Holds: no secret's value; no-op and read actions included; a value that is not known is ``null`` and stands in
the map of unknown ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from orchestrator.engine.applying import Applied
from orchestrator.model.change import Change, Gate, PropertyChange
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.expression import untemplated
from orchestrator.model.ids import render_path
from orchestrator.model.outcome import Outcome
from orchestrator.model.plan import Charter, Plan
from orchestrator.model.policy_input import view
from orchestrator.model.snapshot import Record, Snapshot
from orchestrator.model.verdict import Decision, Verdict

FORMAT_VERSION: Final = "1.0"


def dump(document: Mapping[str, Any]) -> str:
    """A document as text that a person can read too; ends with a newline."""
    return json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n"


def head(kind: str) -> dict[str, Any]:
    """How every document begins."""
    return {"format_version": FORMAT_VERSION, "kind": kind}


def time_of(seconds: float) -> str | None:
    """Seconds since 1970 as people and programs write them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None


def plan_document(plan: Plan, diagnostics: Iterable[Diagnostic] = ()) -> dict[str, Any]:
    """A whole plan."""
    return {
        **head("plan"),
        "opsctl": plan.opsctl,
        "created": time_of(plan.created),
        "digest": plan.digest,
        "stack": stack_document(plan.charter),
        "destroy": plan.destroy,
        "empty": plan.empty,
        "denied": plan.denied,
        "unread": plan.unread,
        "targets": list(plan.targets),
        "selected": {str(address): why for address, why in plan.selected.items()},
        "summary": plan.summary(),
        "changes": [change_document(c) for c in plan.changes],
        "outputs": values_document(plan.outputs),
        "policy": {"engine": plan.engine, "verdicts": [verdict_document(v) for v in plan.verdicts]},
        "reads": {str(name): calls for name, calls in sorted(plan.reads.items())},
        "diagnostics": [diagnostic_document(d) for d in diagnostics],
    }


def stack_document(charter: Charter) -> dict[str, Any]:
    """Which stack a document is about."""
    return {"name": charter.name, "id": str(charter.id), "environment": charter.environment}


def change_document(change: Change) -> dict[str, Any]:
    """One change, with the maps of what is not known and what is not shown."""
    before, after = _seen(change.before), _seen(change.after)
    return {
        "address": change.address,
        "type": change.type,
        "provider": change.provider,
        "action": str(change.action),
        "reason": change.reason,
        "id": change.id,
        "before": before["value"],
        "before_sensitive": before["sensitive"],
        "after": after["value"],
        "after_unknown": after["unknown"],
        "after_sensitive": after["sensitive"],
        "properties": [property_document(p) for p in change.properties],
        "create_first": change.create_first,
        "deposed": change.deposed or None,
        "gates": [_gate(g) for g in change.gates],
        "undo": change.undo or None,
        "irreversible": change.irreversible or None,
        "dependencies": list(change.dependencies),
        "moved_from": change.moved_from,
        "labels": dict(change.labels),
        "file": change.file or None,
        "line": change.line or None,
    }


def property_document(change: PropertyChange) -> dict[str, Any]:
    """One property of a change."""
    before, after = _seen(change.before), _seen(change.after)
    return {
        "path": render_path(change.path),
        "before": before["value"],
        "after": after["value"],
        "after_unknown": after["unknown"],
        "sensitive": bool(before["sensitive"] or after["sensitive"]),
        "cause": str(change.cause),
        "replaces": change.replaces,
    }


def _seen(value: Any) -> dict[str, Any]:
    """A value with nothing in it that is unknown or secret, and where it was."""
    if value is None:
        return {"value": None, "unknown": False, "sensitive": False}
    seen = view(untemplated(value))
    known = seen.value if _is_json(seen.value) else None
    return {"value": known, "unknown": seen.unknown, "sensitive": seen.sensitive}


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | Mapping | list | tuple)


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "kind": gate.kind,
        "settings": _seen(gate.settings)["value"],
        "within": gate.within,
        "interval": gate.interval,
        "successes": gate.successes,
        "on_failure": gate.on_failure,
    }


def values_document(values: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs: each with its value, and whether it is unknown or sensitive."""
    seen = {name: _seen(value) for name, value in sorted(values.items())}
    return {
        name: {"value": v["value"], "unknown": bool(v["unknown"]), "sensitive": bool(v["sensitive"])}
        for name, v in seen.items()
    }


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """One thing that policy says."""
    return {
        "effect": str(verdict.effect),
        "message": verdict.message,
        "rule": verdict.rule,
        "address": verdict.address or None,
        "path": verdict.path or None,
        "code": verdict.code or None,
        "title": verdict.title or None,
        "severity": verdict.severity or None,
        "level": str(verdict.level),
        "declared_level": str(verdict.declared) if verdict.declared is not None else None,
        "blocks": verdict.blocks,
        "fix": verdict.fix or None,
        "link": verdict.link or None,
        "links": list(verdict.links),
        "file": verdict.file or None,
        "line": verdict.line or None,
        "waiver": _waiver(verdict),
        "approved": verdict.approved,
        "approvals": [
            {"by": a.by, "key": a.key, "reason": a.reason, "created": a.created} for a in verdict.approvals
        ],
        "remediation": _remediation(verdict),
    }


def _waiver(verdict: Verdict) -> dict[str, Any] | None:
    waiver = verdict.waiver
    if waiver is None:
        return None
    return {
        "name": waiver.name,
        "holds": verdict.waived,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "expires": waiver.expires or None,
        "file": waiver.file or None,
        "line": waiver.line or None,
    }


def _remediation(verdict: Verdict) -> dict[str, Any] | None:
    if verdict.remediation is None:
        return None
    patch = [
        {"op": p.op, "path": p.path, **({} if p.op == "remove" else {"value": p.value})}
        for p in verdict.remediation.patch
    ]
    return {"message": verdict.remediation.message or None, "patch": patch}


def diagnostic_document(diagnostic: Diagnostic) -> dict[str, Any]:
    """One finding about the user's files."""
    where = diagnostic.position
    return {
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "hint": diagnostic.hint or None,
        "address": diagnostic.address or None,
        "file": where.file if where else None,
        "line": (where.line or None) if where else None,
        "column": (where.column or None) if where else None,
    }


def problems_document(diagnostics: Sequence[Diagnostic], exit_code: int) -> dict[str, Any]:
    """What is wrong, for any command that ends with an error."""
    return {
        **head("problems"),
        "valid": not any(d.severity is Severity.ERROR for d in diagnostics),
        "exit_code": exit_code,
        "diagnostics": [diagnostic_document(d) for d in diagnostics],
    }


def valid_document(
    diagnostics: Sequence[Diagnostic],
    exit_code: int,
    verdicts: Sequence[Verdict],
    decisions: Sequence[Decision],
) -> dict[str, Any]:
    """What ``validate`` says of files that are right; with what policy says of them, where it was asked."""
    engine = decisions[-1].engine if decisions else ""
    policy = {"engine": engine, "verdicts": [verdict_document(v) for v in verdicts]}
    return {**problems_document(diagnostics, exit_code), **({"policy": policy} if decisions else {})}


def applied_document(applied: Applied, diagnostics: Iterable[Diagnostic] = ()) -> dict[str, Any]:
    """How an apply ended, with the plan that it carried out."""
    return {
        **head("apply"),
        "exit_code": applied.exit_code,
        "stack": stack_document(applied.plan.charter),
        "outcomes": [_outcome(o) for o in applied.outcomes.values()],
        "outputs": values_document(applied.outputs),
        "calls": {str(name): n for name, n in sorted(applied.calls.items())},
        "audit": {"head": applied.link or None},
        "plan": plan_document(applied.plan, diagnostics),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "address": outcome.address,
        "action": str(outcome.action),
        "result": str(outcome.result),
        "message": outcome.message or None,
        "cause": outcome.cause,
        "seconds": round(outcome.seconds, 3),
    }


def record_document(record: Record) -> dict[str, Any]:
    """One resource as state remembers it."""
    return {
        "address": record.address,
        "type": record.type,
        "provider": record.provider,
        "id": record.id,
        "uid": record.uid,
        "spec": _seen(record.spec)["value"],
        "status": _seen(record.status)["value"],
        "dependencies": list(record.dependencies),
        "gate": record.gate,
        "prevent_destroy": record.prevent_destroy,
        "retain": record.retain,
        "marked": record.marked,
        "labels": dict(record.labels),
    }


def state_document(snapshot: Snapshot) -> dict[str, Any]:
    """The whole state."""
    intents = snapshot.open.values()
    return {
        **head("state"),
        "stack": str(snapshot.stack),
        "sequence": snapshot.sequence,
        "revision": snapshot.revision,
        "resources": [record_document(r) for _, r in sorted(snapshot.resources.items())],
        "deposed": [record_document(r) for _, r in sorted(snapshot.deposed.items())],
        "intents": [{"address": i.address, "action": str(i.action), "type": i.type} for i in intents],
        "outputs": values_document(snapshot.outputs),
    }
