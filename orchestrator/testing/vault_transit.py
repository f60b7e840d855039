"""The transit engine of the fake Vault: named keys with versions, which encrypt and decrypt with real ciphers.

By Vault's HTTP API reference ("Transit secrets engine") and the words of its source for what it refuses. Types are
``aes256-gcm96`` and ``rsa-2048``; derived keys, batches and convergent encryption are not part of it.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

AEAD: Final = "aes256-gcm96"
_NONCE: Final = 12
_OAEP: Final = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)


class TransitRefused(Exception):  # noqa: N818 - an answer, not a failure
    """What Vault answers instead."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status)
        self.status, self.errors = status, errors


@dataclass
class TransitKey:
    """A named key: its type, and the material of each version."""

    type: str
    versions: list[Any] = field(default_factory=list)
    oldest: int = 1
    """``min_decryption_version``."""

    def rotate(self) -> None:
        """A new version, which encrypts from now on."""
        made = secrets.token_bytes(32) if self.type == AEAD else rsa.generate_private_key(65537, 2048)
        self.versions.append(made)


@dataclass
class TransitEngine:
    """The keys of one mount."""

    keys: dict[str, TransitKey] = field(default_factory=dict)

    def answer(self, method: str, path: str, payload: Mapping[str, Any]) -> Any:
        """One request below the mount. Raises TransitRefused."""
        action, _, name = path.partition("/")
        match action, method:
            case "keys", "GET":
                found = self._key(name, 404)
                return {"data": {"name": name, "type": found.type, "latest_version": len(found.versions)}}
            case "keys", _ if name.endswith("/rotate"):
                self._key(name.removesuffix("/rotate"), 400).rotate()
                return {}
            case "keys", _ if name.endswith("/config"):
                self._key(name.removesuffix("/config"), 400).oldest = int(payload["min_decryption_version"])
                return {}
            case "keys", _:
                self._make(name, str(payload.get("type") or AEAD))
                return {}
            case "encrypt", _:
                if name not in self.keys:  # the reference: it is made by who may create
                    self._make(name, AEAD)
                return {"data": {"ciphertext": _encrypt(self.keys[name], payload)}}
            case "decrypt", _:
                return {"data": {"plaintext": _decrypt(self._key(name, 400), payload)}}
        raise TransitRefused(404, f"no handler for route {path!r}. route entry not found.")

    def _make(self, name: str, type: str) -> None:
        if name not in self.keys:
            self.keys[name] = TransitKey(type)
            self.keys[name].rotate()

    def _key(self, name: str, status: int) -> TransitKey:
        if name not in self.keys:
            raise TransitRefused(status, *(["encryption key not found"] if status == 400 else []))
        return self.keys[name]


def _encrypt(key: TransitKey, payload: Mapping[str, Any]) -> str:
    plain, about = _decoded(payload, "plaintext"), _decoded(payload, "associated_data")
    material, number = key.versions[-1], len(key.versions)
    if key.type == AEAD:
        nonce = secrets.token_bytes(_NONCE)
        box = nonce + AESGCM(material).encrypt(nonce, plain, about)
    elif about:
        raise TransitRefused(400, f"'[0].associated_data' provided for non-AEAD cipher suite {key.type}")
    else:
        box = material.public_key().encrypt(plain, _OAEP)
    return f"vault:v{number}:{base64.b64encode(box).decode()}"


def _decrypt(key: TransitKey, payload: Mapping[str, Any]) -> str:
    prefix, _, rest = str(payload.get("ciphertext", "")).partition(":v")
    number, _, text = rest.partition(":")
    if prefix != "vault" or not number.isdigit():
        raise TransitRefused(400, "invalid ciphertext: no prefix")
    if int(number) > len(key.versions):
        raise TransitRefused(400, "invalid ciphertext: version is too new")
    if int(number) < key.oldest:
        raise TransitRefused(400, "ciphertext or signature version is disallowed by policy (too old)")
    box, material = base64.b64decode(text), key.versions[int(number) - 1]
    try:
        if key.type == AEAD:
            about = _decoded(payload, "associated_data")
            plain = AESGCM(material).decrypt(box[:_NONCE], box[_NONCE:], about)
        else:
            plain = material.decrypt(box, _OAEP)
    except (InvalidTag, ValueError):
        raise TransitRefused(400, "cipher: message authentication failed") from None
    return base64.b64encode(plain).decode()


def _decoded(payload: Mapping[str, Any], name: str) -> bytes:
    return base64.b64decode(str(payload.get(name) or ""))
