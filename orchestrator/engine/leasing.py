"""The stack is taken, waited for where another run holds it, and given back at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from orchestrator.engine.workspace import Workspace
from orchestrator.model.errors import LockHeldError, StateError
from orchestrator.seams.state import Holder, Lease

_FIRST, _LONGEST = 0.5, 3.0
_SILENCE: Final = 30.0


@contextmanager
def held(workspace: Workspace, holder: Holder) -> Iterator[Lease]:
    """The stack is ours while the block lasts. That it could not be given back is no failure: leases end.

    Raises LockHeldError, with the holder named, where another run has it for longer than the workspace's patience.
    """
    lease = _taken(workspace, holder)
    if lease.taken_from is not None:
        dead = lease.taken_from
        workspace.progress.note(
            f"the lease of {dead.owner} ({dead.command or 'a run'}) has run out: taken over"
        )
    try:
        yield lease
    finally:
        with suppress(StateError):
            workspace.state.release(lease)


def _taken(workspace: Workspace, holder: Holder) -> Lease:
    clock, patience = workspace.clock, workspace.patience
    began, pause, told, spoken = clock.monotonic(), _FIRST, "", 0.0
    while True:
        try:
            return workspace.state.lease(holder, ttl=workspace.lease)
        except LockHeldError as error:
            waited = clock.monotonic() - began
            if patience is None or waited >= patience.seconds:
                raise _given_up(error, waited) from error
            if error.holder != told or waited - spoken >= _SILENCE:
                told, spoken = error.holder, waited
                workspace.progress.note(
                    f"waiting for the stack, up to {patience.seconds:.0f} s: held by {told}"
                )
            patience.pause(min(pause, patience.seconds - waited))
            pause = min(pause * 1.5, _LONGEST)


def _given_up(error: LockHeldError, waited: float) -> LockHeldError:
    what, _, hint = str(error).partition("\n")
    if waited < _FIRST:
        return error
    return LockHeldError(f"{what} (waited {waited:.0f} s)\n{hint}", holder=error.holder)
