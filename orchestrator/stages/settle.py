"""What an interrupted run left open is settled before anything is decided.

Enters: the snapshot and one open intent. Leaves: the entries that close it. Holds invariant 5: an interrupted
step is neither assumed done nor not done; it is looked for by token, deterministic name or marker, as long as
its kind says that it may not show yet. Only reads are made: the entries become durable with the next apply.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any, Final

from orchestrator.model.change import Action
from orchestrator.model.ids import ProviderName, Uid
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.provision import Intent, Observed
from orchestrator.model.snapshot import Deposed, Entry, Gone, Kept, Lapsed, Record, Settled, Snapshot
from orchestrator.seams.clock import Clock
from orchestrator.seams.executor import Call, Effect, Sleep
from orchestrator.seams.provider import Provider

WATCHED: Final = 24 * 3600.0
"""Seconds for which a create that was given up is looked for by every plan: no cloud keeps a call for longer."""


def settle(
    intent: Intent, snapshot: Snapshot, provider: Provider, clock: Clock
) -> Generator[Effect, Any, Sequence[Entry]]:
    """Find out what became of an intent. Raises the provider's error where it cannot be told."""
    kind = provider.kinds[intent.type]
    deadline = clock.monotonic() + kind.consistency
    while True:
        found = yield from look(intent, provider)
        left = deadline - clock.monotonic()
        if found is not None or left <= 0 or intent.action not in (Action.CREATE, Action.DELETE):
            return closing(intent, found, snapshot, kind, clock.now())
        yield Sleep(min(1.0, left), "looking for what an interrupted call made")


def look(intent: Intent, provider: Provider) -> Generator[Effect, Any, Observed | None]:
    """Look once for what an intent made or meant. Raises the provider's error where it cannot be told."""
    found: Observed | None = yield Call(
        lambda: provider.find(intent), ProviderName(intent.provider), "settling"
    )
    if found is None or intent.action is not Action.CREATE:
        return found
    # What was given up long ago, and where somebody has the same name since, is ours by its marker alone.
    by_marker = bool(intent.lapsed) and provider.kinds[intent.type].marking is Marking.DETERMINISTIC
    ours = found.marker is not None if by_marker else True
    return found if ours and intent.owns(found.marker) else None


def closing(
    intent: Intent, found: Observed | None, snapshot: Snapshot, kind: KindSchema, now: float
) -> list[Entry]:
    """The entries that close an intent, by what was found; a create that may come late stays watched."""
    match intent.action:
        case Action.CREATE if found is not None:
            return [Kept(_made(intent, found, snapshot), intent.token)]
        case Action.CREATE:
            old = snapshot.deposed.get(Uid(intent.deposes)) if intent.deposes else None
            restored = [Kept(old)] if old is not None else []
            return [given_up(intent, kind, now), *restored]
        case Action.DELETE if found is None:
            return [Gone(intent.address, intent.marker.uid, intent.token)]
        case _:
            return [Settled(intent.token)]


def given_up(intent: Intent, kind: KindSchema, now: float) -> Lapsed | Settled:
    """What ends a create whose object did not show within the kind's window."""
    return Lapsed(intent.token, now) if kind.is_watched(intent.spec) else Settled(intent.token)


def late(intent: Intent, found: Observed | None, snapshot: Snapshot, now: float) -> list[Entry]:
    """What a create that was given up has come to: nothing yet, the resource itself, or one too many."""
    if found is None:
        return [Settled(intent.token)] if now - intent.lapsed > WATCHED else []
    if is_known(intent, found, snapshot):
        return [Settled(intent.token)]
    made = _made(intent, found, snapshot)
    if intent.address not in snapshot.resources:
        return [Kept(made, intent.token)]
    return [Settled(intent.token), Deposed(replace(made, late=True))]


def is_known(intent: Intent, found: Observed, snapshot: Snapshot) -> bool:
    """Whether what was found is an object that state has, at whatever address."""
    held = (*snapshot.resources.values(), *snapshot.deposed.values())
    named = (ProviderName(intent.provider), intent.type, found.id)
    return any((record.provider, record.type, record.id) == named for record in held)


def _made(intent: Intent, found: Observed, snapshot: Snapshot) -> Record:
    """The record of a create that took effect without our hearing of it; its gate has not passed.

    What it was to rest on and is not remembered any more orders nothing, and is no edge.
    """
    known = {*snapshot.resources, *(record.address for record in snapshot.deposed.values())}
    return Record(
        address=intent.address,
        type=intent.type,
        provider=ProviderName(intent.provider),
        id=found.id,
        uid=intent.marker.uid,
        spec=intent.spec,
        status=dict(found.status),
        dependencies=tuple(need for need in intent.dependencies if need in known),
        gate="pending",
        lost=tuple(name for name in intent.sinks if name not in found.status),
    )
