"""What was told once and is read again: its value comes from the sink that it was put into.

Enters: the snapshot, and what expressions read. Leaves: the snapshot with those values in memory, and with what its
sink does not have any more marked as lost. Holds: only what an expression reads is asked for; where secrets are not
resolved (an untrusted plan), what state remembers stands for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from orchestrator.engine.surroundings import used
from orchestrator.engine.workspace import Workspace
from orchestrator.model.errors import ProviderError, SecretsError
from orchestrator.model.ids import Address
from orchestrator.model.plan import Charter
from orchestrator.model.scope import Index, NameError_
from orchestrator.model.snapshot import Record, Snapshot
from orchestrator.model.values import Secret

MISSING = "NotFound"
FORBIDDEN = "Forbidden"


def told_again(
    snapshot: Snapshot,
    charter: Charter,
    index: Index,
    moves: Mapping[Address, Address],
    workspace: Workspace,
) -> Snapshot:
    """The snapshot with what sinks say now. Raises SecretsError where one cannot be asked."""
    wanted = {
        (address, name): kept.reference
        for address, name in set(_read(charter, index, workspace))
        if (record := snapshot.resources.get(moves.get(address, address))) is not None
        and isinstance(kept := record.status.get(name), Secret)
    }
    if not wanted:
        return snapshot
    answers = workspace.secrets.ask(set(wanted.values()))
    failed = {
        r: a
        for r, a in answers.items()
        if isinstance(a, ProviderError) and a.code not in (MISSING, FORBIDDEN)
    }
    if failed:
        raise SecretsError(failed)
    resources = dict(snapshot.resources)
    for (address, name), reference in wanted.items():
        key = moves.get(address, address)
        resources[key] = _with(resources[key], name, answers[reference])
    return replace(snapshot, resources=resources)


def _with(record: Record, name: str, answer: Secret | ProviderError) -> Record:
    known = record.status[name]
    if isinstance(answer, ProviderError):
        return record if answer.code == FORBIDDEN else replace(record, lost=(*record.lost, name))
    version = answer.version or known.version
    return replace(record, status={**record.status, name: Secret(answer.value, answer.reference, version)})


def _read(charter: Charter, index: Index, workspace: Workspace) -> Iterator[tuple[Address, str]]:
    """Every status that is told once and that an expression reads, alone or with others."""
    types = {resource.type for resource in index.by_address.values()}
    once = {type: kind.once for type in types if (kind := workspace.kind(type)) is not None and kind.once}
    if not once:
        return
    for resource, _, expression in used(charter, index.by_address.values()):
        parent = None if resource is None else resource.parent
        try:
            targets = list(index.references(expression.paths, parent))
        except NameError_:  # told by the graph already
            continue
        for target, rest in targets:
            if target.type in once and rest[:1] in ((), ("status",)):
                yield from ((target.address, n) for n in once[target.type] if len(rest) < 2 or rest[1] == n)
