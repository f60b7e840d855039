"""The kinds that the installed providers know."""

from __future__ import annotations

from typing import Protocol

from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema


class Catalogue(Protocol):
    """The kinds that the installed providers know."""

    def kind(self, type: TypeName) -> KindSchema | None:
        """The schema of a kind, or None where no provider knows it."""

    def nearest_type(self, type: str) -> str:
        """The known type that is most like the given one, or an empty string."""

    def family_of(self, type: TypeName) -> str:
        """The provider family that serves a type, or an empty string."""
