"""Whether a state is what it should be: every checksum, every invariant, the audit's chain, the journal's fold.

Enters: a state. Leaves: what was looked at, and what does not fit. Everything is read, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.kit.sealed import KeyNeededError
from orchestrator.model.audit import Chain, follow
from orchestrator.model.errors import NewerStateError, StateError
from orchestrator.model.snapshot import Damaged, Fold, Snapshot
from orchestrator.model.snapshot_invariants import broken
from orchestrator.seams.state import Logged, StateReader

ALL: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Verification:
    """What looking at everything has shown."""

    checks: Mapping[str, tuple[str, ...]]
    """The faults by what was looked at: ``checksums``, ``invariants``, ``audit``, ``journal``."""
    snapshot: Snapshot | None
    """None where the state cannot be read any more."""
    entries: int
    chain: Chain

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong at all."""
        return not any(self.checks.values())


def verify(state: StateReader) -> Verification:
    """Look at everything. Raises StateError only where that cannot be done: newer, another key, out of reach."""
    checksums, snapshot = list(state.damage()), None
    try:
        snapshot = state.latest()
    except (NewerStateError, KeyNeededError):
        raise
    except StateError as error:
        checksums = list(dict.fromkeys([str(error), *checksums]))
    journal = _journal(state, readable=snapshot is not None)
    chain = follow(journal)
    checks = {
        "checksums": tuple(each.partition("\nhint: ")[0] for each in checksums),
        "invariants": tuple(broken(snapshot)) if snapshot is not None else (),
        "audit": chain.faults,
        "journal": tuple(state_faults(journal, snapshot, chain)) if snapshot is not None else (),
    }
    return Verification(checks, snapshot, len(journal), chain)


def _journal(state: StateReader, *, readable: bool) -> Sequence[Logged]:
    """The history; of a state that cannot be read, as much as there is."""
    try:
        return state.history(ALL)
    except (NewerStateError, KeyNeededError):
        raise
    except StateError:
        if readable:
            raise
        return ()


def state_faults(journal: Sequence[Logged], snapshot: Snapshot, chain: Chain) -> Iterator[str]:
    """The snapshot must be what its journal folds to: else an old row was put back in its place."""
    if chain.head != snapshot.link:
        yield f"the journal ends at the head {chain.head or 'none'}, and the state says {snapshot.link or 'none'}"
    if not journal or journal[0].sequence != 1 or any(isinstance(e.entry, Damaged) for e in journal):
        return
    fold = Fold(Snapshot(snapshot.stack))
    try:
        for logged in journal:
            fold.add(logged.entry)
    except KeyError as error:
        yield f"entry {fold.sequence + 1} speaks of {error}, which is not there"
        return
    yield from _differences(fold.snapshot(), snapshot)


def _differences(folded: Snapshot, snapshot: Snapshot) -> Iterable[str]:
    for name in ("resources", "deposed", "intents"):
        ours, theirs = getattr(folded, name), getattr(snapshot, name)
        for key in sorted(k for k in ours.keys() | theirs.keys() if ours.get(k) != theirs.get(k)):
            yield f"the state of {key} is not what the journal says"
    if dict(folded.outputs) != dict(snapshot.outputs):
        yield "the outputs are not what the journal says"
