"""What must be true of every snapshot. A backend checks it before it writes one, and refuses one that breaks it.

1. It counts: the revision and what is held are at most as many as the entries that were folded.
2. Everything stands under its own name: a record under its address, a deposed one under its uid, an intent under
   its token.
3. No uid is there twice: what is deposed is not current, and one incarnation has one address.
4. Every record says what it is: its type, provider, id and uid, and a gate that is passed, pending or tainted.
5. No record rests on itself, and every edge leads to something that is remembered, or was said to be gone.
6. Every intent is consistent: its marker is of this stack and its own address, it can be told what it was about to
   do, and what is to be created is not there yet under the same uid.
7. Nothing that rests is unknown: specs, intents and outputs hold values.

The journal is the truth, so a snapshot that breaks one is a fault of the program that wrote the journal, or damage
that no checksum has shown. It is never written: the journal and the snapshot before it stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from orchestrator.model.change import Action
from orchestrator.model.errors import StateError
from orchestrator.model.ids import Address
from orchestrator.model.provision import Intent
from orchestrator.model.snapshot import Record, Snapshot
from orchestrator.model.values import Unknown, contains

_GATES: Final = frozenset({"passed", "pending", "tainted"})
_EFFECTS: Final = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.RETAG})


def broken(snapshot: Snapshot) -> Iterator[str]:
    """Every invariant that does not hold, with its number and what breaks it."""
    for number, check in INVARIANTS.items():
        for what in check(snapshot):
            yield f"invariant {number}: {what}"


def require_sound(snapshot: Snapshot) -> Snapshot:
    """The same snapshot. Raises StateError that names every invariant that does not hold."""
    wrong = list(broken(snapshot))
    if wrong:
        shown = "".join(f"\n  {each}" for each in wrong[:10])
        raise StateError(
            f"the snapshot of stack {snapshot.stack} at entry {snapshot.sequence} breaks what must hold, so it is "
            f"not written; the journal has everything, and stays as it is:{shown}\n"
            "hint: opsctl audit verify says what else is wrong; opsctl state rebuild makes a new state"
        )
    return snapshot


def _it_counts(snapshot: Snapshot) -> Iterator[str]:
    held = len(snapshot.resources) + len(snapshot.deposed) + len(snapshot.intents)
    if min(snapshot.sequence, snapshot.revision) < 0:
        yield f"it stands at entry {snapshot.sequence}, revision {snapshot.revision}"
    if held + snapshot.revision > snapshot.sequence:
        yield f"{held} things of {snapshot.revision} revisions cannot come from {snapshot.sequence} entries"


def _own_names(snapshot: Snapshot) -> Iterator[str]:
    yield from (f"{r.address} stands under {a}" for a, r in snapshot.resources.items() if r.address != a)
    yield from (f"deposed {r.uid} stands under {u}" for u, r in snapshot.deposed.items() if r.uid != u)
    yield from (f"intent {i.token} stands under {t}" for t, i in snapshot.intents.items() if i.token != t)


def _uids_once(snapshot: Snapshot) -> Iterator[str]:
    counts = Counter(record.uid for record in _records(snapshot))
    for uid in (uid for uid, count in counts.items() if count > 1):
        names = [str(record.address) for record in _records(snapshot) if record.uid == uid]
        yield f"the uid {uid} is that of {' and of '.join(names)}"


def _records_are_whole(snapshot: Snapshot) -> Iterator[str]:
    for record in _records(snapshot):
        missing = [name for name in ("type", "provider", "id", "uid") if not getattr(record, name)]
        if missing:
            yield f"{record.address} has no {', '.join(missing)}"
        if record.gate not in _GATES:
            yield f"{record.address} has the gate {record.gate!r}"


def _edges_lead_somewhere(snapshot: Snapshot) -> Iterator[str]:
    known: set[Address] = {*snapshot.resources, *snapshot.gone}
    known.update(record.address for record in snapshot.deposed.values())
    known.update(intent.address for intent in snapshot.intents.values())
    for record in _records(snapshot):
        if record.address in record.dependencies:
            yield f"{record.address} rests on itself"
        for target in () if record.loose else record.dependencies:
            if target not in known:
                yield f"{record.address} rests on {target}, which is not known and was not said to be gone"


def _intents_are_consistent(snapshot: Snapshot) -> Iterator[str]:
    uids = {record.uid for record in _records(snapshot)}
    for intent in snapshot.intents.values():
        yield from (f"the intent on {intent.address} {what}" for what in _wrong_with(intent, snapshot))
        if intent.action is Action.CREATE and intent.marker.uid in uids:
            yield f"the intent on {intent.address} is to create {intent.marker.uid}, which is there"


def _wrong_with(intent: Intent, snapshot: Snapshot) -> Iterator[str]:
    if intent.marker.address != intent.address:
        yield f"marks {intent.marker.address}"
    if intent.marker.stack != snapshot.stack:
        yield f"is of the stack {intent.marker.stack}"
    if intent.action not in _EFFECTS:
        yield f"is to {intent.action}, which has no effect"
    if not (intent.type and intent.provider):
        yield "does not say which kind of which provider"


def _nothing_is_unknown(snapshot: Snapshot) -> Iterator[str]:
    for record in _records(snapshot):
        if contains(record.spec, Unknown):
            yield f"the spec of {record.address} holds an unknown value"
    for intent in snapshot.intents.values():
        if contains(intent.spec, Unknown):
            yield f"the intent on {intent.address} holds an unknown value"
    if contains(snapshot.outputs, Unknown):
        yield "an output is unknown"


def _records(snapshot: Snapshot) -> Iterator[Record]:
    return chain(snapshot.resources.values(), snapshot.deposed.values())


INVARIANTS: Final[dict[int, Callable[[Snapshot], Iterator[str]]]] = {
    1: _it_counts,
    2: _own_names,
    3: _uids_once,
    4: _records_are_whole,
    5: _edges_lead_somewhere,
    6: _intents_are_consistent,
    7: _nothing_is_unknown,
}
"""By the numbers of the list above."""
