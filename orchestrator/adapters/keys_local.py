"""Keys that need no service: a passphrase, and a file of 32 bytes.

Settings: ``passphrase``, the reference of a secret (``env:NAME``); ``file``, a path. Data keys are wrapped by
AES-256-GCM under a key that scrypt (RFC 7914) makes of the passphrase, or under the file's bytes. The parameters of
scrypt stand beside each wrapped key, so that they can be raised without a loss; they are those that OWASP's password
storage cheat sheet asks for (N = 2^17, r = 8, p = 1: 128 MiB and about 0.4 s of one core, once a run).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from orchestrator.adapters.key_files import read_private
from orchestrator.kit.sealed import KeyNeededError
from orchestrator.model.errors import OpsctlError, StateError
from orchestrator.model.schema import Property
from orchestrator.seams.keys import DataKey, KeyContext, KeyPlugin, MasterKey

SHORTEST: Final = 16
"""Characters of a passphrase."""
_SIZE: Final = 32
_NONCE: Final = 12
_SALT: Final = 16
_HEAD: Final = struct.Struct(f">BBBB{_SALT}s")
"""Of a data key under a passphrase: form, log2 N, r, p, salt."""
_FORM: Final = 1
_COST: Final = (17, 8, 1)
_DEAREST: Final = (20, 16, 4)
"""What is stored is not trusted: parameters above these would use up the memory of whoever reads them."""


class PassphraseKey:
    """Derived when it is first needed, once a salt."""

    def __init__(self, reference: str, context: KeyContext) -> None:
        self._reference = reference
        self._context = context
        self._derived: dict[bytes, bytes] = {}

    @property
    def about(self) -> str:
        """By its reference."""
        return f"passphrase {self._reference}"

    def may_open(self, by: str) -> bool:
        """Any passphrase may be ours: only trying tells."""
        return by == "passphrase"

    def make(self, context: Mapping[str, str]) -> DataKey:
        """Under the key of a fresh salt, or of the one that is in use already."""
        head = next(iter(self._derived), None) or _HEAD.pack(_FORM, *_COST, secrets.token_bytes(_SALT))
        plain = secrets.token_bytes(_SIZE)
        return DataKey(plain, head + _wrap(self._derive(head), plain, context), "passphrase")

    def unwrap(self, by: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Raises KeyNeededError where it is another passphrase."""
        del by
        head, box = wrapped[: _HEAD.size], wrapped[_HEAD.size :]
        plain = _unwrap(self._derive(head), box, context)
        if plain is None:
            raise KeyNeededError(
                f"{self.about} is not the one that it was encrypted with\nhint: name that one under "
                "encryption.fallback, or correct the value"
            )
        return plain

    def _derive(self, head: bytes) -> bytes:
        if head not in self._derived:
            self._derived[head] = _scrypt(self._passphrase(), head)
        return self._derived[head]

    def _passphrase(self) -> bytes:
        value = self._context.resolve(self._reference)
        if len(value) < SHORTEST:
            raise OpsctlError(
                f"{self.about} is too short: it has {len(value)} characters of at least {SHORTEST}\n"
                "hint: openssl rand -base64 32 makes one"
            )
        return value


def _scrypt(passphrase: bytes, head: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415 - only where something is sealed

    if len(head) != _HEAD.size:
        raise StateError("a wrapped key is cut off: it was changed")
    form, cost, r, p, salt = _HEAD.unpack(head)
    sound = form == _FORM and all(0 < n <= most for n, most in zip((cost, r, p), _DEAREST, strict=True))
    if not sound:
        raise StateError(
            f"a wrapped key asks for scrypt with N=2^{cost}, r={r}, p={p}: it was changed, or is newer"
        )
    return Scrypt(salt, _SIZE, n=2**cost, r=r, p=p).derive(passphrase)


@dataclass(frozen=True, slots=True)
class FileKey:
    """32 bytes that a file holds."""

    about: str
    by: str
    _key: bytes = field(repr=False)

    def may_open(self, by: str) -> bool:
        """By its id."""
        return by == self.by

    def make(self, context: Mapping[str, str]) -> DataKey:
        """Under the file's key."""
        plain = secrets.token_bytes(_SIZE)
        return DataKey(plain, _wrap(self._key, plain, context), self.by)

    def unwrap(self, by: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Raises StateError where it was changed."""
        plain = _unwrap(self._key, wrapped, context)
        if plain is None:
            raise StateError(f"a key that {by} wrapped was changed, or is of another stack")
        return plain


def _wrap(key: bytes, plain: bytes, context: Mapping[str, str]) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, _bound(context))


def _unwrap(key: bytes, box: bytes, context: Mapping[str, str]) -> bytes | None:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    try:
        return AESGCM(key).decrypt(box[:_NONCE], box[_NONCE:], _bound(context))
    except (InvalidTag, ValueError):
        return None


def _bound(context: Mapping[str, str]) -> bytes:
    return json.dumps(["opsctl data key", sorted(context.items())]).encode()


class _Late:
    """A key file that is read when it is needed."""

    def __init__(self, setting: str, folder: Path) -> None:
        self.about = f"file {setting}"
        self._path = (folder / setting).expanduser()
        self._found: FileKey | None = None

    def _key(self) -> FileKey:
        if self._found is None:
            self._found = _file_key(self.about, read_private(self._path, "the key file"))
        return self._found

    def may_open(self, by: str) -> bool:
        return by.startswith("file:") and self._key().may_open(by)

    def make(self, context: Mapping[str, str]) -> DataKey:
        return self._key().make(context)

    def unwrap(self, by: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        return self._key().unwrap(by, wrapped, context)


def _file_key(about: str, content: bytes) -> FileKey:
    key = content if len(content) == _SIZE else _decoded(content.strip())
    if len(key) != _SIZE:
        raise OpsctlError(
            f"encryption: {about} holds no key of {_SIZE} bytes, plain or in base64\n"
            "hint: openssl rand -base64 32 > state.key && chmod 600 state.key"
        )
    # The key has 256 random bits, so this tells nothing of it.
    return FileKey(about, f"file:{hmac.digest(key, b'opsctl key id', 'sha256').hex()[:16]}", key)


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def open_passphrase(setting: str, context: KeyContext) -> MasterKey:
    """A passphrase by its reference, resolved at the first use."""
    return PassphraseKey(setting, context)


def open_file(setting: str, context: KeyContext) -> MasterKey:
    """A key file, read at the first use."""
    return _Late(setting, context.folder)


passphrase: Final = KeyPlugin(
    "passphrase",
    "env:OPSCTL_PASSPHRASE: the passphrase by reference",
    f"A secret of at least {SHORTEST} characters; scrypt makes a key of it.",
    open_passphrase,
    Property("string", "by reference, such as env:OPSCTL_PASSPHRASE", secret=True, pattern=r"^[a-z].*:."),
)
file: Final = KeyPlugin(
    "file",
    "PATH, of a file that holds 32 bytes, plain or in base64",
    "32 bytes in a file that nobody else on the machine can read.",
    open_file,
    Property("string", "the path of a file that holds 32 bytes", pattern="."),
)
