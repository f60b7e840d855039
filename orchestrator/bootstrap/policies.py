"""Where a stack's policies are, and the engine for those who only check or test them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.package_data import folder as packaged
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.plan import Charter

if TYPE_CHECKING:
    from orchestrator.adapters.policy_tests import TestResult

    PolicyTest = TestResult


def policy_paths(charter: Charter, folder: Path) -> list[Path]:
    """Where the policies of a stack are: paths in its folder, or a profile that ships."""
    shipped = packaged("policies")
    names = [str(name) for name in charter.policy.get("bundles") or ()]
    return [
        shipped / name if re.fullmatch(r"[a-z-]+", name) and (shipped / name).is_dir() else folder / name
        for name in names
    ]


def policy_check(paths: Sequence[Path]) -> list[Diagnostic]:
    """Everything that is wrong with the policies below these paths."""
    from orchestrator.adapters.policy_tests import check  # noqa: PLC0415 - only for policies

    return check(paths)


def policy_tests(paths: Sequence[Path]) -> list[PolicyTest]:
    """Run the tests of the policies below these paths."""
    from orchestrator.adapters.policy_tests import run_tests  # noqa: PLC0415 - only for policies

    return run_tests(paths)
