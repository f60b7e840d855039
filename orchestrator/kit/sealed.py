"""The form of sealed bytes, the places that they are bound to, and the cipher of those who want none.

A sealed body is a JSON object whose first key is ``sealed``. Our own bodies have their keys in order, or begin with
another one, so that neither can be taken for the other.
"""

from __future__ import annotations

from typing import Final

import msgspec

from orchestrator.model.codec import decode
from orchestrator.model.errors import NewerStateError, StateError
from orchestrator.model.snapshot import Damaged, Entry
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.state import Logged

PREFIX: Final = b'{"sealed":'


class KeyNeededError(StateError):
    """Sealed by a key that is not configured here; nothing was changed."""


class NotSealedError(KeyNeededError):
    """It is plain where it must be encrypted: not damaged, and not believed either."""


class Head(msgspec.Struct):
    """What a sealed body says of itself."""

    sealed: int
    """The version of the form."""
    by: str
    """The id of the key, which says nothing of the key itself."""


class PlainCipher:
    """Keeps bytes as they are, and refuses what somebody has sealed."""

    def seal(self, plain: bytes, about: str) -> bytes:
        """The same bytes."""
        del about
        return plain

    def open(self, stored: bytes, about: str) -> bytes:
        """The same bytes. Raises KeyNeededError where they are sealed."""
        if is_sealed(stored):
            raise KeyNeededError(
                f"{about} is encrypted by {sealed_by(stored)}, and no key is configured\n"
                "hint: name that key in opsctl.yaml, under encryption.key"
            )
        return stored


PLAIN: Final = PlainCipher()


def is_sealed(stored: bytes) -> bool:
    """Whether bytes are the sealed form of others."""
    return stored.startswith(PREFIX)


def sealed_by(stored: bytes) -> str:
    """The id of the key that sealed bytes ask for."""
    try:
        return f"the key {msgspec.json.decode(stored, type=Head).by}"
    except ValueError:
        return "an unknown key (and its head is damaged)"


def read_entry(stored: bytes, sequence: int, epoch: int, cipher: Cipher) -> Logged:
    """An entry of a journal as it was stored; a Damaged in its place where nothing can read it.

    Raises NewerStateError and KeyNeededError: then nothing is wrong with it.
    """
    try:
        plain = cipher.open(stored, journal_place(epoch, sequence))
        return Logged(sequence, epoch, decode(plain, Entry), plain)
    except (NewerStateError, KeyNeededError):
        raise
    except (StateError, ValueError) as error:
        return Logged(sequence, epoch, Damaged(f"cannot be read ({error})"))


def journal_place(epoch: int, sequence: int) -> str:
    """Where one entry of the journal stands."""
    return f"journal/{epoch}/{sequence}"


def part_place(kind: str, key: str) -> str:
    """Where one row of a snapshot stands, such as a resource's."""
    return f"snapshot/{kind}/{key}"


def snapshot_place(number: int, epoch: int) -> str:
    """Where a snapshot that is one object stands: after which block, and of which epoch."""
    return f"snapshot/{epoch}/{number}"
