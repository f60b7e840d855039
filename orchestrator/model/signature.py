"""A signature over something that a person or a machine stands for: a plan, an approval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Algorithm = Literal["ed25519", "hmac-sha256"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("ed25519", "hmac-sha256")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed, as far as a key tells, and the proof."""

    key: str
    """The key's fingerprint: ``SHA256:…`` as ssh-keygen prints it, or ``hmac:…``; neither tells a secret."""
    algorithm: Algorithm
    value: str
    """In base64."""
