"""``io.jwt.*`` and ``uri.*`` for the embedded engine, as OPA has them (its docs: "Policy Reference", Token Verification).

Enters: arguments as the engine hands them over. Leaves: plain values. Holds: what OPA calls an error is raised here, so
that the rule denies; a token is only ever *not verified*, never wrongly verified, where a key does not fit its algorithm.
Sources: RFC 7515 (JWS), 7517 and 7518 (JWK, algorithms), 8037 (EdDSA), 3986 (URI).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

HASHES: Final = {"256": "sha256", "384": "sha384", "512": "sha512"}
CURVES: Final = {"256": "secp256r1", "384": "secp384r1", "512": "secp521r1"}
_BAD_HOST: Final = re.compile(r"[\s<>\"\x00-\x1f]")
_NANO: Final = 1_000_000_000


def decoded(part: str) -> bytes:
    """Base64 for URLs, without its padding. Raises ValueError."""
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"JWT had an invalid encoding: {error}") from error


def _sections(token: str) -> tuple[str, str, str]:
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError(f"encoded JWT must have 3 sections, found {len(parts)}")
    return parts[0], parts[1], parts[2]


def _object(part: str) -> dict[str, Any]:
    found = json.loads(decoded(part))
    if not isinstance(found, dict):
        raise ValueError("a JWT's header and payload must be JSON objects")  # noqa: TRY004 - a rule's error
    return found


def decode(token: str) -> list[Any]:
    """Header, payload, and the signature in hex; nothing is verified."""
    header, payload, signature = _sections(token)
    return [_object(header), _object(payload), decoded(signature).hex()]


def _verifier(algorithm: str) -> Callable[[str, str], bool]:
    return lambda token, key: verified(token, key, algorithm)


def verified(token: str, key: str, algorithm: str) -> bool:
    """Whether the token is signed by the key: a secret for HS*, else PEM (key or certificate), JWK or JWKS."""
    header, payload, signature = _sections(token)
    message, given = f"{header}.{payload}".encode(), decoded(signature)
    if algorithm.startswith("HS"):
        made = hmac.new(key.encode(), message, HASHES[algorithm[2:]]).digest()
        return hmac.compare_digest(made, given)
    kid = _object(header).get("kid")
    return any(_fits(public, message, given, algorithm) for public in _public_keys(key, kid))


def _public_keys(text: str, kid: Any) -> list[Any]:
    from cryptography import x509  # noqa: PLC0415 - only policies about tokens pay for it
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    raw = text.strip().encode()
    if raw.startswith(b"{"):
        found = json.loads(raw)
        keys = found.get("keys", [found])
        named = [k for k in keys if kid is not None and k.get("kid") == kid]
        return [_of_jwk(k) for k in named or keys]
    if b"BEGIN CERTIFICATE" in raw:
        return [x509.load_pem_x509_certificates(raw)[0].public_key()]
    return [load_pem_public_key(raw)]


def _of_jwk(jwk: Mapping[str, Any]) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415 - as above

    def number(name: str) -> int:
        return int.from_bytes(decoded(str(jwk[name])), "big")

    match jwk.get("kty"), jwk.get("crv"):
        case "RSA", _:
            return rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
        case "EC", "P-256" | "P-384" | "P-521" as curve:
            kinds = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
            return ec.EllipticCurvePublicNumbers(number("x"), number("y"), kinds[curve]).public_key()
        case "OKP", "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(decoded(str(jwk["x"])))
        case kind, _:
            raise ValueError(f"a key of type {kind} cannot verify a token")


def _fits(public: Any, message: bytes, given: bytes, algorithm: str) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils  # noqa: PLC0415

    family, size = algorithm[:2], algorithm[2:]
    digests = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
    try:
        match family, public:
            case "RS", rsa.RSAPublicKey():
                public.verify(given, message, padding.PKCS1v15(), digests[size])
            case "PS", rsa.RSAPublicKey():
                pss = padding.PSS(padding.MGF1(digests[size]), padding.PSS.AUTO)
                public.verify(given, message, pss, digests[size])
            case "ES", ec.EllipticCurvePublicKey() if public.curve.name == CURVES[size]:
                half = (public.curve.key_size + 7) // 8
                if len(given) != 2 * half:
                    return False
                r, s = int.from_bytes(given[:half], "big"), int.from_bytes(given[half:], "big")
                public.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(digests[size]))
            case "Ed", ed25519.Ed25519PublicKey():
                public.verify(given, message)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def decode_verify(token: str, constraints: Mapping[str, Any]) -> list[Any]:
    """Whether it is signed and valid, its header and its payload; both empty where it is not."""
    unknown = set(constraints) - {"cert", "secret", "alg", "iss", "aud", "time"}
    if unknown:
        raise ValueError(f"unknown token validation constraint: {min(unknown)}")
    if ("cert" in constraints) == ("secret" in constraints):
        raise ValueError("either a cert or a secret must be given, and not both")
    header, payload = _object(_sections(token)[0]), _object(_sections(token)[1])
    algorithm = str(header.get("alg", ""))
    symmetric = "secret" in constraints
    key = str(constraints["secret" if symmetric else "cert"])
    right = (
        algorithm in ALGORITHMS
        and algorithm.startswith("HS") is symmetric
        and constraints.get("alg", algorithm) == algorithm
        and verified(token, key, algorithm)
        and _meant(payload, constraints)
    )
    return [True, header, payload] if right else [False, {}, {}]


def _meant(payload: Mapping[str, Any], constraints: Mapping[str, Any]) -> bool:
    """Issuer, audience and time; a token that names an audience is for nobody who does not ask for it."""
    if "iss" in constraints and payload.get("iss") != constraints["iss"]:
        return False
    audience = payload.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if ("aud" in constraints or audience is not None) and (
        "aud" not in constraints or constraints["aud"] not in listed
    ):
        return False
    now = float(constraints.get("time", time.time_ns())) / _NANO
    return float(payload.get("nbf", now)) <= now < float(payload.get("exp", now + 1))


def parse(text: str) -> dict[str, str]:
    """The parts of a URI that are there. As in Go, ``raw_path`` is what was written only where that is not the usual way."""
    parts = urlsplit(text)
    if _BAD_HOST.search(parts.netloc):
        raise ValueError(f"parse {text!r}: it is no URI")
    opaque = bool(parts.scheme) and not parts.netloc and not parts.path.startswith("/")
    written = "" if opaque else parts.path
    path = unquote(written)
    found = {
        "scheme": parts.scheme,
        "hostname": parts.hostname or "",
        "port": str(parts.port) if parts.port is not None else "",
        "path": path,
        "raw_path": path if quote(path, safe="/$&+,:;=@-_.~") == written else written,
        "raw_query": parts.query,
        "fragment": unquote(parts.fragment),
    }
    return {name: value for name, value in found.items() if value}


def is_valid(text: str) -> bool:
    """Whether it can be parsed; nothing is no URI."""
    try:
        parse(text)
    except ValueError:
        return False
    return bool(text)


ALGORITHMS: Final = (*(f"{family}{size}" for family in ("HS", "RS", "PS", "ES") for size in HASHES), "EdDSA")
FUNCTIONS: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {
    "io.jwt.decode": (1, decode),
    "io.jwt.decode_verify": (2, decode_verify),
    **{f"io.jwt.verify_{name.lower()}": (2, _verifier(name)) for name in ALGORITHMS},
    "uri.parse": (1, parse),
    "uri.is_valid": (1, is_valid),
}
