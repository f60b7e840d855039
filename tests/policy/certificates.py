"""Certificates and keys for both engines: made once, by throw-away keys, valid from 2020 to 2119.

``certificates.json``: a root, an issuing one under it that may speak for example.org alone, and leaves under that.
``keys.json``: private keys as JSON Web Keys.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Final

_HERE = Path(__file__).parent
PEM: Final[dict[str, str]] = json.loads((_HERE / "certificates.json").read_text("utf-8"))
KEYS: Final[dict[str, dict[str, str]]] = json.loads((_HERE / "keys.json").read_text("utf-8"))


def _der(pem: str) -> bytes:
    return base64.b64decode("".join(pem.splitlines()[1:-1]))


ROOT_AND_ISSUING: Final = base64.b64encode(_der(PEM["ROOT"]) + _der(PEM["ISSUING"])).decode()
INPUT: Final = {"pem": PEM, "key": {**KEYS, "oct": {"kty": "oct", "k": "c2VjcmV0"}}, "der": ROOT_AND_ISSUING}
"""What the programs refer to: a line of Rego must not be longer than 1,024 columns."""


def chain(*names: str) -> str:
    """Certificates one behind the other, as an expression."""
    return f'concat("", [{", ".join(f"input.pem.{name}" for name in names)}])'


def _parsed(text: str) -> str:
    return f'[json.remove(c, ["PublicKey"]) | some c in crypto.x509.parse_certificates({text})]'


def _public(key: str) -> str:
    """What verifies: a key without its private parts, or the secret."""
    private = '["d", "p", "q", "dp", "dq", "qi"]'
    return '"secret"' if key == "oct" else f'json.marshal(json.remove(input.key["{key}"], {private}))'


def _signed(algorithm: str, key: str) -> str:
    """Signed, then verified by the engine itself."""
    signed = f'io.jwt.encode_sign({{"alg": "{algorithm}"}}, {{"sub": "x"}}, input.key["{key}"])'
    return f"io.jwt.verify_{algorithm.lower()}({signed}, {_public(key)})"


_FITTING: Final = [
    *((f"HS{size}", "oct") for size in (256, 384, 512)),
    *((f"{family}{size}", "RSA") for family in ("RS", "PS") for size in (256, 384, 512)),
    ("ES256", "P-256"),
    ("ES384", "P-384"),
    ("ES512", "P-521"),
    ("EdDSA", "Ed25519"),
]
_SAME: Final = [pair for pair in _FITTING if pair[0][:2] in ("HS", "RS", "Ed")]
"""Algorithms that sign the same twice."""
_PAYLOAD: Final = '{"b": [1, 2.5, null], "a": "<ü&>", "c": {"z": true, "y": "\\u2028"}}'
_CHAINS: Final = (
    ("ROOT", "ISSUING", "SERVER"),
    ("ROOT", "ISSUING", "CLIENT"),
    ("ROOT", "ISSUING", "OUTSIDE"),
    ("ROOT", "SERVER"),
    ("SERVER", "ISSUING", "ROOT"),
    ("PLAIN", "ISSUING", "SERVER"),
    ("ROOT",),
)
_X509: Final = "crypto.x509.parse"
_SIGN, _RAW, _OCT = "io.jwt.encode_sign", "io.jwt.encode_sign_raw", "json.marshal(input.key.oct)"
PROGRAMS: Final = [
    *(_parsed(f"input.pem.{name}") for name in PEM if name != "REQUEST"),
    _parsed(chain("ROOT", "ISSUING", "SERVER")), _parsed("base64.encode(input.pem.FULL)"), _parsed("input.der"),
    *(f"{_X509}_{name}({text})" for text in ('""', '"x"', 'base64.encode("no certificate")')
      for name in ("certificates", "certificate_request", "and_verify_certificates")),
    f'json.remove({_X509}_certificate_request(input.pem.REQUEST), ["PublicKey", "Attributes"])',
    f"object.keys({_X509}_certificate_request(input.pem.REQUEST))",
    f"{_X509}_certificates(input.pem.FULL)[0].PublicKey.E", f"{_X509}_certificates(input.pem.ROOT)[0].PublicKey.X",
    f"{_X509}_certificates(input.pem.PLAIN)[0].PublicKey",
    *(f"{_X509}_and_verify_certificates({chain(*names)})[0]" for names in _CHAINS),
    f"[c.Subject.CommonName | some c in {_X509}_and_verify_certificates({chain(*_CHAINS[0])})[1]]",
    *(_signed(*pair) for pair in _FITTING),
    *(f'{_SIGN}({{"typ": "JWT", "alg": "{name}", "kid": "k<1>"}}, {_PAYLOAD}, input.key["{key}"])' for name, key in _SAME),
    f'{_RAW}(`{{"typ":"JWT", "alg":"HS256"}}`, `{{"a": 1}}`, {_OCT})', f'{_RAW}(`{{"alg":"HS256"}}`, "no JSON", {_OCT})',
    f'{_RAW}(`{{"typ":"JWT","alg":"HS256"}}`, "no JSON", {_OCT})', f'{_RAW}("[]", "{{}}", {_OCT})',
    *(f'{_SIGN}({{"alg": "{name}"}}, {{}}, {key})' for name, key in (
        ("none", "input.key.oct"), ("RS256", "input.key.oct"), ("RS256", 'json.remove(input.key.RSA, ["d"])'))),
    f"{_SIGN}({{}}, {{}}, input.key.oct)", f'is_string({_SIGN}({{"alg": "ES256"}}, {{}}, input.key["P-384"]))',
    'strings.split_n("a,b,c", ",", 2)', 'strings.split_n("a,b,c", ",", 0)', 'strings.split_n("a,b,c", ",", -1)',
    'strings.split_n("a,b,c", ",", 9)', 'strings.split_n("abc", "", 2)', 'strings.split_n("", "x", 2)',
    'net.cidr_contains_matches("10.0.0.0/8", "10.1.1.1")', 'net.cidr_contains_matches({"10.0.0.0/8", "::/0"}, {"10.1.1.1", "11.0.0.1"})',
    'net.cidr_contains_matches(["1.1.1.0/24", "10.0.0.0/8"], {"a": "10.1.1.1/32", "b": "1.1.1.7"})',
    'net.cidr_contains_matches({"x": ["10.0.0.0/8", 1]}, [["10.1.0.0/16", "q"]])', 'net.cidr_contains_matches("x", "10.1.1.1")',
]  # fmt: skip
