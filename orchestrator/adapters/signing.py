"""Signing and verifying, in one place for all that is signed.

Enters: keys as people have them. Private: ed25519 in PEM (PKCS 8) or OpenSSH form, or any other text of at least 32
bytes as the secret of an HMAC. Public: a line ``ssh-ed25519 …``, PEM, or 32 bytes in base64. Leaves: signatures, and
whose they are. Holds: what is signed begins with its purpose, so that a signature for one thing is none for another;
comparison takes the same time whatever differs; no error shows a part of a private key.

Algorithms: ed25519 is RFC 8032, HMAC-SHA256 RFC 2104, the fingerprint that of OpenSSH (RFC 4253, section 6.6, hashed).
``cryptography`` is imported at the first key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, assert_never

from orchestrator.model.errors import OpsctlError, SignatureRefusedError
from orchestrator.model.signature import Algorithm, Signature

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SHORTEST_SECRET: Final = 32
"""Bytes of an HMAC secret: as many as the digest has."""
_PEM: Final = b"-----BEGIN "
_PUBLIC: Final = (b"ssh-", b"ecdsa-", b"sk-", b"-----BEGIN PUBLIC KEY", b"-----BEGIN CERTIFICATE")
_MAKE_ONE: Final = "hint: ssh-keygen -t ed25519 -f plan.key makes one"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, ready to sign."""

    key: str
    algorithm: Algorithm
    _secret: Ed25519PrivateKey | bytes = field(repr=False)

    def sign(self, purpose: str, message: bytes) -> Signature:
        """A signature over the message for that purpose, such as ``plan``."""
        data = _scoped(purpose, message)
        if isinstance(self._secret, bytes):
            value = hmac.digest(self._secret, data, "sha256")
        else:
            value = self._secret.sign(data)
        return Signature(self.key, self.algorithm, base64.b64encode(value).decode())


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key whose signatures count, and what it is called."""

    name: str
    key: str
    algorithm: Algorithm
    _secret: Ed25519PublicKey | bytes = field(repr=False)

    def fits(self, purpose: str, message: bytes, signature: Signature) -> bool:
        """Whether the signature is by this key, over this message, for this purpose."""
        if (signature.key, signature.algorithm) != (self.key, self.algorithm):
            return False
        try:
            value = base64.b64decode(signature.value, validate=True)
        except binascii.Error:
            return False
        data = _scoped(purpose, message)
        if isinstance(self._secret, bytes):
            return hmac.compare_digest(hmac.digest(self._secret, data, "sha256"), value)
        return _ed25519_fits(self._secret, value, data)


def signer(material: bytes, what: str, *, passphrase: bytes | None = None) -> Signer:
    """The private key that ``material`` is; ``what`` names where it comes from. Raises OpsctlError."""
    if material.lstrip().startswith(_PUBLIC):
        raise OpsctlError(f"{what} is a public key, and signing needs the private one\n{_MAKE_ONE}")
    if not material.lstrip().startswith(_PEM):
        secret = _hmac_secret(material, what)
        return Signer(_hmac_id(secret), "hmac-sha256", secret)
    private = _private(material.lstrip(), what, passphrase)
    return Signer(_fingerprint(private.public_key()), "ed25519", private)


def trusted_key(name: str, algorithm: Algorithm, material: bytes) -> TrustedKey:
    """A key of the stack file: public for ed25519, the shared secret for HMAC. Raises OpsctlError."""
    match algorithm:
        case "ed25519":
            public = _public(material.strip(), f"the key {name}")
            return TrustedKey(name, _fingerprint(public), algorithm, public)
        case "hmac-sha256":
            secret = _hmac_secret(material, f"the key {name}")
            return TrustedKey(name, _hmac_id(secret), algorithm, secret)
        case _:
            assert_never(algorithm)


def verified(
    purpose: str, message: bytes, signatures: Sequence[Signature], trusted: Sequence[TrustedKey], *, what: str
) -> TrustedKey:
    """The first trusted key that signed this. Raises SignatureRefusedError that says what is wrong instead."""
    for signature in signatures:
        for key in trusted:
            if key.fits(purpose, message, signature):
                return key
    known = ", ".join(f"{k.name} ({k.key})" for k in trusted) or "none"
    if not signatures:
        raise SignatureRefusedError(f"{what} is not signed, and must be; keys that are trusted: {known}")
    ours = [k for k in trusted if any((s.key, s.algorithm) == (k.key, k.algorithm) for s in signatures)]
    if ours:
        raise SignatureRefusedError(
            f"{what} was changed after {ours[0].name} ({ours[0].key}) signed it, or the signature is not theirs"
        )
    by = ", ".join(dict.fromkeys(s.key for s in signatures))
    raise SignatureRefusedError(f"{what} is signed by {by}, which is not trusted; keys that are: {known}")


def _scoped(purpose: str, message: bytes) -> bytes:
    return f"opsctl {purpose} signature v1\n".encode() + message


def _ed25519_fits(public: Ed25519PublicKey, value: bytes, data: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see the module's docstring

    try:
        public.verify(value, data)
    except InvalidSignature:
        return False
    return True


def _hmac_secret(material: bytes, what: str) -> bytes:
    secret = material.strip()
    if len(secret) < SHORTEST_SECRET:
        raise OpsctlError(
            f"{what} is no key in PEM or OpenSSH form, and too short for the secret of an HMAC: it has {len(secret)} "
            f"bytes of at least {SHORTEST_SECRET}\nhint: openssl rand -base64 32 makes one"
        )
    return secret


def _hmac_id(secret: bytes) -> str:
    """Tells keys apart; one-way, so that it can be written beside the signature."""
    return f"hmac:{hmac.digest(secret, b'opsctl key id', 'sha256').hex()[:24]}"


def _private(material: bytes, what: str, passphrase: bytes | None) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    ssh = material.startswith(b"-----BEGIN OPENSSH")
    load = serialization.load_ssh_private_key if ssh else serialization.load_pem_private_key
    try:
        key = load(material, passphrase)
    except TypeError as error:
        need = (
            "is protected by a passphrase"
            if passphrase is None
            else "is not protected, and a passphrase is given"
        )
        raise OpsctlError(f"{what} {need}\nhint: OPSCTL_SIGN_PASSPHRASE holds it") from error
    except UnsupportedAlgorithm as error:
        hint = "hint: pip install bcrypt, or keep the key as PEM (openssl genpkey -algorithm ed25519 -aes256)"
        raise OpsctlError(f"{what} cannot be used: {error}\n{hint}") from error
    except ValueError as error:
        protected = "is no private key that can be read, or its passphrase is wrong"
        raise OpsctlError(
            f"{what} {protected if passphrase else 'is no private key that can be read'}"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise OpsctlError(f"{what} is a key of another kind than ed25519\n{_MAKE_ONE}")
    return key


def _public(material: bytes, what: str) -> Ed25519PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    if b"PRIVATE KEY" in material:
        raise OpsctlError(
            f"{what} is a private key, and it stands where everybody can read it: write the public one"
        )
    key: object
    try:
        if material.startswith(b"ssh-"):
            key = serialization.load_ssh_public_key(material)
        elif material.startswith(_PEM):
            key = serialization.load_pem_public_key(material)
        else:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(material, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise OpsctlError(
            f"{what} is no public key that can be read\nhint: write its line ssh-ed25519 …, or file:alice.pub"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise OpsctlError(f"{what} is a key of another kind than ed25519\n{_MAKE_ONE}")
    return key


def _fingerprint(public: Ed25519PublicKey) -> str:
    """As ``ssh-keygen -l`` prints it."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    blob = base64.b64decode(line.split()[1])
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"
