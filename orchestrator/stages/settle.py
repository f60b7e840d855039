"""What an interrupted run left open is settled before anything is decided.

Enters: the snapshot and one open intent. Leaves: the entries that close it. Holds invariant 5: an interrupted
step is neither assumed done nor not done; it is looked for by token, deterministic name or marker, as long as
its kind says that it may not show yet. Only reads are made: the entries become durable with the next apply.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from orchestrator.model.change import Action
from orchestrator.model.ids import ProviderName, Uid
from orchestrator.model.provision import Intent, Observed
from orchestrator.model.snapshot import Entry, Gone, Kept, Record, Settled, Snapshot
from orchestrator.seams.clock import Clock
from orchestrator.seams.executor import Call, Effect, Sleep
from orchestrator.seams.provider import Provider


def settle(
    intent: Intent, snapshot: Snapshot, provider: Provider, clock: Clock
) -> Generator[Effect, Any, Sequence[Entry]]:
    """Find out what became of an intent. Raises the provider's error where it cannot be told."""
    deadline = clock.monotonic() + provider.kinds[intent.type].consistency
    while True:
        found: Observed | None = yield Call(
            lambda: provider.find(intent), ProviderName(intent.provider), "settling"
        )
        left = deadline - clock.monotonic()
        if found is not None and intent.action is Action.CREATE and not intent.owns(found.marker):
            found = None
        if found is not None or left <= 0 or intent.action is not Action.CREATE:
            return closing(intent, found, snapshot)
        yield Sleep(min(1.0, left), "looking for what an interrupted call made")


def closing(intent: Intent, found: Observed | None, snapshot: Snapshot) -> list[Entry]:
    """The entries that close an intent, by what was found."""
    match intent.action:
        case Action.CREATE if found is not None:
            return [Kept(_made(intent, found, snapshot), intent.token)]
        case Action.CREATE:
            old = snapshot.deposed.get(Uid(intent.deposes)) if intent.deposes else None
            return [Settled(intent.token), *([Kept(old)] if old is not None else [])]
        case Action.DELETE if found is None:
            return [Gone(intent.address, intent.marker.uid, intent.token)]
        case _:
            return [Settled(intent.token)]


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
