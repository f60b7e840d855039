"""Who stands for a saved plan, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.bootstrap import OpenedPlan, SavedPlan


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
