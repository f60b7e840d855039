"""Where the keys come from that others are wrapped by: a passphrase, a file, a key service of a cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from orchestrator.model.schema import Property


@dataclass(frozen=True, slots=True)
class DataKey:
    """A fresh key of 32 bytes, and the same one wrapped, which is kept beside what it seals."""

    plain: bytes = field(repr=False)
    wrapped: bytes
    by: str
    """The id of the key that wrapped it: says which one is wanted, and nothing of it."""


class MasterKey(Protocol):
    """A key that wraps data keys, and never leaves its place. Nothing is asked before the first call.

    ``context`` names what a data key is for (the stack); a data key of one context is refused in another where the
    place of the key can tell. Methods raise StateError with what to do, KeyNeededError (of the kit) where it is
    another key that is wanted.
    """

    @property
    def about(self) -> str:
        """The key as the settings name it, for messages."""

    def may_open(self, by: str) -> bool:
        """Whether a data key that was wrapped under this id could be ours."""

    def make(self, context: Mapping[str, str]) -> DataKey:
        """A fresh data key."""

    def unwrap(self, by: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The data key again: 32 bytes."""


@dataclass(frozen=True, slots=True)
class KeyContext:
    """What a source of keys is opened with, beside its own setting."""

    folder: Path
    """Relative paths count from here."""
    resolve: Callable[[str], bytes]
    """The value of a secret by its reference, such as ``env:NAME``."""


@dataclass(frozen=True, slots=True)
class KeyPlugin:
    """One source of keys: what an entry point of ``opsctl.keys`` stands for. Importing it imports no SDK."""

    name: str
    form: str
    """How a setting is written: ``{key: my-vault/opsctl}``."""
    summary: str
    open: Callable[[Any, KeyContext], MasterKey]
    """The setting, of the right shape and with its secrets in it, becomes a key. Raises OpsctlError where it is wrong."""
    settings: Property
    """The shape of the setting; secret ones are written by reference."""
    short: str = ""
    """Which of the settings a setting that is one text stands for."""
    family: str = ""
    """The provider family whose sandbox serves it."""
    permissions: tuple[str, ...] = ()
    """What its store must allow, in the store's own names."""
