"""The settings of a state backend, as data: checked by name, and shown by ``opsctl explain state.NAME``.

A backend's module has them as ``SETTINGS`` beside its ``open_backend``; what values mean is its own to check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.errors import StateError
from orchestrator.model.schema import Property


def refuse_unknown(backend: str, settings: Mapping[str, Any], known: Property) -> None:
    """Raises StateError where a setting is none of the backend's, with those that are."""
    unknown = sorted(set(settings) - set(known.properties))
    if unknown:
        names = ", ".join(known.properties)
        raise StateError(f"the {backend} backend has no setting {', '.join(unknown)}; known: {names}")
