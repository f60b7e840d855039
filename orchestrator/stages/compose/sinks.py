"""Where a document says that what is told once is put.

Enters: the sinks as they were written, resolved. Leaves: whether they can be; what is wrong is told at its line. Holds:
only what the kind tells is named, each goes to a place of its own, and a kind that is nothing without one has one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.model.diagnostic import Diagnostic, Position, Severity, did_you_mean
from orchestrator.model.kind import KindSchema
from orchestrator.model.resource import Desired, Mode


def sink_problems(
    resource: Desired, kind: KindSchema, sinks: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Everything that is wrong with one resource's sinks: message, hint, and the name that it is about."""
    told = kind.told_by(resource.spec)
    for name in sinks:
        if name not in kind.once:
            known = (
                f"it tells: {', '.join(kind.once)}"
                if kind.once
                else "it tells nothing that is told only once"
            )
            yield (
                f"{kind.type} has no {name!r} that is told once",
                did_you_mean(name, kind.once) or known,
                name,
            )
        elif name not in told:
            yield f"{name} is not told for this spec, so there is nothing to store", "remove secretSink", name
    missing = [name for name in told if name not in sinks]
    if kind.needs_sink and missing:
        hint = f'write secretSink: {{{missing[0]}: "file:secrets/{resource.base}"}}, or another store'
        yield f"{kind.type} needs a place to keep its {missing[0]} in", hint, ""


def shared_sinks(resources: Sequence[Desired]) -> Iterator[Diagnostic]:
    """Two that are put into one place would overwrite each other."""
    seen: dict[str, Desired] = {}
    for resource in resources:
        for reference in resource.sinks.values():
            first = seen.setdefault(reference, resource)
            if first is not resource:
                message = f"{resource.address}: {reference} is the sink of {first.address} already"
                hint = "give each its own; of a forEach by ${each.key}"
                yield Diagnostic(message, Position(resource.file, resource.line), hint, resource.address)


def dropped(resources: Sequence[Desired], kinds: Any) -> Iterator[Diagnostic]:
    """What is told once and goes nowhere is said, for nobody can get it again."""
    for resource in resources:
        kind = kinds(resource.type) if resource.mode is Mode.MANAGED else None
        lost = [n for n in kind.told_by(resource.spec) if n not in resource.sinks] if kind is not None else []
        if kind is not None and lost and not kind.needs_sink:
            message = f"{resource.address}: its {' and '.join(lost)} is told only once, and is dropped"
            hint = f'to keep it, write secretSink: {{{lost[0]}: "vault:kv/{resource.base}#{lost[0]}"}}'
            where = Position(resource.file, resource.line)
            yield Diagnostic(message, where, hint, resource.address, Severity.NOTE)
