"""What a run of the suite has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Ending(StrEnum):
    """How one check of one kind ended."""

    PASSED = "passed"
    FAILED = "failed"
    INAPPLICABLE = "inapplicable"
    """There is nothing of the kind to check; the note says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """One check of one kind."""

    type: str
    check: str
    ending: Ending
    messages: tuple[str, ...] = ()
    """What failed, or why there was nothing to do."""
    tried: int = 0
    """How many cases: properties, property sets, calls that were struck."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """All results of one provider."""

    family: str
    where: str
    """What it ran against: `sandbox`, or words for the real cloud."""
    checks: Mapping[str, str]
    """Each check's name, with what it claims."""
    results: Sequence[Result] = ()
    undetected: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By type and path: changes by hand that are not seen, and why."""
    untried: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By type and path: what was left alone, and why."""
    unsampled: Sequence[str] = ()
    """Kinds that can be made and have no sample: each is a failure."""
    exempt: Mapping[str, str] = field(default_factory=dict)
    """Kinds that the suite cannot look at, and why."""

    @property
    def types(self) -> list[str]:
        """The kinds that were tested."""
        return list(dict.fromkeys(result.type for result in self.results))

    @property
    def failures(self) -> list[Result]:
        """What failed."""
        return [result for result in self.results if result.ending is Ending.FAILED]

    @property
    def passed(self) -> bool:
        """Whether every check of every kind passed, and every kind has a sample."""
        return bool(self.results) and not self.failures and not self.unsampled

    def of(self, type: str, check: str) -> Result | None:
        """One cell of the table."""
        return next((r for r in self.results if (r.type, r.check) == (type, check)), None)
