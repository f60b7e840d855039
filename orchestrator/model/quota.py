"""What a plan will take of a cloud, and what the cloud lets it have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.model.ids import Address, ProviderName, TypeName


@dataclass(frozen=True, slots=True)
class Demand:
    """One pending change, as what is there before it and after it: an update takes the difference."""

    address: Address
    type: TypeName
    before: Mapping[str, Any] | None
    """The spec of what goes or changes; None where nothing does, or where it goes only afterwards."""
    after: Mapping[str, Any] | None
    """The spec of what is to be there (leaves may be UNKNOWN or Secret); None: nothing."""


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit of a cloud, and how much of it is used and wanted, in the cloud's own unit."""

    service: str
    resource: str
    limit: int
    """As the cloud says; negative: there is none."""
    used: int
    wanted: Mapping[Address, int]
    """More, by the resource that takes it; less where that is negative."""

    @property
    def more(self) -> int:
        """What all changes together take."""
        return sum(self.wanted.values())

    @property
    def exceeded(self) -> bool:
        """Whether the cloud will refuse some of it."""
        return self.limit >= 0 and self.more > 0 and self.used + self.more > self.limit


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a cloud says before the first write, and how many API calls that took."""

    quotas: tuple[Quota, ...] = ()
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Shortage:
    """A quota that a plan would exceed."""

    provider: ProviderName
    quota: Quota = field(compare=False)
    text: str
    """In words: which, how much of it is used, the limit, what is wanted by what."""
