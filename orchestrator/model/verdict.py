"""What a policy says about a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

POLICY_ERROR: Final = "policy-error"
"""The code of a deny that no rule asked for: the policies themselves failed."""


class Effect(StrEnum):
    """What a verdict does, from worst to none."""

    DENY = "deny"
    REQUIRE_APPROVAL = "require_approval"
    WARN = "warn"


class Stage(StrEnum):
    """When policy is asked."""

    SPEC = "spec"
    PLAN = "plan"
    APPLY = "apply"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that one rule says."""

    effect: Effect
    message: str
    rule: str
    """The package and rule: ``opsctl.baseline.encryption``."""
    address: str = ""
    path: str = ""
    code: str = ""
    title: str = ""
    severity: str = ""
    link: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Bundle:
    """Policies and their data: module texts by file name, and the document under ``data``."""

    modules: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.modules)


def denies(verdicts: Sequence[Verdict]) -> bool:
    """Whether the plan may not be applied. An approval that nobody gave is a denial."""
    return any(v.effect in (Effect.DENY, Effect.REQUIRE_APPROVAL) for v in verdicts)
