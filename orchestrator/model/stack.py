"""A stack: what ``opsctl.yaml`` says, with the environment's overlay and the parameters' values in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.model.document import Document, Source
from orchestrator.model.ids import ProviderName, StackId
from orchestrator.model.schema import MISSING, Property


@dataclass(frozen=True, slots=True)
class Param:
    """One typed parameter."""

    name: str
    schema: Property
    default: Any = MISSING
    description: str = ""
    sensitive: bool = False
    """Its value is a Secret: shown nowhere, tracked by nothing but its reference."""

    @property
    def required(self) -> bool:
        """Whether somebody must give a value."""
        return self.default is MISSING


@dataclass(frozen=True, slots=True)
class Output:
    """One value that the stack tells others."""

    name: str
    value: Any
    """May hold Templates."""
    description: str = ""
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything about a stack but its resources."""

    name: str
    id: StackId
    """Names the state and stands in markers; holds the environment's name where there is one."""
    folder: str = ""
    environment: str = ""
    required_version: str = ""
    providers: Mapping[ProviderName, Mapping[str, Any]] = field(default_factory=dict)
    """Settings by provider instance; credentials are references."""
    state: Mapping[str, Any] = field(default_factory=lambda: {"backend": "sqlite"})
    policy: Mapping[str, Any] = field(default_factory=dict)
    """bundles, data, server, as written."""
    secrets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Settings of secret sources by scheme."""
    encryption: Mapping[str, Any] = field(default_factory=dict)
    """key, fallback, required, compress, as written; empty: nothing is encrypted."""
    signatures: Mapping[str, Any] = field(default_factory=dict)
    """Whose signatures count under a plan, and whether one must be there."""
    params: Mapping[str, Param] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    """The value of every parameter."""
    env: tuple[str, ...] = ()
    """The names of environment variables that expressions may read; none where the run is not trusted."""
    outputs: Mapping[str, Output] = field(default_factory=dict)
    document: Document | None = field(default=None, compare=False)
    source: Source | None = field(default=None, compare=False)
    """Where its settings stand: in the stack's file, or in the environment's overlay."""
