"""The past of a stack: its numbered revisions, the state after each, and what differs between two of them.

Enters: the journal. A revision is a run that started: it is numbered from 1, and reaches to the next one's start.
Nothing here looks at a cloud or a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.model.change import Action, Change, PropertyChange
from orchestrator.model.errors import OpsctlError, StateError
from orchestrator.model.ids import Address, Path, StackId
from orchestrator.model.snapshot import Damaged, Finished, Fold, Record, Snapshot, Started
from orchestrator.seams.state import Logged, StateReader

EVERYTHING: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Revision:
    """One run: who, what, how it ended, and the last entry that belongs to it."""

    number: int
    started: Started
    finished: Finished | None
    """None where it was killed, or goes on."""
    last: int


class Past:
    """The journal of one stack, read once."""

    def __init__(self, stack: StackId, entries: Sequence[Logged], revisions: int) -> None:
        self._stack = stack
        self._entries = entries
        self.revisions = tuple(_numbered(entries, revisions))

    def revision(self, number: int) -> Revision:
        """Raises OpsctlError where there is none of this number."""
        for revision in self.revisions:
            if revision.number == number:
                return revision
        numbers = [revision.number for revision in self.revisions]
        known = f"there are {numbers[0]} to {numbers[-1]}" if numbers else "nothing was applied yet"
        raise OpsctlError(f"there is no revision {number}\nhint: {known}; opsctl history lists them")

    def at(self, number: int) -> Snapshot:
        """The state after a revision; 0: before the first. Raises StateError where its journal is not whole."""
        last = self.revision(number).last if number else 0
        fold = Fold(Snapshot(self._stack))
        for logged in self._entries:
            if logged.sequence > last:
                break
            if logged.sequence != fold.sequence + 1 or isinstance(logged.entry, Damaged):
                raise self._hole(fold.sequence + 1, number)
            fold.add(logged.entry)
        if fold.sequence < last:
            raise self._hole(fold.sequence + 1, number)
        return fold.snapshot()

    def entries_of(self, revision: Revision) -> list[Logged]:
        """The entries that belong to a revision."""
        before = max((r.last for r in self.revisions if r.number < revision.number), default=0)
        return [logged for logged in self._entries if before < logged.sequence <= revision.last]

    def _hole(self, sequence: int, number: int) -> StateError:
        return StateError(
            f"the state after revision {number} cannot be told: journal entry {sequence} is missing or damaged\n"
            "hint: opsctl audit verify says what is damaged; the present state is not touched by it"
        )


def past_of(state: StateReader) -> tuple[Past, Snapshot]:
    """The whole past of a stack, and its present."""
    now = state.latest()
    return Past(now.stack, state.history(EVERYTHING), now.revision), now


def _numbered(entries: Sequence[Logged], revisions: int) -> Iterator[Revision]:
    """Counted back from the present, so that a hole in the journal gives no run another number."""
    starts = [(logged.sequence, logged.entry) for logged in entries if isinstance(logged.entry, Started)]
    ends = {e.entry.run: e.entry for e in entries if isinstance(e.entry, Finished)}
    last = entries[-1].sequence if entries else 0
    bounds = [*(sequence - 1 for sequence, _ in starts), last][1:]
    first = revisions - len(starts) + 1
    for number, ((_, started), end) in enumerate(zip(starts, bounds, strict=True), first):
        yield Revision(number, started, ends.get(started.run), end)


def difference(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """What became of every resource between two states, as changes in the words of a plan."""
    moved = {r.uid: r for r in before.resources.values()}
    changes: list[Change] = []
    seen: set[Address] = set()
    for address, record in sorted(after.resources.items()):
        old = before.resources.get(address)
        if old is None and (source := moved.get(record.uid)) is not None:
            seen.add(source.address)
            old = source
        change = _change(old, record)
        if change is not None:
            changes.append(change)
    for address, record in sorted(before.resources.items()):
        if address not in after.resources and address not in seen:
            changes.append(_changed(record, Action.DELETE, "", before=record.spec))
    return tuple(changes)


def _change(old: Record | None, new: Record) -> Change | None:
    if old is None:
        return _changed(new, Action.CREATE, "", after=new.spec)
    properties = tuple(unlike(old.spec, new.spec))
    moved = old.address if old.address != new.address else None
    if (old.uid, old.id, old.type, old.provider) != (new.uid, new.id, new.type, new.provider):
        reason = f"{old.id} became {new.id}"
        return _changed(
            new, Action.REPLACE, reason, old.spec, new.spec, properties=properties, moved_from=moved
        )
    if properties:
        return _changed(new, Action.UPDATE, "", old.spec, new.spec, properties=properties, moved_from=moved)
    if moved is not None:
        return _changed(new, Action.MOVE, f"it was called {moved}", old.spec, new.spec, moved_from=moved)
    if lifecycle(old) != lifecycle(new) or old.gate != new.gate:
        reason = f"gate {old.gate}, then {new.gate}" if old.gate != new.gate else "its lifecycle or gates"
        return _changed(new, Action.GATE, reason, old.spec, new.spec)
    return None


def _changed(
    record: Record,
    action: Action,
    reason: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    *,
    properties: tuple[PropertyChange, ...] = (),
    moved_from: Address | None = None,
) -> Change:
    return Change(
        record.address,
        record.type,
        record.provider,
        action,
        reason,
        before,
        after,
        properties,
        record.id,
        moved_from=moved_from,
        labels=record.labels,
    )


def lifecycle(record: Record) -> tuple[Any, ...]:
    """What the spec says about a resource beside what it is."""
    return (
        record.prevent_destroy,
        record.retain,
        record.replace_first,
        record.ignore,
        record.gates,
        dict(record.labels),
    )


def unlike(before: Any, after: Any, at: Path = ()) -> Iterator[PropertyChange]:
    """Every property that differs, as deep as both sides are maps; None stands for what is not there."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from unlike(before.get(key), after.get(key), (*at, key))
    elif before != after:
        yield PropertyChange(at, before, after)
