"""The reads of a plan: many groups at once, all errors together."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.engine.workspace import Workspace
from orchestrator.model.change import Action
from orchestrator.model.diagnostic import Diagnostic, Position, Severity
from orchestrator.model.errors import ProviderError, ReadError
from orchestrator.model.ids import Address, ProviderName, Token, TypeName
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.provision import Intent, Observed, Ref
from orchestrator.model.snapshot import Entry, Fold, Settled, Snapshot
from orchestrator.seams.executor import Call, Effect
from orchestrator.stages.refresh import Reading, Wanted, grouped, refresh
from orchestrator.stages.settle import is_known, late, look, settle

Refs = Sequence[tuple[ProviderName, TypeName, Ref]]
Step = Generator[Effect, Any, Outcome]
_SHOWN: Final = 5


Places = Callable[[Address], Position | None]


def read(refs: Refs, into: Reading, workspace: Workspace, places: Places = lambda _: None) -> None:
    """Read all refs. Raises ReadError with every cause and the resources that it concerns, each told once."""
    groups = {Address(f"{w.provider} {w.type}"): w for w in grouped(refs)}
    for wanted in groups.values():
        _check_configured(wanted, workspace)
    errors: dict[Address, ProviderError] = {}

    def visit(node: Address) -> Step:
        provider = workspace.providers[groups[node].provider]
        return outcome(node, refresh(groups[node], provider, into), errors)

    walk(groups, visit, workspace)
    if errors:
        raise ReadError(tuple(_told([(groups[node], error) for node, error in errors.items()], places)))


def _check_configured(wanted: Wanted, workspace: Workspace) -> None:
    if wanted.provider not in workspace.providers:
        message = f"the provider {wanted.provider} is not configured any more, and state has resources of it"
        hint = (
            f"put {wanted.provider} back under providers in opsctl.yaml until they are destroyed or forgotten"
        )
        raise ReadError((Diagnostic(f"{message}: {_names(wanted.refs)}", hint=hint),))


def _told(failed: Sequence[tuple[Wanted, ProviderError]], places: Places) -> list[Diagnostic]:
    """One diagnostic a cause: an endpoint that is down fails every kind with the same words."""
    causes: dict[tuple[ProviderName, str, str], tuple[ProviderError, list[Ref]]] = {}
    for wanted, error in failed:
        key = (wanted.provider, error.code, _common(error.message))
        causes.setdefault(key, (error, []))[1].extend(wanted.refs)
    return [_one(provider, error, refs, places) for (provider, _, _), (error, refs) in causes.items()]


def _common(message: str) -> str:
    """A message without what differs from call to call."""
    return re.sub(r"https?://\S+|0x[0-9a-f]+|\d+ (?:try|tries) in \d+ s", "", message)


def _one(provider: ProviderName, error: ProviderError, refs: Sequence[Ref], places: Places) -> Diagnostic:
    """Where the cloud names one of the objects, that one is to blame, and its line is shown."""
    named = [r for r in refs if r.id and re.search(rf"(?<![\w-]){re.escape(r.id)}(?![\w-])", error.message)]
    refs = named or refs
    where = places(refs[0].address) if len(refs) == 1 else None
    return Diagnostic(f"cannot read {_names(refs)} from {provider}: {error}", where)


def _names(refs: Sequence[Ref]) -> str:
    shown = ", ".join(str(r.address) for r in refs[:_SHOWN])
    return f"{shown} and {len(refs) - _SHOWN} more" if len(refs) > _SHOWN else shown


def accounts(names: Iterable[ProviderName], workspace: Workspace) -> Mapping[ProviderName, str]:
    """Whose account each provider works in, as its cloud says. Raises ReadError where that cannot be told."""
    found: dict[ProviderName, str] = {}
    errors: dict[Address, ProviderError] = {}

    def ask(name: ProviderName) -> Generator[Effect, Any, None]:
        found[name] = yield Call(workspace.providers[name].account, name, "asking whose account it is")

    nodes = {Address(str(name)): name for name in sorted(names)}
    walk(nodes, lambda node: outcome(node, ask(nodes[node]), errors), workspace)
    if errors:
        wrong = [f"cannot tell whose account {n} is, so nothing was applied: {e}" for n, e in errors.items()]
        raise ReadError(tuple(Diagnostic(message) for message in wrong))
    return found


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of what earlier runs left open."""

    snapshot: Snapshot
    entries: tuple[Entry, ...] = ()
    unsettled: Mapping[Address, str] = field(default_factory=dict)
    """Where it could not be told, and why."""
    notes: tuple[Diagnostic, ...] = ()


def settle_all(snapshot: Snapshot, workspace: Workspace) -> Settlement:
    """Settle every open intent, and look for what was given up."""
    if not snapshot.intents:
        return Settlement(snapshot)
    closed: dict[Token, Sequence[Entry]] = {}
    late_found: dict[Token, Observed | None] = {}
    open_: dict[Address, str] = {}

    def run(intent: Intent) -> Step:
        try:
            provider = workspace.providers[ProviderName(intent.provider)]
            made = snapshot.resources.get(intent.address)
            if (
                intent.lapsed
                and made is not None
                and provider.kinds[intent.type].is_same(made.spec, intent.spec)
            ):
                closed[intent.token] = [Settled(intent.token)]
            elif intent.lapsed:
                late_found[intent.token] = yield from look(intent, provider)
            else:
                closed[intent.token] = yield from settle(intent, snapshot, provider, workspace.clock)
        except (ProviderError, KeyError) as error:
            if not intent.lapsed:
                open_[intent.address] = _untold(intent, error)
        return Outcome(intent.address, intent.action, Result.NOTHING)

    intents = {Address(str(token)): intent for token, intent in snapshot.intents.items()}
    walk(intents, lambda node: run(intents[node]), workspace)
    fold = Fold(snapshot)
    entries = [entry for token in snapshot.intents for entry in closed.get(token, ())]
    for entry in entries:
        fold.add(entry)
    notes: list[Diagnostic] = []
    for token in snapshot.lapsed.keys() & late_found.keys():  # each sees what those before it have become
        intent, found = snapshot.intents[token], late_found[token]
        if found is not None and _is_anybodys(intent, found, fold.snapshot(), workspace):
            notes.append(_unclaimed(intent, found))
            found = None
        for entry in late(intent, found, fold.snapshot(), workspace.clock.now()):
            fold.add(entry)
            entries.append(entry)
    return Settlement(fold.snapshot(), tuple(entries), open_, tuple(notes))


def _is_anybodys(intent: Intent, found: Observed, snapshot: Snapshot, workspace: Workspace) -> bool:
    kind = workspace.providers[ProviderName(intent.provider)].kinds[intent.type]
    unmarked = found.marker is None and kind.is_anybodys(intent.spec)
    return unmarked and not is_known(intent, found, snapshot)


def _unclaimed(intent: Intent, found: Observed) -> Diagnostic:
    """Nobody but a person can tell whether our call made it: nothing is deleted on a guess."""
    address = shlex.quote(str(intent.address))
    message = (
        f"{intent.type} {found.id} is there, and not in the state: a create of {intent.address} that was given up may "
        "have come late, and nothing on the object says whose it is"
    )
    hint = (
        f"if nobody else made it: opsctl state settle {address} --id {shlex.quote(found.id)}, and the next plan goes on "
        f"from there (it deletes what the files do not have); if somebody did: opsctl state settle {address} --gone"
    )
    return Diagnostic(message, hint=hint, address=intent.address, severity=Severity.WARNING)


def _untold(intent: Intent, error: ProviderError | KeyError) -> str:
    """Why it cannot be told what became of an intent, and the one command that says it instead."""
    why = str(error)
    if isinstance(error, KeyError):
        why = f"the provider {intent.provider} is not configured any more, or does not know {intent.type}"
    return (
        f"what became of its {intent.action} cannot be told: {why}; nothing touches it until that is known. Look for it, "
        f"and say what you found: {command_for(intent)}"
    )


def command_for(intent: Intent) -> str:
    """The command that settles an intent by hand."""
    address = shlex.quote(str(intent.address))
    if intent.action is Action.CREATE:
        return f"opsctl state settle {address} --gone, or --id ID if it was made"
    return f"opsctl state settle {address} --gone if it is not there any more, else --id {intent.id or 'ID'}"


def outcome(
    node: Address, reading: Generator[Effect, Any, None], errors: dict[Address, ProviderError]
) -> Step:
    """A step that only asks: what is refused goes to ``errors``."""
    try:
        yield from reading
    except ProviderError as error:
        errors[node] = error
        return Outcome(node, Action.READ, Result.FAILED, str(error))
    return Outcome(node, Action.READ, Result.DONE)


def walk(nodes: Mapping[Address, object], visit: Any, workspace: Workspace) -> None:
    """Run a step for each node, none after another; nothing may be journalled. Raises KeyboardInterrupt when stopped."""
    if not nodes:
        return
    executor = workspace.executor(_no_journal)
    graph: dict[Address, Sequence[Address]] = dict.fromkeys(nodes, ())
    outcomes = executor.walk(graph, visit, skip=_never, interrupted=_interrupted)
    if any(o.result is Result.INTERRUPTED for o in outcomes.values()):
        raise KeyboardInterrupt


def _no_journal(entries: Sequence[Entry]) -> None:
    raise AssertionError(f"planning writes nothing, and was about to write {entries!r}")


def _never(node: Address, cause: Address) -> Outcome:
    raise AssertionError(f"{node} does not depend on {cause}")


def _interrupted(node: Address) -> Outcome:
    return Outcome(node, Action.READ, Result.INTERRUPTED)
