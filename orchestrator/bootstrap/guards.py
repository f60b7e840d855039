"""What guards a stack: the cipher of its state and its plans, and the keys whose signatures count.

Enters: what the stack file of a trusted folder says. A saved plan does not speak for itself: what it says of keys
is not asked. Holds: a plan of another stack than the folder's is refused where the folder has anything to guard, so
that nobody gets round a stack's rules by naming another one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from orchestrator.adapters.key_files import read_private
from orchestrator.adapters.secret_sources import SecretSources
from orchestrator.adapters.signing import Signer, TrustedKey, signer, trusted_key, verified
from orchestrator.bootstrap.ciphers import cipher_of, key_context
from orchestrator.bootstrap.plan_files import PURPOSE, SavedPlan
from orchestrator.model.diagnostic import Severity
from orchestrator.model.errors import InvalidSpecError, OpsctlError, SignatureRefusedError
from orchestrator.model.plan import Charter, Plan
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.keys import KeyContext
from orchestrator.stages.load import load_guard

PASSPHRASE: Final = "OPSCTL_SIGN_PASSPHRASE"  # noqa: S105 - the name of a variable
_REFERENCE: Final = re.compile(r"[a-z][a-z-]*:.")


@dataclass(frozen=True, slots=True)
class OpenedPlan:
    """A saved plan that its guard has let through."""

    plan: Plan
    charter: Charter
    """The plan's, with the trusted folder's word on keys in the place of its own."""
    cipher: Cipher
    signed_by: TrustedKey | None = None


def stack_cipher(
    charter: Charter, folder: Path, secrets: SecretSources, *, rewriting: bool = False
) -> Cipher:
    """The cipher that the charter of a stack speaks of."""
    context = key_context(folder, secrets.resolve)
    return cipher_of(charter.encryption, charter.id, context, rewriting=rewriting)


def open_plan(saved: SavedPlan, folder: Path, *, signed: bool = False, judged: bool = True) -> OpenedPlan:
    """Open a saved plan under the guard of the stack file in ``folder``, if there is one.

    Not ``judged``: somebody only looks at it, or signs it, and is not stopped by what its signatures lack.
    Raises SignatureRefusedError where it must be signed (``signed``, or the stack file says so) and is not, or was
    changed after a trusted key has signed it.
    """
    guard = load_guard(folder, saved.environment)
    if any(d.severity is Severity.ERROR for d in guard.diagnostics):
        raise InvalidSpecError(guard.diagnostics)
    stack = guard.stack
    trust = Charter(
        stack.name, stack.id, secrets=stack.secrets, encryption=stack.encryption, signatures=stack.signatures
    )
    if (trust.encryption or trust.signatures) and trust.id != saved.stack:
        raise SignatureRefusedError(
            f"{saved.path} is a plan of the stack {saved.stack}, and {folder / 'opsctl.yaml'} guards {trust.id}: nothing "
            "was applied\nhint: run it in the folder of its own stack, or name that with --trusted"
        )
    secrets = SecretSources(trust, folder, untrusted=False)
    context = key_context(folder, secrets.resolve)
    cipher = cipher_of(trust.encryption, saved.stack, context)
    plan, message = saved.open(cipher)
    keys = trusted_keys(trust.signatures, context)
    must = signed or trust.signatures.get("required") is True
    by = _signed_by(saved, message, keys, required=must) if judged else _fitting(saved, message, keys)
    charter = replace(plan.charter, encryption=trust.encryption, signatures=trust.signatures)
    return OpenedPlan(plan, charter, cipher, by)


def _signed_by(
    saved: SavedPlan, message: bytes, keys: Sequence[TrustedKey], *, required: bool
) -> TrustedKey | None:
    """Whose signature counts. One that is by a trusted key and does not fit is refused even where none is needed."""
    what = f"the plan {saved.path}"
    known = {k.key for k in keys}
    if not required:
        ours = [s for s in saved.signatures if s.key in known]
        return verified(PURPOSE, message, ours, keys, what=what) if ours else None
    try:
        return verified(PURPOSE, message, saved.signatures, keys, what=what)
    except SignatureRefusedError as error:
        hint = f"opsctl sign {saved.path} --key KEY, with a key that opsctl.yaml names under signatures.keys"
        raise SignatureRefusedError(f"{error}; nothing was applied\nhint: {hint}") from error


def _fitting(saved: SavedPlan, message: bytes, keys: Sequence[TrustedKey]) -> TrustedKey | None:
    return next((k for k in keys for s in saved.signatures if k.fits(PURPOSE, message, s)), None)


def trusted_keys(signatures: Mapping[str, Any], context: KeyContext) -> list[TrustedKey]:
    """The keys that the stack file names. Raises OpsctlError for one that cannot be read."""
    return [_trusted(each, context) for each in signatures.get("keys") or ()]


def _trusted(written: Mapping[str, Any], context: KeyContext) -> TrustedKey:
    name = str(written["name"])
    if "hmac" in written:
        return trusted_key(name, "hmac-sha256", context.resolve(str(written["hmac"])))
    text = str(written["ed25519"])
    if not text.startswith("file:"):
        return trusted_key(name, "ed25519", text.encode())
    path = context.folder / text.removeprefix("file:")
    try:
        return trusted_key(name, "ed25519", path.expanduser().read_bytes())
    except OSError as error:
        raise OpsctlError(f"the key {name}, {path}: {(error.strerror or str(error)).lower()}") from error


def signer_of(key: str, charter: Charter, folder: Path) -> Signer:
    """The private key that a person names: a file, or a secret by reference such as ``env:NAME``."""
    passphrase = os.environ.get(PASSPHRASE, "").encode() or None
    if _REFERENCE.match(key) and not Path(key).exists():
        material = key_context(folder, SecretSources(charter, folder, untrusted=False).resolve).resolve(key)
        return signer(material, f"the key {key}", passphrase=passphrase)
    material = read_private(Path(key).expanduser(), "the key file")
    if b"-----BEGIN " not in material:
        raise OpsctlError(
            f"the key file {key} is no private key in PEM or OpenSSH form\n"
            f"hint: the secret of an HMAC is named by reference: file:{key}, or env:NAME"
        )
    return signer(material, f"the key file {key}", passphrase=passphrase)
