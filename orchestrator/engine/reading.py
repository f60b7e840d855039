"""The reads of a plan: many groups at once, all errors together."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from orchestrator.engine.workspace import Workspace
from orchestrator.model.change import Action
from orchestrator.model.errors import OpsctlError, ProviderError
from orchestrator.model.ids import Address, ProviderName, Token, TypeName
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.provision import Intent, Ref
from orchestrator.model.snapshot import Entry, Fold, Snapshot
from orchestrator.seams.executor import Effect
from orchestrator.stages.refresh import Reading, Wanted, grouped, refresh
from orchestrator.stages.settle import settle

Refs = Sequence[tuple[ProviderName, TypeName, Ref]]
Step = Generator[Effect, Any, Outcome]


class ReadError(OpsctlError):
    """The cloud could not be read: one line a failed group."""


def read(refs: Refs, into: Reading, workspace: Workspace) -> None:
    """Read all refs. Raises ReadError with every group that failed."""
    groups = {Address(f"{w.provider} {w.type}"): w for w in grouped(refs)}

    def visit(node: Address) -> Step:
        return _outcome(node, refresh(groups[node], _provider(groups[node], workspace), into))

    _walk(groups, visit, workspace)


def _provider(wanted: Wanted, workspace: Workspace) -> Any:
    if wanted.provider not in workspace.providers:
        message = f"the provider {wanted.provider} is not configured any more, and state has resources of it"
        raise ReadError(f"{message}: {', '.join(str(r.address) for r in wanted.refs[:5])}")
    return workspace.providers[wanted.provider]


def settle_all(
    snapshot: Snapshot, workspace: Workspace
) -> tuple[Snapshot, list[Entry], Mapping[Address, str]]:
    """Settle every open intent; returns the settled snapshot, the entries, and what could not be settled."""
    if not snapshot.intents:
        return snapshot, [], {}
    closed: dict[Token, Sequence[Entry]] = {}
    open_: dict[Address, str] = {}

    def run(intent: Intent) -> Step:
        try:
            provider = workspace.providers[ProviderName(intent.provider)]
            closed[intent.token] = yield from settle(intent, snapshot, provider, workspace.clock)
        except (ProviderError, KeyError) as error:
            open_[intent.address] = f"what became of its {intent.action} cannot be told: {error}"
        return Outcome(intent.address, intent.action, Result.NOTHING)

    intents = {Address(str(token)): intent for token, intent in snapshot.intents.items()}
    _walk(intents, lambda node: run(intents[node]), workspace)
    fold = Fold(snapshot)
    entries = [entry for token in snapshot.intents for entry in closed.get(token, ())]
    for entry in entries:
        fold.add(entry)
    return fold.snapshot(), entries, open_


def _outcome(node: Address, reading: Generator[Effect, Any, None]) -> Step:
    try:
        yield from reading
    except ProviderError as error:
        return Outcome(node, Action.READ, Result.FAILED, str(error))
    return Outcome(node, Action.READ, Result.DONE)


def _walk(nodes: Mapping[Address, object], visit: Any, workspace: Workspace) -> None:
    if not nodes:
        return
    executor = workspace.executor(_no_journal)
    graph: dict[Address, Sequence[Address]] = dict.fromkeys(nodes, ())
    outcomes = executor.walk(graph, visit, skip=_never, interrupted=_interrupted)
    failed = [o for o in outcomes.values() if o.result is Result.FAILED]
    if failed:
        raise ReadError("\n".join(f"cannot read {o.address}: {o.message}" for o in failed))
    if any(o.result is Result.INTERRUPTED for o in outcomes.values()):
        raise KeyboardInterrupt


def _no_journal(entries: Sequence[Entry]) -> None:
    raise AssertionError(f"planning writes nothing, and was about to write {entries!r}")


def _never(node: Address, cause: Address) -> Outcome:
    raise AssertionError(f"{node} does not depend on {cause}")


def _interrupted(node: Address) -> Outcome:
    return Outcome(node, Action.READ, Result.INTERRUPTED)
