"""Where a stack's policies are, and the engine for those who only check or test them."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.adapters.package_data import folder as packaged
from orchestrator.model.plan import Charter


def policy_paths(charter: Charter, folder: Path) -> list[Path]:
    """Where the policies of a stack are: paths in its folder, or a profile that ships."""
    shipped = packaged("policies")
    names = [str(name) for name in charter.policy.get("bundles") or ()]
    return [
        shipped / name if re.fullmatch(r"[a-z-]+", name) and (shipped / name).is_dir() else folder / name
        for name in names
    ]
