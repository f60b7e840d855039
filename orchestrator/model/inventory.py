"""What is in the clouds: objects as they were listed, managed here or not, and how people call them.

Holds: everything here is pure, and names, tags and regions are read off what providers tell in their kinds' own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.model.ids import Address, ProviderName, TypeName
from orchestrator.model.provision import Observed


@dataclass(frozen=True, slots=True)
class Thing:
    """One object in a cloud."""

    provider: ProviderName
    type: TypeName
    observed: Observed
    region: str = ""
    """Where it is, as far as that is told; else where its provider works."""
    address: Address | None = None
    """What this stack calls it, where its state has it."""

    @property
    def id(self) -> str:
        """The cloud's id."""
        return self.observed.id

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags, labels or metadata, by name."""
        spec = self.observed.spec
        return _tags(spec.get("Tags")) or _tags(spec.get("tags")) or _tags(spec.get("metadata"))

    @property
    def name(self) -> str:
        """What people call it: its name, else its tag of that name, else nothing."""
        spec, status = self.observed.spec, self.observed.status
        own = (value for key, value in spec.items() if _names(key, self.type))
        candidates = (*own, self.tags.get("Name"), self.tags.get("name"), status.get("name"))
        return next((text for text in candidates if isinstance(text, str) and text), "")

    @property
    def stack(self) -> str:
        """The stack whose marker it carries; empty where it carries none."""
        return str(self.observed.marker.stack) if self.observed.marker is not None else ""

    def document(self) -> dict[str, Any]:
        """All of it as plain data, for people's filters and for reports; what is written only once is not in it."""
        return {
            "provider": str(self.provider),
            "type": str(self.type),
            "id": self.id,
            "name": self.name,
            "region": self.region,
            "tags": dict(self.tags),
            "stack": self.stack,
            "address": self.address,
        }


def folded(id: str) -> str:
    """An id as it is compared: Azure writes the same one in several cases."""
    return id.casefold() if id.startswith("/") else id


def short(type: TypeName) -> str:
    """The last part of a type's name, in small letters: ``vpc``, ``virtualmachines``, ``server``."""
    return str(type).replace("/", "::").rpartition("::")[2].lower()


def _names(property: str, type: TypeName) -> bool:
    """``name``, or CloudFormation's ``BucketName``, ``DBInstanceIdentifier``, ``GroupName``."""
    plain = property.lower()
    stem = plain.removesuffix("name").removesuffix("identifier")
    return plain == "name" or (stem != plain and bool(stem) and short(type).endswith(stem))


def _tags(value: Any) -> dict[str, str]:
    """CloudFormation's list of keys and values, or a map; plain words are no tags with a name."""
    if isinstance(value, Mapping):
        return {str(k): str(v) for k, v in value.items()}
    pairs = value if isinstance(value, list | tuple) else ()
    return {str(p["Key"]): str(p.get("Value", "")) for p in pairs if isinstance(p, Mapping) and "Key" in p}
