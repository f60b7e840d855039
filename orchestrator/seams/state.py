"""Where state lives: one ordered journal a stack, a lease with fencing, snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.model.errors import StateError
from orchestrator.model.snapshot import Damaged, Entry, Snapshot


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a stack, for people."""

    owner: str
    """Whom to ask: the user at a machine, or who started the CI job."""
    command: str = ""
    since: float = 0.0
    """Seconds since 1970 by the holder's clock."""
    host: str = ""
    """The machine, and there the process: to look at, or to end."""
    pid: int = 0
    job: str = ""
    """The CI job, with its address where the runner tells."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write, until it is lost. ``epoch`` is its fencing number."""

    epoch: int
    holder: Holder
    taken_from: Holder | None = None
    """Whose lease had run out, and who never gave it back: a run that died, or that sleeps."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry of the journal with its place in it."""

    sequence: int
    epoch: int
    entry: Entry | Damaged
    body: bytes = field(default=b"", compare=False, repr=False)
    """The very bytes that were appended, plain: what the audit's hashes go over, whatever is read out of them."""


@dataclass(frozen=True, slots=True)
class Archive:
    """All that a backend keeps of a stack, to be carried to another one."""

    snapshot: Snapshot
    journal: tuple[Logged, ...]
    """Oldest first, up to the snapshot's sequence number; an old beginning may be missing."""
    epoch: int
    """The highest fencing number that was given out."""


class StateReader(Protocol):
    """Reading needs no lease."""

    @property
    def mended(self) -> Sequence[str]:
        """What of the snapshot was damaged when it was read last, and was made up for by the journal; one line each."""

    def latest(self) -> Snapshot:
        """The whole state. Raises StateError where it is damaged or newer than this program.

        A damaged snapshot whose journal is whole is no damage: the journal says the same.
        """

    def history(self, limit: int = 1000) -> Sequence[Logged]:
        """The last entries of the journal, oldest first; one that a snapshot covers, and that is damaged, says so."""

    def damage(self) -> Sequence[str]:
        """What of all that is stored is missing or was changed, one line each; also what is no loss.

        Reads everything, writes nothing. Raises StateError where it cannot be looked at: newer, sealed by another key.
        """

    def holder(self) -> Holder | None:
        """Who holds the stack now, if anybody does."""


class StateBackend(StateReader, Protocol):
    """Writing needs the lease, which is renewed in the background while it is held."""

    notes: Sequence[str] = ()
    """What this backend cannot promise, said to whoever uses it."""

    def lease(self, holder: Holder, *, ttl: float = 30.0) -> Lease:
        """Take the stack. Raises LockHeldError that names the holder while another's lease is alive."""

    def check(self, lease: Lease) -> None:
        """Return where the lease is ours: asked before every call that could change something.

        Costs nothing while it is renewed in time; where the last renewal lies further back than the lease's time
        (the process was stopped, the store is away), it is renewed first. Raises LeaseLostError where another has
        it, StateError where nobody can tell.
        """

    def release(self, lease: Lease) -> None:
        """Give the stack back; a lost lease is given back already."""

    def append(self, lease: Lease, entries: Sequence[Entry]) -> int:
        """Make entries durable, all or none, and return the last sequence number.

        Raises LeaseLostError, and writes nothing, where a newer epoch exists.
        """

    def compact(self, lease: Lease) -> Snapshot:
        """Fold the journal into a snapshot; history is kept."""

    def rewrite(self, lease: Lease) -> int:
        """Open and seal all that is stored once more, and return how many bodies: after a change of keys.

        What is read stays the same. A rewrite that was cut off leaves a state that both keys together read, and is
        repeated.
        """

    def restore(self, lease: Lease, archive: Archive) -> None:
        """Put an archive in the place of all that is kept, all or nothing, and end the lease.

        Sequence numbers, revisions and the entries' fencing numbers are the archive's; the next lease's number is
        higher than any before, here or there. Raises LeaseLostError as ``append`` does.
        """

    def retire(self, lease: Lease, moved_to: str) -> None:
        """Mark the stack as moved, for good, and end the lease: only its history can be read here afterwards."""

    def put_aside(self, moment: str) -> str:  # noqa: ARG002 - what every other backend needs
        """Take a state that is damaged out of the way, whole; returns where it is kept, and the stack has none then.

        ``moment`` tells it from others that were put aside. Raises LockHeldError where somebody holds the stack, as
        far as that can still be told, and StateError where this backend cannot do it.
        """
        raise StateError(
            "this backend cannot put a state aside: fetch what is there by hand, keep it, and delete it there; then run "
            "opsctl state rebuild again"
        )

    def unlock(self) -> Holder | None:
        """Break the lease that is held, whoever holds it; returns whom it was taken from."""

    def close(self) -> None:
        """Stop renewing and let go of files and connections."""
