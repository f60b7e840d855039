"""A policy engine: Rego in, verdicts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.verdict import Answer, Bundle, PolicyRule, Stage


class PolicyEngine(Protocol):
    """Fails closed: an engine that cannot be reached, or a rule that crashes, is a deny verdict that says so."""

    @property
    def name(self) -> str:
        """Which engine answers, with its version, for the result."""

    def load(self, bundle: Bundle) -> Sequence[Diagnostic]:
        """Compile; what is wrong with the policies, with file and line."""

    @property
    def rules(self) -> Sequence[PolicyRule]:
        """The rules of what was loaded that are asked at some stage."""

    def evaluate(self, input: Mapping[str, Any], stage: Stage) -> Answer:
        """Ask every rule about one whole input document."""
