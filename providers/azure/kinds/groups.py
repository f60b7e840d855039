"""Resource groups."""

from __future__ import annotations

from orchestrator.kit.shapes import text

from .kind import GROUP, Facts

FACTS = (
    Facts(
        type=GROUP,
        version="2025-04-01",
        summary="A resource group: what is in it is deleted with it",
        parent="",
        name=r"^[\w.()-]{0,89}[\w()-]$",
        shown={"provisioningState": text()},
    ),
)
