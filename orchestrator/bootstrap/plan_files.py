"""Saved plans: written for their owner only, read with every doubt.

The file is one JSON object around the plan: which stack it is of, its digest, who signed it, and the plan itself,
sealed where the stack's plans are. What stands around the plan is a hint until the plan has confirmed it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from orchestrator.adapters.signing import Signer
from orchestrator.engine.planning import sealed
from orchestrator.model.codec import decode, digest_without, encode
from orchestrator.model.errors import StateError
from orchestrator.model.expression import templated
from orchestrator.model.ids import StackId
from orchestrator.model.plan import UNDIGESTED, Plan
from orchestrator.model.signature import Signature
from orchestrator.model.versions import PLAN_FORMAT, lifted_plan
from orchestrator.seams.cipher import Cipher

PURPOSE: Final = "plan"
"""What a signature under a plan is for."""


class _File(msgspec.Struct, frozen=True):
    format: int
    stack: str
    environment: str
    digest: str
    signatures: tuple[Signature, ...]
    plan: msgspec.Raw


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan file as it lies there: nothing of it is known to be true."""

    path: Path
    stack: StackId
    environment: str
    digest: str
    signatures: tuple[Signature, ...]
    stored: bytes
    """The plan, sealed or not."""

    def open(self, cipher: Cipher) -> tuple[Plan, bytes]:
        """The plan, and what a signature under it must be over. Raises StateError where they do not fit."""
        body = cipher.open(self.stored, _place(self.digest))
        try:
            plan = decode(body, Plan)
        except ValueError as error:
            raise StateError(f"the plan {self.path} is damaged: {error}") from error
        around = (StackId(self.stack), self.environment, self.digest)
        # Over what was written: an older plan lacks fields that this program has.
        if digest_without(body, UNDIGESTED) != plan.digest or around != _around(plan):
            raise StateError(f"the plan {self.path} is damaged or was changed: its digest does not fit")
        return _with_templates(plan), _message(plan, body)

    def signed(self, cipher: Cipher, signer: Signer) -> SavedPlan:
        """With one more signature; one by the same key is replaced."""
        message = self.open(cipher)[1]
        others = tuple(s for s in self.signatures if s.key != signer.key)
        return replace(self, signatures=(*others, signer.sign(PURPOSE, message)))

    def write(self) -> None:
        """Put it where it was, or is to be: for its owner only, whole or not at all."""
        file = _File(
            PLAN_FORMAT, self.stack, self.environment, self.digest, self.signatures, msgspec.Raw(self.stored)
        )
        write_private(msgspec.json.encode(file) + b"\n", self.path, "the plan")


def save_plan(plan: Plan, path: Path, cipher: Cipher, signers: Sequence[Signer] = ()) -> Plan:
    """Save a plan, readable for its owner only; returns it with its digest."""
    whole = sealed(plan)
    body = encode(whole)
    stored = cipher.seal(body, _place(whole.digest))
    signatures = tuple(signer.sign(PURPOSE, _message(whole, body)) for signer in signers)
    SavedPlan(path, *_around(whole), signatures, stored).write()
    return whole


def read_plan(path: Path) -> SavedPlan:
    """A saved plan, not opened; one of an older format as the newest has it, the file untouched.

    Raises StateError where it is damaged, of a newer format, or no plan at all.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StateError(f"cannot read the plan {path}: {error.strerror or error}") from error
    try:
        told = msgspec.json.decode(data, type=dict[str, Any])
        if told.get("format") != PLAN_FORMAT:
            data = msgspec.json.encode(lifted_plan(told, str(path)), order="sorted")
        file = msgspec.json.decode(data, type=_File)
    except ValueError as error:
        raise StateError(f"{path} is not a plan of opsctl, or it is damaged: {error}") from error
    return SavedPlan(
        path, StackId(file.stack), file.environment, file.digest, file.signatures, bytes(file.plan)
    )


def _around(plan: Plan) -> tuple[StackId, str, str]:
    return plan.charter.id, plan.charter.environment, plan.digest


def _place(digest: str) -> str:
    return f"plan/{digest}"


def _message(plan: Plan, body: bytes) -> bytes:
    """What is signed: the plan to its last byte, and the digest that people compare."""
    return f"{plan.charter.id}\n{plan.digest}\n{hashlib.sha256(body).hexdigest()}\n".encode()


def write_input(seen: Mapping[str, Any], path: Path) -> None:
    """Save what policies see as JSON, readable for its owner only: what the spec says in plain text is in it."""
    write_private(
        msgspec.json.format(msgspec.json.encode(seen), indent=2) + b"\n", path, "the input of policies"
    )


def write_private(data: bytes, path: Path, what: str) -> None:
    """The whole file or none of it; raises StateError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise StateError(f"cannot write {what} to {path}: {error.strerror or error}") from error


def _with_templates(plan: Plan) -> Plan:
    """Specs are saved as their text: the expressions in it are parsed again."""
    resources = tuple(
        replace(
            r,
            spec=templated(r.spec),
            status=templated(r.status),
            gates=tuple(replace(g, settings=templated(g.settings)) for g in r.gates),
        )
        for r in plan.resources
    )
    return replace(
        plan, resources=resources, charter=replace(plan.charter, outputs=templated(plan.charter.outputs))
    )
