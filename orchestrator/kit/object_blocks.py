"""The objects that a log in an object store is made of, and the store itself.

Every object is one line (format and SHA-256 of the rest) and then JSON. A block of the log is written once and
never again: a batch of entries, or the start of a new epoch. ``lease`` is the one object that is rewritten.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import msgspec

from orchestrator.kit.sealed import read_entry
from orchestrator.model.errors import DamagedStateError
from orchestrator.model.versions import FORMAT, check_format
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.state import Holder, Logged

_HEAD: Final = re.compile(rb"opsctl-state (\d+) ([0-9a-f]{64})\n")
_RESTORE: Final = "restore that object from the store's own versions or a backup; opsctl changed nothing"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as read. ``etag`` changes with every write."""

    data: bytes
    etag: str
    age: float
    """Seconds since it was written, both moments by the store's own clock."""


class ObjectStore(Protocol):
    """Objects by key, strongly consistent, with conditional writes. Every method raises StateError on failure.

    A write whose answer got lost may be repeated by the implementation: the caller copes with a refusal that
    its own first attempt has caused.
    """

    @property
    def place(self) -> str:
        """Where it is, for messages: ``s3://bucket/prefix``."""

    def get(self, key: str) -> Stored | None:
        """The object, or None where there is none."""

    def put_if_absent(self, key: str, data: bytes) -> str | None:
        """Write a new object; its etag, or None where the key was taken."""

    def put_if_match(self, key: str, data: bytes, etag: str) -> str | None:
        """Overwrite the version with that etag; the new etag, or None where there is another version."""

    def list(self, prefix: str, *, after: str = "") -> Sequence[str]:
        """The keys with a prefix, in order, beginning behind ``after``."""

    def delete(self, key: str) -> None:
        """Remove the object, if it is there."""


class Block(msgspec.Struct, frozen=True, omit_defaults=True):
    """One object of the log: entries, or (without any) the start of an epoch."""

    number: int
    epoch: int
    writer: str
    """Random, one a lease: tells two writers with equal contents apart."""
    first: int
    """The sequence number of the first entry, or of the next one where the block has none."""
    entries: tuple[msgspec.Raw, ...] = ()
    """Each sealed by itself."""
    holder: Holder | None = None
    """Of the start of an epoch; None where a lease was broken."""
    ttl: float = 0.0
    restored: msgspec.Raw = msgspec.Raw()
    """Where it is not empty: a sealed snapshot that takes the place of all before; the entries are the history that leads to it."""
    epochs: tuple[int, ...] = ()
    """Of the entries of such a block."""
    moved: str = ""
    """Where the state is kept from here on."""

    @property
    def last(self) -> int:
        """The sequence number that the log has reached with this block."""
        return self.first + len(self.entries) - 1

    def logged(self, cipher: Cipher) -> list[Logged]:
        """The entries with their places."""
        epochs = self.epochs or (self.epoch,) * len(self.entries)
        return [
            read_entry(bytes(raw), place, epoch, cipher)
            for place, (raw, epoch) in enumerate(zip(self.entries, epochs, strict=True), self.first)
        ]


class Beat(msgspec.Struct, frozen=True):
    """The ``lease`` object: rewritten while its holder lives."""

    epoch: int
    writer: str
    ttl: float
    holder: Holder
    count: int = 0
    released: bool = False


class Folded(msgspec.Struct, frozen=True):
    """A snapshot: the fold of all blocks up to ``number``."""

    number: int
    epoch: int
    snapshot: msgspec.Raw
    """Sealed."""


def pack(value: msgspec.Struct) -> bytes:
    """The bytes of an object."""
    body = msgspec.json.encode(value)
    return b"opsctl-state %d %s\n%s" % (FORMAT, hashlib.sha256(body).hexdigest().encode(), body)


def unpack(data: bytes, type: type[T], where: str) -> T:
    """What an object holds. Raises StateError where it is damaged, NewerStateError where we are too old."""
    head = _HEAD.match(data)
    if head is None:
        raise DamagedStateError(f"{where} is no state of opsctl, or its beginning is damaged: {_RESTORE}")
    check_format(int(head[1]), where)
    body = data[head.end() :]
    if hashlib.sha256(body).hexdigest().encode() != head[2]:
        raise DamagedStateError(f"{where} is damaged (its checksum is wrong): {_RESTORE}")
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.DecodeError as error:
        raise DamagedStateError(f"{where} is damaged ({error}): {_RESTORE}") from error
