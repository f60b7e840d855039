"""The schemas that ``# METADATA schemas`` may name, and the files that OPA reads them from.

Enters: the kinds that are installed. Leaves: schemas by their name below ``schema``, or a folder for ``opa check
--schema``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final

from orchestrator.model.policy_schema import input_schema, stage_schemas, type_name
from orchestrator.model.schema import Property

_TYPES: Final = "types."


@dataclass(frozen=True, slots=True)
class Schemas:
    """Every schema that there is; those of types are made when they are asked for."""

    types: Mapping[str, str] = field(default_factory=dict)
    """Type by the name that it has below ``schema.types``."""
    spec: Callable[[str], Property | None] = field(default=lambda _: None)
    """The spec of a type."""

    def named(self, name: str) -> Mapping[str, Any] | None:
        """The schema of a name below ``schema``: ``plan``, ``types.os_nova_server``; None where there is none."""
        if not name.startswith(_TYPES):
            return _stages().get(name)
        type = self.types.get(name.removeprefix(_TYPES), "")
        spec = self.spec(type) if type else None
        return None if spec is None else input_schema(None, type, spec)

    def names(self) -> Iterator[str]:
        """Every name."""
        yield from _stages()
        yield from (f"{_TYPES}{name}" for name in self.types)

    def file_of(self, folder: Path, name: str) -> Path:
        """Where ``opa check --schema FOLDER`` looks for a name."""
        return folder.joinpath(*name.split(".")).with_suffix(".json")

    def matching(self, patterns: Sequence[str]) -> list[str]:
        """The types that any of these patterns (``AWS::EC2::*``) means, in order."""
        return sorted(t for t in self.types.values() if any(fnmatchcase(t, p) for p in patterns))


def schemas_of(types: Sequence[str], spec: Callable[[str], Property | None]) -> Schemas:
    """The schemas of these types."""
    return Schemas({type_name(type): type for type in types}, spec)


@cache
def _stages() -> Mapping[str, Mapping[str, Any]]:
    return stage_schemas()
