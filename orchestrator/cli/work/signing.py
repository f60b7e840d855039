"""sign and verify: who stands for a saved plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import head
from orchestrator.cli.work.planning import PLAN_FOLDER

if TYPE_CHECKING:
    from orchestrator.bootstrap import OpenedPlan, SavedPlan


def sign(console: Console, path: Path, keys: Sequence[str]) -> int:
    """Put signatures under a plan; it stays the same plan."""
    saved = bootstrap.read_plan(path)
    opened = bootstrap.open_plan(saved, PLAN_FOLDER, judged=False)
    for key in keys:
        signer = bootstrap.signer_of(key, opened.charter, PLAN_FOLDER)
        saved = saved.signed(opened.cipher, signer)
    saved.write()
    _told(console, saved, bootstrap.open_plan(saved, PLAN_FOLDER, judged=False), f"Signed: {path}")
    return 0


def verify(console: Console, path: Path, trusted: Path | None) -> int:
    """Whether a key that is trusted has signed the plan as it is. Raises SignatureRefusedError where none has."""
    saved = bootstrap.read_plan(path)
    opened = bootstrap.open_plan(saved, trusted or PLAN_FOLDER, signed=True)
    _told(console, saved, opened, f"Verified: {path}")
    return 0


def _told(console: Console, saved: SavedPlan, opened: OpenedPlan, what: str) -> None:
    if console.output is Output.JSON:
        console.document(lambda: {**head("signatures"), **signatures_document(saved, opened)})
    else:
        console.result("\n".join([what, *signature_lines(saved, opened)]))


def signatures_document(saved: SavedPlan, opened: OpenedPlan) -> dict[str, Any]:
    """Who signed, and by which of the trusted keys that counts."""
    by = opened.signed_by
    return {
        "plan": opened.plan.digest,
        "signatures": [{"key": s.key, "algorithm": s.algorithm} for s in saved.signatures],
        "signed_by": {"name": by.name, "key": by.key} if by is not None else None,
    }


def signature_lines(saved: SavedPlan, opened: OpenedPlan) -> list[str]:
    """For people: the plan's digest, and a line for each signature."""
    by = opened.signed_by
    lines = [f"  plan {opened.plan.digest}"]
    for signature in saved.signatures:
        known = (
            f"{by.name}, trusted"
            if by is not None and by.key == signature.key
            else "not by a key that is trusted here"
        )
        lines.append(f"  {signature.algorithm} {signature.key} ({known})")
    return lines
