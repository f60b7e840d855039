"""The actions of a plan, and what one resource's change is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator.model.ids import Address, Path, ProviderName, TypeName


class Action(StrEnum):
    """What a plan may do to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    ADOPT = "adopt"
    FORGET = "forget"
    MOVE = "move"
    RETAG = "retag"
    GATE = "gate"
    READ = "read"
    NOOP = "no-op"

    @property
    def quiet(self) -> bool:
        """Whether it leaves the world and the state as they are."""
        return self in (Action.NOOP, Action.READ)


class Cause(StrEnum):
    """Why a property differs."""

    CONFIG = "config"
    """The spec was edited."""
    DRIFT = "drift"
    """The cloud was changed behind our back."""
    DEFAULT = "provider default"
    """The spec is silent now, and the cloud's default comes back."""
    COSMETIC = "cosmetic"
    """Two ways to write the same: never sent."""
    UPSTREAM = "upstream"
    """A value of another resource that changes."""


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One property: what is there, what is wanted, and why they differ."""

    path: Path
    """From the spec's root: ``("Tags", 0, "Value")``."""
    before: Any
    after: Any
    cause: Cause = Cause.CONFIG
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """One health check that a step must pass before it counts."""

    kind: str
    """status, http or tcp."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """May hold expressions over ``self``, resolved after the step."""
    within: float = 300.0
    interval: float = 2.0
    successes: int = 1
    on_failure: str = "halt"
    """undo, halt or continue."""
    of: str = ""
    """The composite whose gate this is: ``self`` in the settings is that one."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a plan does to one resource, and why."""

    address: Address
    type: TypeName
    provider: ProviderName
    action: Action
    reason: str = ""
    before: Mapping[str, Any] | None = None
    """The observed spec, or None where there is nothing."""
    after: Mapping[str, Any] | None = None
    """The resolved desired spec (leaves may be UNKNOWN or Secret), or None for a delete."""
    properties: tuple[PropertyChange, ...] = ()
    id: str | None = None
    """The id of the object that is there."""
    create_first: bool = False
    """Of a replace: the new one is made before the old one goes."""
    deposed: str = ""
    """Of a delete: the uid of an object that a replacement left behind."""
    gates: tuple[Gate, ...] = ()
    undo: str = ""
    """How the step is taken back when its gate fails: ``delete``, ``reapply``; empty: it cannot be."""
    irreversible: str = ""
    """Why it cannot be undone, where it cannot."""
    dependencies: tuple[Address, ...] = ()
    """What must be settled before this step starts (for a delete: what must be gone)."""
    moved_from: Address | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    line: int = 0

    @property
    def reversible(self) -> bool:
        """Whether a failed gate can take the step back."""
        return bool(self.undo)


@dataclass(frozen=True, slots=True)
class Differing:
    """One resource of a stale plan."""

    address: Address
    then: Change | None
    """As it was planned; None: it was not in the plan."""
    now: Change | None
