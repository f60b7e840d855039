"""Approvals as files: documents over a plan's digest, signed by ed25519 keys.

Enters: YAML or JSON documents, and who may approve. Leaves: approvals whose signatures are by the key that they
name. Holds: what is signed is everything but the signature, as JSON with sorted keys, under a purpose of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from orchestrator.adapters.key_files import read_private
from orchestrator.adapters.signing import signer, trusted_key
from orchestrator.model.envelope import VERSION
from orchestrator.model.errors import OpsctlError, PolicyDeniedError
from orchestrator.model.signature import Signature
from orchestrator.model.verdict import Approval, Approver

PURPOSE: Final = "approval"
_LARGEST: Final = 1 << 20
_TEXTS: Final = ("plan", "stack", "by", "reason", "created")
_HINT: Final = "hint: opsctl approve PLANFILE --key KEY writes one"


def sign(approval: Approval, key: Path, *, passphrase: bytes | None = None) -> Approval:
    """The approval with its signature. Raises OpsctlError where the key cannot be used."""
    private = signer(read_private(key, "the key"), f"the key {key}", passphrase=passphrase)
    if private.algorithm != "ed25519":
        raise OpsctlError(
            f"{key} is a shared secret, and an approval is somebody's own\nhint: ssh-keygen -t ed25519 -f {key}.own"
        )
    return replace(approval, signature=private.sign(PURPOSE, _signed(approval)))


def write_approval(approval: Approval, path: Path) -> None:
    """Write an approval as a YAML document. Raises OpsctlError."""
    signature = approval.signature
    body = {"apiVersion": VERSION, "kind": "Approval", **{n: getattr(approval, n) for n in _TEXTS}}
    if signature is not None:
        body["signature"] = {
            "key": signature.key,
            "algorithm": signature.algorithm,
            "value": signature.value,
        }
    try:
        path.write_text(yaml.safe_dump(body, sort_keys=False, allow_unicode=True), encoding="utf-8")
    except OSError as error:
        raise OpsctlError(f"cannot write the approval {path}: {error.strerror or error}") from error


def read_approval(path: Path) -> Approval:
    """A file's approval, not verified yet. Raises OpsctlError where it is none."""
    try:
        if path.stat().st_size > _LARGEST:
            raise OpsctlError(f"{path} is no approval: it has more than 1 MiB\n{_HINT}")
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OpsctlError(f"cannot read the approval {path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise OpsctlError(f"{path} is no approval: it is not YAML\n{_HINT}") from error
    if not isinstance(body, dict) or body.get("kind") != "Approval":
        raise OpsctlError(f"{path} is no approval: kind: Approval was expected\n{_HINT}")
    wrong = [n for n in _TEXTS if not isinstance(body.get(n), str)]
    signature = _signature(body.get("signature"))
    if wrong or signature is None:
        missing = ", ".join([*wrong, *(["signature"] if signature is None else [])])
        raise OpsctlError(f"{path} is no approval: {missing} is missing, or is none\n{_HINT}")
    return Approval(**{n: body[n] for n in _TEXTS}, signature=signature)


def verify(approvals: Sequence[tuple[str, Approval]], approvers: Sequence[Approver]) -> None:
    """Whether each, with what it is called, was signed by the key that it names.

    Keys that nobody lists are left to who knows what they would count for. Raises PolicyDeniedError.
    """
    keys = {a.fingerprint: trusted_key(a.name, "ed25519", a.key.encode()) for a in approvers}
    for what, approval in approvals:
        trusted, signature = keys.get(approval.key), approval.signature
        if trusted is None or signature is None:
            continue
        if not trusted.fits(PURPOSE, _signed(approval), signature):
            raise PolicyDeniedError(
                f"the approval {what} was changed after {trusted.name} signed it, or the signature is not theirs: "
                "nothing was applied"
            )


def approver(name: str, key: str, rules: tuple[str, ...] = ()) -> Approver:
    """Somebody whose signature counts. Raises OpsctlError where the key is no public ed25519 key."""
    return Approver(name, key, trusted_key(name, "ed25519", key.encode()).key, rules)


def _signature(body: Any) -> Signature | None:
    try:
        return msgspec.convert(body, Signature)
    except msgspec.ValidationError:
        return None


def _signed(approval: Approval) -> bytes:
    return msgspec.json.encode({n: getattr(approval, n) for n in _TEXTS}, order="sorted")
