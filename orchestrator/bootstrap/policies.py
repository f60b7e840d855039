"""Where a stack's policies are, and the engine for those who only check or test them."""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.package_data import folder as packaged
from orchestrator.model.plan import Charter


def policy_paths(charter: Charter, folder: Path) -> list[Path]:
    """Where the policies of a stack are: paths in its folder, or a profile that ships; not those from elsewhere."""
    from orchestrator.adapters.bundle_sources import Shelf, path_of, wanted  # noqa: PLC0415 - only for policies

    shipped = packaged("policies")
    sources = wanted(charter.policy.get("bundles") or ())
    return [path_of(s, Shelf(folder, shipped))[0] for s in sources if not s.remote and not s.packed]
