"""What a policy says about a plan, and who may set it aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from orchestrator.model.signature import Signature

POLICY_ERROR: Final = "policy-error"
"""The code of a deny that no rule asked for: the policies themselves failed. Nobody can waive or approve it."""


class Effect(StrEnum):
    """What a verdict does, from worst to none."""

    DENY = "deny"
    REQUIRE_APPROVAL = "require_approval"
    WARN = "warn"
    REMEDIATE = "remediate"
    """A proposal of a change that no other verdict of its package asked for; it blocks nothing."""


class Level(StrEnum):
    """How much a rule weighs: from advice, through what somebody may approve, to what holds for everybody."""

    ADVISORY = "advisory"
    APPROVAL = "approval"
    MANDATORY = "mandatory"

    @property
    def effect(self) -> Effect:
        """What a verdict of this level does."""
        return _EFFECTS[self]

    @property
    def rank(self) -> int:
        """A heavier level has the higher rank."""
        return list(Level).index(self)


_EFFECTS: Final = {
    Level.ADVISORY: Effect.WARN,
    Level.APPROVAL: Effect.REQUIRE_APPROVAL,
    Level.MANDATORY: Effect.DENY,
}
LEVELS: Final[Mapping[Effect, Level]] = {
    **{effect: level for level, effect in _EFFECTS.items()},
    Effect.REMEDIATE: Level.ADVISORY,
}
"""The level of a verdict by what it does."""


class Stage(StrEnum):
    """When policy is asked."""

    SPEC = "spec"
    PLAN = "plan"
    APPLY = "apply"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A document that sets one rule aside for some addresses, until a day."""

    name: str
    rule: str
    """As verdicts name it: ``opsctl.baseline.sizes``."""
    address: str
    """A pattern: ``*`` stands for any text, ``?`` for one character."""
    reason: str
    owner: str
    expires: str
    """The last day on which it holds, ``YYYY-MM-DD``, in UTC."""
    code: str = ""
    """Only verdicts of this code; empty: all of the rule."""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody whose signature counts, as the trusted place lists it."""

    name: str
    key: str
    """The public key as it is listed: a line ``ssh-ed25519 …``, PEM, or 32 bytes in base64."""
    fingerprint: str
    """Of that key, as signatures name it."""
    rules: tuple[str, ...] = ()
    """Patterns of rules that this person may approve; empty: every one."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A signed document over a plan's digest."""

    plan: str
    """The digest of the plan that it approves."""
    stack: str
    by: str
    reason: str
    created: str
    """When it was signed: ``YYYY-MM-DDTHH:MM:SSZ``."""
    signature: Signature | None = None
    """Over everything else, see ``adapters/approval_files.py``."""

    @property
    def key(self) -> str:
        """The fingerprint of the key that signed it."""
        return self.signature.key if self.signature is not None else ""


@dataclass(frozen=True, slots=True)
class Patch:
    """One operation of a JSON patch (RFC 6902) on a resource's spec."""

    op: str
    """``add``, ``replace`` or ``remove``."""
    path: str
    """A JSON pointer below ``spec``: ``/Tags/0/Value``."""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Remediation:
    """What a rule proposes; opsctl shows it, and never applies it by itself."""

    message: str = ""
    patch: tuple[Patch, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that one rule says, and what became of it."""

    effect: Effect
    message: str
    rule: str
    """The package and rule: ``opsctl.baseline.encryption``."""
    address: str = ""
    path: str = ""
    code: str = ""
    title: str = ""
    severity: str = ""
    links: tuple[str, ...] = ()
    """Where to read more: the references of the rule's metadata, the first is the best."""
    file: str = ""
    line: int = 0
    fix: str = ""
    """What to change, in words."""
    declared: Level | None = None
    """The level in the rule's metadata, where the stack or the trusted base gave it another one."""
    waiver: Waiver | None = None
    """The waiver that speaks of it, applied or expired."""
    waived: bool = False
    """Whether the waiver holds: it blocks nothing then."""
    approvals: tuple[Approval, ...] = ()
    """Valid ones that cover it."""
    approved: bool = False
    """Whether they are enough."""
    remediation: Remediation | None = None

    @property
    def level(self) -> Level:
        """How much it weighs."""
        return LEVELS[self.effect]

    @property
    def link(self) -> str:
        """The first of its links, or an empty string."""
        return self.links[0] if self.links else ""

    @property
    def blocks(self) -> bool:
        """Whether it keeps the plan from being applied."""
        if self.waived:
            return False
        return self.effect is Effect.DENY or (self.effect is Effect.REQUIRE_APPROVAL and not self.approved)


@dataclass(frozen=True, slots=True)
class Source:
    """Where policies came from, pinned."""

    name: str
    """As the stack names it: a folder, a profile, a URL."""
    digest: str = ""
    """``sha256:`` and hex, over its modules and data by path."""
    revision: str = ""
    """As its own manifest says, or the Git commit."""
    trusted: bool = False
    """Whether it is of the trusted base."""
    ships: bool = False
    """Whether it is a profile that ships with opsctl."""
    modules: tuple[str, ...] = ()
    """The names of its modules in the bundle."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Policies and their data: module texts by file name, and the document under ``data``."""

    modules: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)
    """Levels by rule (or ``rule:code``) that stand over those of the metadata."""
    lowerable: tuple[str, ...] = ()
    """Patterns of rules whose level may be lowered: the trusted base allows it."""
    waivers: tuple[Waiver, ...] = ()
    approvers: tuple[Approver, ...] = ()
    approvals: int = 1
    """How many different approvers must sign."""
    sources: tuple[Source, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.modules)


@dataclass(frozen=True, slots=True)
class PolicyBase:
    """What a trusted place says about policy: its own bundle, and what it lets a stack do."""

    name: str
    bundle: Bundle
    waivable: tuple[str, ...] = ()
    """Patterns of the base's rules that a stack's own waivers may set aside."""
    params: tuple[str, ...] = ()
    """Patterns of the parameters that a stack may set."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A text in a policy that names a type. ``compared``: it stands in a comparison with a resource's type."""

    name: str
    file: str
    line: int
    column: int
    text: str = ""
    """The line."""
    compared: bool = False


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule that an engine asks, as far as it can be known before it is asked."""

    rule: str
    """As verdicts name it."""
    levels: tuple[Level, ...]
    """Of its bodies."""
    stages: frozenset[Stage]
    file: str
    line: int = 0
    mentions: tuple[Mention, ...] = ()
    """Types that its modules name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine said about one input document."""

    verdicts: tuple[Verdict, ...] = ()
    id: str = ""
    """The decision id of a server that gives one."""
    revisions: Mapping[str, str] = field(default_factory=dict)
    """Of the bundles that a server has by itself, by name."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One asking of policy: who answered, about what, from which policies. Not part of a plan's digest."""

    engine: str = ""
    id: str = ""
    """The server's decision id, or one of ours."""
    stage: Stage = Stage.PLAN
    input: str = ""
    """The SHA-256 of the masked input document, in hex."""
    revisions: Mapping[str, str] = field(default_factory=dict)
    """Of bundles that the server has by itself, by name."""
    seconds: float = 0.0
    idle: tuple[str, ...] = ()
    """Rules whose types this input does not have: they matched nothing."""
    unused: tuple[Waiver, ...] = ()
    """Waivers that spoke of no verdict."""


def denies(verdicts: Sequence[Verdict]) -> bool:
    """Whether the plan may not be applied. An approval that nobody gave is a denial."""
    return any(v.blocks for v in verdicts)
