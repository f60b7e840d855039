"""A cipher that hides nothing from who looks closely, and keeps every other promise of one: for tests of backends."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import msgspec

from orchestrator.kit.sealed import KeyNeededError, is_sealed
from orchestrator.model.errors import StateError


class _Sealed(msgspec.Struct):
    sealed: int
    by: str
    about: str
    body: str


@dataclass
class FakeCipher:
    """Sealed bodies are turned round and in base64; ``places`` are those that were sealed, in order."""

    name: str = "fake"
    places: list[str] = field(default_factory=list)

    def seal(self, plain: bytes, about: str) -> bytes:
        """A JSON object with the place in it."""
        self.places.append(about)
        body = base64.b64encode(plain[::-1]).decode()
        return msgspec.json.encode(_Sealed(1, self.name, about, body))

    def open(self, stored: bytes, about: str) -> bytes:
        """Raises StateError for what is not sealed, sealed by another, or stands elsewhere than it was sealed for."""
        if not is_sealed(stored):
            raise StateError(f"{about} is not encrypted, and must be")
        found = msgspec.json.decode(stored, type=_Sealed)
        if found.by != self.name:
            raise KeyNeededError(f"{about} is encrypted by the key {found.by}, and here is {self.name}")
        if found.about != about:
            raise StateError(f"{about} was sealed as {found.about}")
        return base64.b64decode(found.body)[::-1]
