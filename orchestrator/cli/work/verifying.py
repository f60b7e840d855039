"""state verify: everything that is stored is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import head
from orchestrator.cli.work.state import remembered
from orchestrator.engine.verifying import Verification, verify

_SOUND: Final[Mapping[str, str]] = {
    "checksums": "everything that is stored is as it was written",
    "invariants": "what must hold of every state holds",
    "audit": "the chain of hashes fits",
    "journal": "folded once more, the journal gives this state",
}
_UNKNOWN: Final = "cannot be told: the state cannot be read"


def verify_state(console: Console, *, environment: str | None) -> int:
    """Say what does not fit; 1 where anything does not."""
    with remembered(console, environment) as work:
        found = verify(work.session.workspace.state)
        stack = str(work.session.charter.id)
    if console.output is Output.JSON:
        console.document(lambda: verified_document(stack, found))
    else:
        console.result("\n".join(_lines(stack, found)))
    return 0 if found.sound else 1


def _lines(stack: str, found: Verification) -> Iterator[str]:
    now = found.snapshot
    about = (
        f"{len(now.resources)} resources, revision {now.revision}" if now is not None else "cannot be read"
    )
    yield f"The state of {stack}: {about}; {found.entries} entries of the journal."
    for name, faults in found.checks.items():
        untold = now is None and name in ("invariants", "journal")
        sound = _UNKNOWN if untold else _SOUND[name]
        yield f"  {name:<11} {sound if not faults else f'{len(faults)} wrong:'}"
        yield from (f"    {fault}" for fault in faults)
    if not found.sound:
        yield _way_on(found)


def _way_on(found: Verification) -> str:
    if found.snapshot is None:
        return (
            "Put it aside (rename the file, or name another place in opsctl.yaml); then restore it from a backup with\n"
            "opsctl state push, or make it anew with opsctl state rebuild."
        )
    if found.checks["invariants"] or found.checks["journal"]:
        return "It was changed by something else than opsctl: opsctl plan shows what differs from the clouds."
    return (
        "Nothing of the state is lost: it reads whole. A damaged snapshot is written anew by the next apply that\n"
        "changes something; a damaged entry stays in the history as such."
    )


def verified_document(stack: str, found: Verification) -> dict[str, Any]:
    """The same for programs."""
    now = found.snapshot
    return {
        **head("state-verification"),
        "stack": stack,
        "valid": found.sound,
        "readable": now is not None,
        "resources": len(now.resources) if now is not None else None,
        "revision": now.revision if now is not None else None,
        "entries": found.entries,
        "head": found.chain.head or None,
        "checks": {
            name: {"valid": not faults, "faults": list(faults)} for name, faults in found.checks.items()
        },
    }
