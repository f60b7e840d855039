"""``io.jwt.encode_sign`` and ``encode_sign_raw`` for the embedded engine, as OPA has them ("Policy Reference", Token Signing).

Enters: a header with ``alg``, a payload, a JSON Web Key that holds the secret or private key. Leaves: a compact JWS. Holds: a
key that does not fit its algorithm is an error, so that the rule denies; the key is nowhere in the message.
Sources: RFC 7515, 7517, 7518, 8037.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.adapters.policy_tokens import ALGORITHMS, CURVES, HASHES, decoded

_ESCAPED: Final = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
"""As Go writes them in JSON."""


def encode_sign(header: Mapping[str, Any], payload: Mapping[str, Any], key: Mapping[str, Any]) -> str:
    """A token of objects: keys in order, without spaces."""
    return _signed(_json(header), _json(payload), header, key)


def encode_sign_raw(header: str, payload: str, key: str) -> str:
    """A token of JSON texts, which are signed as they are."""
    read = _object(header, "header")
    try:
        json.loads(payload)
    except ValueError as error:
        raise ValueError("the payload is no JSON") from error
    return _signed(header, payload, read, _object(key, "key"))


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"the {what} is no JSON object")  # noqa: TRY004 - a rule's error
    return found


def _json(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_ESCAPED)


def _signed(header: str, payload: str, read: Mapping[str, Any], key: Mapping[str, Any]) -> str:
    algorithm = str(read.get("alg", ""))
    if algorithm not in ALGORITHMS:
        raise ValueError(
            f"the header's alg is {algorithm!r}, where one of {', '.join(ALGORITHMS)} was expected"
        )
    message = f"{_part(header.encode())}.{_part(payload.encode())}"
    return f"{message}.{_part(_signer(algorithm, key)(message.encode()))}"


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signer(algorithm: str, key: Mapping[str, Any]) -> Callable[[bytes], bytes]:
    family, size, kind = algorithm[:2], algorithm[2:], key.get("kty")
    match family, kind:
        case "HS", "oct":
            secret = decoded(str(key.get("k", "")))
            return lambda message: hmac.new(secret, message, HASHES[size]).digest()
        case "RS" | "PS", "RSA":
            return _rsa(family, size, key)
        case "ES", "EC":
            return _ecdsa(size, key)
        case "Ed", "OKP" if key.get("crv") == "Ed25519":
            from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - as below

            return ed25519.Ed25519PrivateKey.from_private_bytes(_secret(key, "d")).sign
        case _:
            raise ValueError(f"a key of type {kind} does not sign {algorithm}")


def _secret(key: Mapping[str, Any], name: str) -> bytes:
    if name not in key:
        raise ValueError(f"the key has no {name!r}: it is no private one")
    return decoded(str(key[name]))


def _number(key: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_secret(key, name), "big")


def _digest(size: str) -> Any:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - only policies that sign pay for it

    return {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[size]


def _rsa(family: str, size: str, key: Mapping[str, Any]) -> Callable[[bytes], bytes]:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415 - as above

    public = rsa.RSAPublicNumbers(_number(key, "e"), _number(key, "n"))
    p, q, d = _number(key, "p"), _number(key, "q"), _number(key, "d")
    dp, dq, qi = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    private = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key()
    digest = _digest(size)
    pss = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
    chosen = padding.PKCS1v15() if family == "RS" else pss
    return lambda message: private.sign(message, chosen, digest)


def _ecdsa(size: str, key: Mapping[str, Any]) -> Callable[[bytes], bytes]:
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415 - as above

    kinds = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    curve = kinds.get(str(key.get("crv")))
    if curve is None or curve.name != CURVES[size]:
        raise ValueError(f"a key on the curve {key.get('crv')} does not sign ES{size}")
    private = ec.derive_private_key(_number(key, "d"), curve)
    half = (curve.key_size + 7) // 8

    def sign(message: bytes) -> bytes:
        r, s = utils.decode_dss_signature(private.sign(message, ec.ECDSA(_digest(size))))
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")

    return sign


FUNCTIONS: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {
    "io.jwt.encode_sign": (3, encode_sign),
    "io.jwt.encode_sign_raw": (3, encode_sign_raw),
}
