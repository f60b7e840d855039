"""sign and verify: who stands for a saved plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import head
from orchestrator.cli.render.signatures import signature_lines, signatures_document
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
