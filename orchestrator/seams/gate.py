"""A health check: one look, pure of polling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from orchestrator.model.health import Health


class GateProbe(Protocol):
    """One kind of gate: http, tcp. It never raises for what it sees: that is a Health too."""

    def assess(self, settings: Mapping[str, Any]) -> Health:
        """Look once, within the settings' ``timeout`` seconds."""
