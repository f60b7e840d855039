"""Resource groups."""

from __future__ import annotations

from .kind import GROUP, Facts
from .shape import text

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
