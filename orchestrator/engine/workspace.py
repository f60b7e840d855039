"""What the engine works with: the world behind the seams, picked by bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.model.ids import ProviderName, Token, TypeName, Uid
from orchestrator.model.kind import KindSchema
from orchestrator.model.snapshot import Entry
from orchestrator.seams.clock import Clock
from orchestrator.seams.executor import Executor
from orchestrator.seams.gate import GateProbe
from orchestrator.seams.policy import PolicyEngine
from orchestrator.seams.progress import Progress
from orchestrator.seams.provider import Provider
from orchestrator.seams.secrets import Secrets
from orchestrator.seams.state import StateBackend

Append = Callable[[Sequence[Entry]], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a stack that another run holds."""

    seconds: float
    pause: Callable[[float], None]
    """Sleeps so many seconds. Raises where the run is told to stop."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """One stack's providers, state, policies and clock. Providers are made when they are first asked for."""

    providers: Mapping[ProviderName, Provider]
    kind: Callable[[TypeName], KindSchema | None]
    state: StateBackend
    policy: PolicyEngine
    probes: Mapping[str, GateProbe]
    clock: Clock
    executor: Callable[[Append], Executor]
    """Makes an executor whose journal goes to the given function."""
    progress: Progress
    secrets: Secrets
    outputs: Callable[[str], Mapping[str, object]]
    """The outputs of another stack, by its name."""
    new_uid: Callable[[], Uid]
    new_token: Callable[[], Token]
    lease: float = 30.0
    """Seconds after which a lease that is not renewed is over."""
    patience: Patience | None = None
    """None: a stack that another run holds is an error at once."""
    nearest_type: Callable[[str], str] = lambda _: ""
    """The known type that is most like the given one, or an empty string."""
    unknown_type: Callable[[str], str | None] = lambda _: None
    """None for a type that a policy may name; else the nearest type that there is, or an empty string."""
    decided: Callable[[Mapping[str, Any]], None] | None = None
    """Keeps a decision of policy (``model.decision``). Raises PolicyDeniedError where it cannot."""
