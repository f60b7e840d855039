"""What a provider package says of itself before anything of it is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.model.ids import ProviderName, StackId
from orchestrator.model.schema import Property
from orchestrator.seams.provider import Provider


@dataclass(frozen=True, slots=True)
class Context:
    """What a provider is made with, beside its own settings."""

    name: ProviderName
    stack: StackId
    folder: Path
    """The stack's folder: relative paths in specs count from here."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One provider family. ``configure`` imports the rest when it is called, and no earlier."""

    family: str
    summary: str
    types: tuple[str, ...]
    """Patterns of the type names that it serves, with ``*``: ``("AWS::*",)``."""
    configure: Callable[[Mapping[str, Any], Context], Provider]
    settings: Property = field(default_factory=lambda: Property("object", additional=Property()))
    """The schema of its settings in opsctl.yaml."""
    bare: Mapping[str, Any] = field(default_factory=dict)
    """Settings that are enough to know the kinds, without a cloud."""
    composites: Path | None = None
    """A folder of CompositeType documents: this cloud's side of the abstract types."""
    sandbox: str = ""
    """Dotted path of the module whose ``start`` runs its local stand-in; empty: there is none."""
    conformance: str = ""
    """Dotted path of the module whose ``CONFORMANCE`` has samples of its kinds; empty: it keeps none."""
