"""A store of secrets in memory, and how a test asks any source for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.model.errors import PermanentError, ProviderError
from orchestrator.model.values import Secret
from orchestrator.seams.secrets import Answers, SecretSource


def one(source: SecretSource, reference: str) -> Secret:
    """The secret of a reference; raises the error that a source answers instead."""
    answer = source.resolve([reference])[reference]
    if isinstance(answer, ProviderError):
        raise answer
    return answer


@dataclass
class FakeSecrets:
    """Every source and sink of a run. What is stored outlives the run, as in a real store."""

    kept: dict[str, Secret] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)
    """The references that were written, in order."""
    broken: dict[str, ProviderError] = field(default_factory=dict)
    """What writing under a reference raises."""
    versionless: bool = False
    """The store keeps no versions."""

    @property
    def calls(self) -> Mapping[str, int]:
        """None: it is no cloud."""
        return {}

    def ask(self, references: Iterable[str]) -> Answers:
        """What is kept, or NotFound."""
        return {r: self.kept.get(r) or _missing(r) for r in references}

    def unwritable(self, reference: str) -> str:
        """Under a reference without a scheme."""
        return "" if ":" in reference else f"{reference} names no store"

    def store(self, reference: str, value: str) -> Secret:
        """Keep a value as the newest version."""
        if reference in self.broken:
            raise self.broken[reference]
        self.stored.append(reference)
        version = "" if self.versionless else f"v{self.stored.count(reference)}"
        self.kept[reference] = Secret(value, reference, version)
        return self.kept[reference]


def _missing(reference: str) -> PermanentError:
    return PermanentError(f"{reference}: there is no such secret", "resolve secrets", "NotFound")
