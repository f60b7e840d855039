"""AES-256-GCM with envelopes: what rests is sealed by data keys, and those are wrapped by a key that rests elsewhere.

Enters: plain bytes and their place. Leaves: a JSON object with all that opening needs but the master key: the id of
that key, the wrapped data key, a salt, a nonce and the sealed bytes. So each object stands for itself, and no second
one can get lost.

Why a nonce never repeats under one key: a stack has one data key for as long as its master key stays, found in what is
read, so that a run asks the key service once. Nothing is sealed by it directly: each writer draws a salt of 128 bits
and derives a key of its own (HKDF, RFC 5869), and a new one after 2^20 messages. With random nonces of 96 bits that
is a chance of 2^-57 a key, where NIST SP 800-38D (8.3) allows 2^-32. No counter has to survive a crash.

A body is made smaller before it is sealed (form 2), each by itself, and never together with another: what somebody may
choose in one resource tells by its size nothing of another one's. Form 1 is the same without that; both are read.

Holds: the stack, the place, the form and the id of the master key are authenticated with each message, before anything
is unpacked. What is not sealed is refused where it must be.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from orchestrator.adapters.packing import pack, unpack
from orchestrator.kit.sealed import Head, KeyNeededError, NotSealedError, is_sealed
from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from orchestrator.seams.keys import DataKey, MasterKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PLAIN_FORM: Final = 1
PACKED_FORM: Final = 2
MESSAGES: Final = 2**20
"""How many messages one derived key seals."""
_NONCE: Final = 12
_INFO: Final = b"opsctl sealed 1"
_ABOUT: Final = {PLAIN_FORM: _INFO, PACKED_FORM: b"opsctl sealed 2"}
"""What every message of a form is authenticated with."""
_RESTORE: Final = "restore it from a backup; opsctl changed nothing"


class _Sealed(msgspec.Struct):
    sealed: int
    by: str
    key: bytes
    salt: bytes
    box: bytes
    """Nonce, ciphertext and tag."""


@dataclass
class _Writing:
    """The key that seals now."""

    head: _Sealed
    aead: AESGCM
    left: int


@dataclass(frozen=True, slots=True)
class Keys:
    """The master keys of a stack."""

    primary: MasterKey | None
    """What is sealed from now on is sealed by it; None: nothing is sealed any more."""
    fallback: Sequence[MasterKey] = ()
    required: bool = True
    """Plain bytes are refused."""
    fresh: bool = False
    """Seal by a new data key, even where the stack has one."""
    packed: bool = True
    """Bodies are made smaller first."""


@dataclass
class AesCipher:
    """Seals and opens for one stack; safe to use from several threads."""

    stack: StackId
    keys: Keys
    _guard: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _opened: dict[tuple[bytes, bytes], AESGCM] = field(default_factory=dict, repr=False)
    _data_keys: dict[bytes, DataKey] = field(default_factory=dict, repr=False)
    _own: DataKey | None = field(default=None, repr=False)
    """The data key of the primary master key, as soon as it is known."""
    _writing: _Writing | None = field(default=None, repr=False)

    def seal(self, plain: bytes, about: str) -> bytes:
        """The sealed form; without a primary key the bytes themselves."""
        if self.keys.primary is None:
            return plain
        head, aead = self._writer(self.keys.primary)
        nonce = secrets.token_bytes(_NONCE)
        content = pack(plain) if head.sealed == PACKED_FORM else plain
        box = nonce + aead.encrypt(nonce, content, self._bound(about, head))
        return msgspec.json.encode(_Sealed(head.sealed, head.by, head.key, head.salt, box))

    def open(self, stored: bytes, about: str) -> bytes:
        """The plain bytes, where nothing was changed or moved and a key is here that opens them."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see the module's docstring

        if not is_sealed(stored):
            if self.keys.required:
                raise NotSealedError(
                    f"{about} is not encrypted, and opsctl.yaml says that it must be: it was not read\n"
                    "hint: where encryption has just been switched on, opsctl state rekey encrypts what is there"
                )
            return stored
        found = _parsed(stored, about)
        known = self._opened.get((found.key, found.salt))
        aead = known or _derived(self._data_key(found, about), found.salt)
        try:
            plain = aead.decrypt(found.box[:_NONCE], found.box[_NONCE:], self._bound(about, found))
        except (InvalidTag, ValueError) as error:
            raise StateError(
                f"{about} of stack {self.stack} was changed, or moved from another place: its seal is broken; {_RESTORE}"
            ) from error
        if known is None:
            self._opened[found.key, found.salt] = aead
        return unpack(plain, about) if found.sealed == PACKED_FORM else plain

    def _writer(self, primary: MasterKey) -> tuple[_Sealed, AESGCM]:
        with self._guard:
            if self._writing is None or self._writing.left == 0:
                if self._own is None:
                    self._own = self._made(primary)
                    self._data_keys[self._own.wrapped] = self._own
                salt = secrets.token_bytes(16)
                form = PACKED_FORM if self.keys.packed else PLAIN_FORM
                head = _Sealed(form, self._own.by, self._own.wrapped, salt, b"")
                self._writing = _Writing(head, _derived(self._own.plain, salt), MESSAGES)
            self._writing.left -= 1
            return self._writing.head, self._writing.aead

    def _made(self, primary: MasterKey) -> DataKey:
        """A data key that was opened again before it seals anything: who may only wrap would write what nobody reads."""
        made = primary.make(self._context())
        if primary.unwrap(made.by, made.wrapped, self._context()) != made.plain:
            raise StateError(
                f"{primary.about} does not open what it has wrapped just now; nothing was written"
            )
        return made

    def _data_key(self, found: _Sealed, about: str) -> bytes:
        with self._guard:
            if found.key not in self._data_keys:
                self._data_keys[found.key] = self._unwrapped(found, about)
            return self._data_keys[found.key].plain

    def _unwrapped(self, found: _Sealed, about: str) -> DataKey:
        """By the first master key that can; what each of the others said is told where none can."""
        primary = [self.keys.primary] if self.keys.primary is not None else []
        told: list[str] = []
        for key in (*primary, *self.keys.fallback):
            if not key.may_open(found.by):
                continue
            try:
                plain = key.unwrap(found.by, found.key, self._context())
            except KeyNeededError as error:
                told.append(str(error).partition("\nhint: ")[0])
                continue
            unwrapped = DataKey(plain, found.key, found.by)
            if key is self.keys.primary and not self.keys.fresh:
                self._own = unwrapped
            return unwrapped
        here = ", ".join(k.about for k in (*primary, *self.keys.fallback))
        why = "; ".join(told) or f"the keys that are configured are others: {here}"
        raise KeyNeededError(
            f"{about} of stack {self.stack} is encrypted by the key {found.by}: {why}\n"
            "hint: name that key in opsctl.yaml, under encryption.key or encryption.fallback; nothing was changed"
        )

    def _context(self) -> dict[str, str]:
        return {"opsctl:stack": str(self.stack)}

    def _bound(self, about: str, head: _Sealed) -> bytes:
        return b"\0".join((_ABOUT[head.sealed], self.stack.encode(), about.encode(), head.by.encode()))


def _parsed(stored: bytes, about: str) -> _Sealed:
    try:
        if (form := msgspec.json.decode(stored, type=Head).sealed) not in _ABOUT:
            raise StateError(
                f"{about} is encrypted in the form {form}, and this opsctl reads up to {max(_ABOUT)}: use a newer version; "
                "nothing was changed"
            )
        return msgspec.json.decode(stored, type=_Sealed)
    except ValueError as error:  # msgspec's own, or text that is no UTF-8
        raise StateError(f"{about} is damaged ({error}): {_RESTORE}") from error


def _derived(data_key: bytes, salt: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    return AESGCM(HKDF(SHA256(), 32, salt, _INFO).derive(data_key))
