"""A plan: everything that ``apply`` needs, frozen, with a digest.

It is self-contained: with it, the files of the stack are not read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from orchestrator.model.change import Action, Change
from orchestrator.model.ids import Address, ProviderName, StackId
from orchestrator.model.resource import Desired
from orchestrator.model.verdict import Bundle, Decision, Verdict, denies
from orchestrator.model.versions import PLAN_FORMAT

UNDIGESTED: Final[Mapping[str, Any]] = MappingProxyType(
    {"digest": "", "created": 0.0, "sequence": 0, "reads": {}, "decisions": ()}
)
"""What the digest of a plan does not go over: not what it does, but when and how it was read."""


@dataclass(frozen=True, slots=True)
class Charter:
    """What a stack is, apart from its resources: enough to reach its clouds, its state and its policies."""

    name: str
    id: StackId
    environment: str = ""
    providers: Mapping[ProviderName, Mapping[str, Any]] = field(default_factory=dict)
    """Settings by provider instance; credentials are references."""
    state: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Settings of secret sources by scheme."""
    encryption: Mapping[str, Any] = field(default_factory=dict)
    """Where the keys of the state are, by reference."""
    signatures: Mapping[str, Any] = field(default_factory=dict)
    """Whose signatures count. A saved plan cannot speak for itself: for it, what the stack's folder says counts."""
    params: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Name to value, which may hold Templates."""


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the apply: a change, or one half of a replacement, or a composite that only collects."""

    node: Address
    needs: tuple[Address, ...]
    change: Change | None = None
    half: str = ""
    """Of a replacement: ``new`` or ``old``."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, why, and what it rests on."""

    charter: Charter
    resources: tuple[Desired, ...]
    changes: tuple[Change, ...]
    bundle: Bundle = field(default_factory=Bundle)
    verdicts: tuple[Verdict, ...] = ()
    engine: str = ""
    """Which policy engine gave the verdicts."""
    decisions: tuple[Decision, ...] = ()
    """Every asking of policy, in order: about the specs, then about the changes."""
    unread: bool = False
    """Policy denied the specs, so nothing was read, and what would change is not known."""
    reads: Mapping[ProviderName, int] = field(default_factory=dict)
    """API calls that reading took, by provider."""
    sequence: int = 0
    """The journal's sequence number that the plan was made at."""
    moves: Mapping[Address, Address] = field(default_factory=dict)
    removed: Mapping[Address, bool] = field(default_factory=dict)
    destroy: bool = False
    targets: tuple[str, ...] = ()
    """What was asked for by ``--target``; empty: the whole stack."""
    selected: Mapping[Address, str] = field(default_factory=dict)
    """With targets: every address that the plan is about, and why."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """As far as they are known; UNKNOWN where they are not."""
    created: float = 0.0
    opsctl: str = ""
    format: int = PLAN_FORMAT
    digest: str = ""

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that do something."""
        return tuple(c for c in self.changes if not c.action.quiet)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not any(not c.action.quiet for c in self.changes)

    @property
    def denied(self) -> bool:
        """Whether a policy forbids it."""
        return denies(self.verdicts)

    def summary(self) -> dict[str, int]:
        """How many changes of each action, quiet ones too."""
        counts = Counter(c.action for c in self.changes)
        return {str(action): counts[action] for action in Action if counts[action]}
