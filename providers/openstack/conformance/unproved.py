"""Samples of Designate's and Barbican's kinds."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Hand, Of, Parent, Sample, Unique
from orchestrator.model.values import Secret

ZONE: Final = Parent("OS::Designate::Zone", {"name": Unique("{}.example."), "email": "a@example.org"})


def _zone_by_hand(hand: Hand) -> None:
    hand.raw.dns.patch(f"/zones/{hand.id}", json={hand.path: hand.value}).raise_for_status()


_ZONE = Sample(
    type="OS::Designate::Zone",
    minimal={"name": Unique("{}.example."), "email": "a@example.org"},
    more={"ttl": 600, "description": "for tests"},
    updates={"email": "b@example.org", "ttl": 700, "description": "words"},
    replaces={"name": Unique("{}.other.example.")},
    write=_zone_by_hand,
    untried={"type": "a copied zone needs servers to copy from", "primaries": "of a copied zone"},
    kept={"ttl": "without a word the cloud's choice counts"},
)


def _by_hand(hand: Hand) -> None:
    zone, _, own = hand.id.partition("/")
    path = f"/zones/{zone}/recordsets/{own}"
    hand.raw.dns.put(path, json={hand.path: hand.value}).raise_for_status()


_RECORD_SET = Sample(
    type="OS::Designate::RecordSet",
    minimal={
        "zone": Of("zone"),
        "name": Of("zone", "spec.name", "www.{}"),
        "type": "A",
        "records": ["10.0.0.1"],
    },
    more={"ttl": 600, "description": "for tests"},
    parents={"zone": ZONE},
    updates={"records": ["10.0.0.2", "10.0.0.1"], "ttl": 700, "description": "words"},
    replaces={"name": Of("zone", "spec.name", "web.{}"), "type": "TXT"},
    planned={"type": "its records are addresses"},
    untried={"zone": "another zone has other names"},
    write=_by_hand,
)
_SECRET = Sample(
    type="OS::Barbican::Secret",
    minimal={"name": Unique(), "payload": Secret("plain-Text-1", "env:PAYLOAD", "v1")},
    more={
        "secret_type": "passphrase",
        "algorithm": "aes",
        "bit_length": 256,
        "mode": "cbc",
        "expiration": "2036-01-31T00:00:00",
    },
    replaces={
        "name": Unique("{}-other"),
        "payload": Secret("plain-Text-2", "env:PAYLOAD", "v2"),
        "secret_type": "opaque",
        "algorithm": "des",
        "bit_length": 128,
        "mode": "ecb",
        "expiration": "2037-01-31T00:00:00",
    },
    untried={"payload_content_type": "of what is no text", "payload_content_encoding": "of what is no text"},
)
_KEPT: Final = Parent(
    "OS::Barbican::Secret", {"name": Unique("{}-s"), "payload": Secret("plain", "env:P", "v1")}
)


def _container(noun: str) -> Sample:
    return Sample(
        type=f"OS::Barbican::{noun}",
        minimal={"name": Unique()},
        more={"secrets": [{"name": "certificate", "ref": Of("secret", "status.secret_ref")}]},
        parents={"secret": _KEPT},
        replaces={
            "name": Unique("{}-other"),
            "secrets": [{"name": "private_key", "ref": Of("secret", "status.secret_ref")}],
        },
    )


SAMPLES: Final = (
    _ZONE,
    _RECORD_SET,
    _SECRET,
    _container("GenericContainer"),
    _container("CertificateContainer"),
)
