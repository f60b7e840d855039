"""The state of a stack carried elsewhere: to another backend, into a file, and back from one.

What is carried is an archive: the snapshot and the journal with its numbers, byte for byte, so that revisions,
fencing and the audit's chain go on. Nothing is believed to be there before it was read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from orchestrator.model.codec import decode, encode
from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from orchestrator.model.snapshot import Entry, Snapshot
from orchestrator.seams.state import Archive, Lease, Logged, StateBackend

FORMAT: Final = 1
_ALL: Final = 1 << 40


class _Line(msgspec.Struct):
    sequence: int
    epoch: int
    entry: msgspec.Raw


class _File(msgspec.Struct):
    opsctl_state: int
    stack: str
    sequence: int
    revision: int
    epoch: int
    snapshot: msgspec.Raw
    journal: list[_Line]


def archive_of(state: StateBackend, *, epoch: int = 0) -> Archive:
    """All that a backend keeps; ``epoch`` is that of our lease, where we hold one."""
    journal = tuple(state.history(_ALL))
    return Archive(state.latest(), journal, max([epoch, *(e.epoch for e in journal)]))


def carry(
    source: StateBackend, target: StateBackend, leases: tuple[Lease, Lease], names: tuple[str, str]
) -> Archive:
    """Copy, read back, compare, and only then mark the source as moved. Both leases end."""
    archive = archive_of(source, epoch=leases[0].epoch)
    there = archive_of(target)
    if there.journal and not _same(there, archive):
        raise StateError(
            f"{names[1]} holds another state of this stack already ({there.snapshot.sequence} entries): "
            "nothing was carried; choose an empty place"
        )
    target.restore(leases[1], archive)
    if not _same(archive_of(target), archive):
        raise StateError(
            f"what was read back from {names[1]} is not what was written: {names[0]} stays in use"
        )
    source.retire(leases[0], names[1])
    return archive


def _same(one: Archive, other: Archive) -> bool:
    return one.snapshot == other.snapshot and _bodies(one.journal) == _bodies(other.journal)


def _bodies(journal: Sequence[Logged]) -> list[tuple[int, int, bytes]]:
    return [(e.sequence, e.epoch, e.body or encode(e.entry)) for e in journal]


def packed(archive: Archive) -> bytes:
    """An archive as one JSON document."""
    lines = [_Line(sequence, epoch, msgspec.Raw(body)) for sequence, epoch, body in _bodies(archive.journal)]
    snapshot = archive.snapshot
    whole = _File(
        FORMAT,
        snapshot.stack,
        snapshot.sequence,
        snapshot.revision,
        archive.epoch,
        msgspec.Raw(encode(snapshot)),
        lines,
    )
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def unpacked(data: bytes, where: str) -> Archive:
    """Raises StateError where it is no file of ``opsctl state pull``, or one of a newer opsctl."""
    try:
        found = msgspec.json.decode(data, type=_File)
        if found.opsctl_state > FORMAT:
            raise StateError(
                f"{where} was written by a newer opsctl (format {found.opsctl_state}): use that version"
            )
        journal = tuple(_logged(line) for line in found.journal)
        snapshot = decode(bytes(found.snapshot), Snapshot)
    except ValueError as error:
        raise StateError(f"{where} is no file that opsctl state pull has written: {error}") from error
    places = range(snapshot.sequence - len(journal) + 1, snapshot.sequence + 1)
    if [e.sequence for e in journal] != list(places):
        raise StateError(f"{where} is damaged: its journal has gaps; nothing was changed")
    return Archive(snapshot, journal, found.epoch)


def _logged(line: _Line) -> Logged:
    # Compact again: the audit's hashes go over the bytes that were appended, not over how a file is laid out.
    body = msgspec.json.format(bytes(line.entry), indent=-1)
    return Logged(line.sequence, line.epoch, decode(body, Entry), body)


def objections(new: Archive, old: Archive, stack: StackId) -> list[str]:
    """Why a file must not replace what is kept, one line each."""
    found = []
    if new.snapshot.stack != stack:
        found.append(f"the file is of the stack {new.snapshot.stack}, and this is {stack}")
    if new.snapshot.sequence < old.snapshot.sequence:
        found.append(
            f"the file is older: it ends at entry {new.snapshot.sequence}, and the state at {old.snapshot.sequence}"
        )
    theirs = {sequence: body for sequence, _, body in _bodies(new.journal)}
    common = [(s, b) for s, _, b in _bodies(old.journal) if s in theirs]
    if any(theirs[s] != body for s, body in common) or (old.journal and not common):
        found.append("the file is of another lineage: its history is not a continuation of what is kept")
    return found
