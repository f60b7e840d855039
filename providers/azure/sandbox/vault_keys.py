"""Keys of one local vault: RSA, with versions, which sign, wrap and unwrap, and never leave.

Enters: method and place below ``/keys``, the body of a request. Leaves: what Key Vault answers, by its REST reference
("Create Key", "Get Key", "Update Key", "Sign", "Verify", "Wrap Key", "Unwrap Key"). Holds: a disabled version refuses
what needs its private half, as the service does (azure-sdk-for-python issue 45342 lists which that is); the key
``opsctl`` is there as soon as somebody names it, so that encryption can be tried without a client of Key Vault.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from .answers import RefusedError, Reply

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

PRESET: Final = "opsctl"
_OPERATIONS: Final = ("encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey")
_PRIVATE: Final = frozenset({"sign", "unwrapKey"})
_SIZES: Final = (2048, 3072, 4096)


@dataclass(slots=True)
class KeyVersion:
    """One version of a key."""

    id: str
    private: RSAPrivateKey
    operations: tuple[str, ...]
    created: int
    attributes: dict[str, Any]


@dataclass(slots=True)
class VaultKeys:
    """Keys by name, their versions in order."""

    keys: dict[str, list[KeyVersion]] = field(default_factory=dict)

    def answer(
        self, method: str, place: tuple[str, str, str, str], body: Mapping[str, Any], now: int
    ) -> Reply:
        """One request. ``place``: the vault's address, name, version, and what is to be done. Raises RefusedError."""
        base, name, version, act = place
        if name == PRESET and name not in self.keys:
            self._make(name, {"kty": "RSA"}, now)
        match method, act or version:
            case "POST", "create":
                return Reply(200, _bundle(base, name, self._make(name, body, now)))
            case "GET", _ if name and not act:
                return Reply(200, _bundle(base, name, self._pick(name, version)))
            case "PATCH", _ if name and not act:
                found = self._pick(name, version)
                found.attributes |= body.get("attributes") or {}
                found.operations = tuple(body.get("key_ops") or found.operations)
                return Reply(200, _bundle(base, name, found))
            case "DELETE", _ if name and not version:
                found = self._pick(name, "")
                del self.keys[name]
                return Reply(200, {**_bundle(base, name, found), "recoveryId": f"{base}/deletedkeys/{name}"})
            case "POST", _ if act in _DONE:
                found = self._pick(name, version)
                value = _DONE[act](_permitted(found, _SPELT[act]), body)
                return Reply(200, {"kid": _id(base, name, found), "value": value})
        raise RefusedError(405, "MethodNotAllowed", f"{method} is not allowed here")

    def _make(self, name: str, body: Mapping[str, Any], now: int) -> KeyVersion:
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - only where keys are used

        size = int(body.get("key_size") or 2048)
        if body.get("kty") not in ("RSA", "RSA-HSM") or size not in _SIZES:
            raise RefusedError(
                400, "BadParameter", "Property kty has invalid value: this vault makes RSA keys only"
            )
        made = KeyVersion(
            uuid.uuid4().hex,
            rsa.generate_private_key(65537, size),
            tuple(body.get("key_ops") or _OPERATIONS),
            now,
            {"enabled": True, **(body.get("attributes") or {})},
        )
        self.keys.setdefault(name, []).append(made)
        return made

    def _pick(self, name: str, version: str) -> KeyVersion:
        known = self.keys.get(name, [])
        found = next((v for v in reversed(known) if version in ("", v.id)), None)
        if found is None:
            which = f"{name}/{version}" if version else name
            message = f"A key with (name/id) {which} was not found in this key vault."
            raise RefusedError(404, "KeyNotFound", message)
        return found


def _permitted(found: KeyVersion, operation: str) -> KeyVersion:
    if not found.attributes["enabled"] and operation in _PRIVATE:
        message = f"Operation {operation} is not allowed on a disabled key."
        raise RefusedError(403, "Forbidden", message, inner="KeyDisabled")
    if operation not in found.operations:
        message = f"Operation {operation} is not permitted on this key."
        raise RefusedError(403, "Forbidden", message, inner="KeyOperationForbidden")
    return found


def _sign(found: KeyVersion, body: Mapping[str, Any]) -> str:
    _of(body, "PS256")
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    digest = _bytes(body, "value")
    if len(digest) != SHA256.digest_size:
        raise RefusedError(400, "BadParameter", "Invalid length of value")
    return _text(found.private.sign(digest, _pss(), Prehashed(SHA256())))


def _verify(found: KeyVersion, body: Mapping[str, Any]) -> bool:
    _of(body, "PS256")
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    try:
        found.private.public_key().verify(
            _bytes(body, "value"), _bytes(body, "digest"), _pss(), Prehashed(SHA256())
        )
    except InvalidSignature:
        return False
    return True


def _wrap(found: KeyVersion, body: Mapping[str, Any]) -> str:
    _of(body, "RSA-OAEP-256")
    return _text(found.private.public_key().encrypt(_bytes(body, "value"), _oaep()))


def _unwrap(found: KeyVersion, body: Mapping[str, Any]) -> str:
    _of(body, "RSA-OAEP-256")
    try:
        return _text(found.private.decrypt(_bytes(body, "value"), _oaep()))
    except ValueError:
        raise RefusedError(400, "BadParameter", "The parameter is incorrect.") from None


_DONE: Final[Mapping[str, Callable[[KeyVersion, Mapping[str, Any]], str | bool]]] = {
    "sign": _sign,
    "verify": _verify,
    "wrapkey": _wrap,
    "unwrapkey": _unwrap,
}
_SPELT: Final = {"sign": "sign", "verify": "verify", "wrapkey": "wrapKey", "unwrapkey": "unwrapKey"}
"""The operations as ``key_ops`` and messages spell them."""


def _of(body: Mapping[str, Any], algorithm: str) -> None:
    if body.get("alg") != algorithm:
        raise RefusedError(400, "BadParameter", f"Algorithm is not supported: {body.get('alg')}")


def _pss() -> AsymmetricPadding:
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    return padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)


def _oaep() -> AsymmetricPadding:
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    return padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)


def _id(base: str, name: str, found: KeyVersion) -> str:
    return f"{base}/keys/{name}/{found.id}"


def _bundle(base: str, name: str, found: KeyVersion) -> dict[str, Any]:
    numbers = found.private.public_key().public_numbers()
    key = {
        "kid": _id(base, name, found),
        "kty": "RSA",
        "key_ops": list(found.operations),
        "n": _text(numbers.n.to_bytes(found.private.key_size // 8, "big")),
        "e": _text(numbers.e.to_bytes(3, "big")),
    }
    dates = {"created": found.created, "updated": found.created, "recoveryLevel": "Recoverable"}
    return {"key": key, "attributes": {**found.attributes, **dates}}


def _bytes(body: Mapping[str, Any], name: str) -> bytes:
    """base64url without padding, as JSON Web Keys are written."""
    text = str(body.get(name) or "")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise RefusedError(400, "BadParameter", f"Property {name} has invalid value") from None


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
