"""Where secrets come from, and where those are put that opsctl makes or is told only once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from orchestrator.model.errors import ProviderError
from orchestrator.model.schema import Property
from orchestrator.model.values import Secret

Answers = Mapping[str, Secret | ProviderError]
"""By reference: the secret, or why it is not to be had (code ``NotFound`` where there is none of that name)."""


class SecretSource(Protocol):
    """Reads the references of one scheme (``env:NAME``), in as few calls as its store allows."""

    @property
    def warnings(self) -> Sequence[str]:
        """What was noticed while reading, such as a file that others can read."""

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls its store was asked so far, by operation; nothing where there is no store to ask."""

    def resolve(self, references: Sequence[str]) -> Answers:
        """An answer for every reference. Raises TransientError where all of them may be had a moment later."""


class SecretSink(Protocol):
    """Writes secrets under the references of one scheme."""

    def store(self, reference: str, value: str) -> str:
        """Keep ``value`` as the newest version, and return that version's id: empty where the store has none.

        Where the reference names a field (``#path``), the secret's other fields stay. To store the same value twice
        does no harm. Raises PermanentError, or TransientError where a later try may pass.
        """


@dataclass(frozen=True, slots=True)
class SecretPlugin:
    """One scheme: what an entry point of ``opsctl.secrets`` stands for. Importing it imports no SDK."""

    scheme: str
    form: str
    """How a reference is written: ``vault:mount/path#key@version``."""
    summary: str
    source: Callable[[Mapping[str, Any], Path], SecretSource]
    """Opens it with its settings and the stack's folder. Raises PermanentError where the settings cannot be used."""
    sink: Callable[[Mapping[str, Any], Path], SecretSink] | None = None
    """Opens it for writing; None: nothing can be stored there."""
    settings: Property = field(default_factory=lambda: Property("object"))
    """The schema of what ``secrets:`` in opsctl.yaml may say of it; secret ones are written by reference."""
    family: str = ""
    """The provider family whose settings it takes where it has none of its own, and whose sandbox serves it."""
    local: bool = False
    """It reads the machine that opsctl runs on."""
    permissions: tuple[str, ...] = ()
    """What its store must allow for reading, in the store's own names."""
    storing: tuple[str, ...] = ()
    """And for storing."""


class Secrets(Protocol):
    """Every source and sink of a run, as the engine sees them: each reference is resolved once, in memory only."""

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls the stores were asked so far, by scheme."""

    def ask(self, references: Iterable[str]) -> Answers:
        """An answer for every reference; many stores are asked at the same time."""

    def unwritable(self, reference: str) -> str:
        """Why nothing can be stored under a reference, as far as that can be told without asking; else empty."""

    def store(self, reference: str, value: str) -> Secret:
        """Put a value into the sink of its scheme. Raises ProviderError where it cannot be stored."""
