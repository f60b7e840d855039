"""Master keys in Azure Key Vault: ``azure-kv: {key: my-vault/opsctl}``, an RSA key of a vault.

Enters: the setting of ``encryption.key``. Leaves: data keys, wrapped by RSA-OAEP-256 and signed by PS256. Holds: the
private half never leaves the vault. Wrapping alone would need nothing but the public half, so that whoever may write
to the store could put a data key of his own there; therefore the vault signs what was wrapped, together with the
stack, and what is not so signed is refused. Opening is two calls, one of them for the public half.
Protocol: Key Vault REST reference ("Get Key", "Sign", "Unwrap Key"), as azure-keyvault-keys speaks it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from orchestrator.kit.sealed import KeyNeededError
from orchestrator.model.errors import OpsctlError, PermanentError, ProviderError, StateError
from orchestrator.model.schema import Property
from orchestrator.seams.keys import DataKey, KeyContext, KeyPlugin, MasterKey

from .vaults import DENIED, SCHEMA, Vaults, VaultSettings

ROLE: Final = "Key Vault Crypto User"
_PREFIX: Final = "azure-kv:"
_NAME: Final = r"^[0-9a-zA-Z-]{3,24}/[0-9a-zA-Z-]{1,127}$"
_HEAD: Final = struct.Struct(">BH")
"""Of a wrapped data key: form, length of the signature; then signature and ciphertext."""
_FORM: Final = 1
_SIZE: Final = 32
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VaultKey:
    """One key of one vault; each of its versions is asked for once a run."""

    vault: str
    name: str
    vaults: Vaults
    _opened: dict[str, Any] = field(default_factory=dict, repr=False)
    """The vendor's client of each version that was used; the newest under the empty name."""

    @property
    def about(self) -> str:
        """By the name that the settings give it."""
        return f"azure-kv {self.vault}/{self.name}"

    def may_open(self, by: str) -> bool:
        """Every version of the key is ours."""
        return by.startswith(f"{_PREFIX}{self.vault}/{self.name}/")

    def make(self, context: Mapping[str, str]) -> DataKey:
        """Wrapped by the newest version."""
        client, version = self._client("")
        from azure.keyvault.keys.crypto import KeyWrapAlgorithm, SignatureAlgorithm  # noqa: PLC0415 - lazy

        plain = secrets.token_bytes(_SIZE)
        try:
            box = self._ask(
                "wrapKey", lambda: client.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, plain).encrypted_key
            )
        except ValueError as error:  # what the SDK says of a key outside of its dates, without asking
            raise StateError(f"{self.about}: {error}\nhint: make a new version of the key") from error
        digest = _digest(box, context)
        signature = self._ask("sign", lambda: client.sign(SignatureAlgorithm.ps256, digest).signature)
        wrapped = _HEAD.pack(_FORM, len(signature)) + signature + box
        return DataKey(plain, wrapped, f"{_PREFIX}{self.vault}/{self.name}/{version}")

    def unwrap(self, by: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """By the version that has wrapped it. Raises KeyNeededError where that is gone, or cannot open it."""
        signature, box = _parts(by, wrapped)
        client, _ = self._client(by.rpartition("/")[2])
        from azure.keyvault.keys.crypto import KeyWrapAlgorithm, SignatureAlgorithm  # noqa: PLC0415 - lazy

        digest = _digest(box, context)
        ps256, oaep = SignatureAlgorithm.ps256, KeyWrapAlgorithm.rsa_oaep_256
        if not self._ask("verify", lambda: client.verify(ps256, digest, signature).is_valid):
            raise StateError(f"a key that {by} wrapped was changed, or is of another stack")
        try:
            plain: bytes = self._ask("unwrapKey", lambda: client.unwrap_key(oaep, box).key)
        except PermanentError as error:
            raise KeyNeededError(
                f"{self.about} does not open what {by} has wrapped ({error.code})"
            ) from error
        return plain

    def _client(self, version: str) -> tuple[Any, str]:
        if version not in self._opened:
            found = self._found(version)
            if found.key.kty not in ("RSA", "RSA-HSM"):
                raise StateError(f"{self.about} is a key of another type than RSA\nhint: {self._creation}")
            opened = self.vaults.cryptography(found), str(found.properties.version)
            self._opened.update({version: opened, opened[1]: opened})
        opened_before: tuple[Any, str] = self._opened[version]
        return opened_before

    def _found(self, version: str) -> Any:
        try:
            return self._told(
                lambda: self.vaults.ask(self.vault, "getKey", lambda c: c.get_key(self.name, version or None))
            )
        except PermanentError as error:
            if version:
                raise KeyNeededError(f"{self.about} has no version {version} any more") from error
            raise StateError(
                f"{self.about}: there is no such key in the vault\nhint: {self._creation}"
            ) from error

    @property
    def _creation(self) -> str:
        return f"az keyvault key create --vault-name {self.vault} --name {self.name} --kty RSA --size 3072"

    def _ask(self, operation: str, call: Callable[[], T]) -> T:
        return self._told(lambda: self.vaults.run(self.vault, operation, call))

    def _told(self, call: Callable[[], T]) -> T:
        """Raises PermanentError where it is another key, StateError with what to do for everything else."""
        try:
            return call()
        except ProviderError as error:
            if error.code in ("KeyNotFound", "BadParameter"):
                raise
            raise StateError(f"{self.about}: {self._said(error)}") from error

    def _said(self, error: ProviderError) -> str:
        match error.code:
            case "KeyDisabled":
                hint = f"az keyvault key set-attributes --vault-name {self.vault} --name {self.name} --enabled true"
                return f"the key is disabled ({error.message})\nhint: {hint}, or name another key"
            case "KeyOperationForbidden":
                return f"{error.message}\nhint: its key_ops must have sign, verify, wrapKey and unwrapKey"
            case "Unauthorized":
                return f"the vault does not take the token ({error.message})\nhint: sign in again"
            case code if code in DENIED:
                return f"it is not allowed: {error.message}\nhint: the identity needs the role {ROLE} on that key"
            case _:
                return str(error)


def _digest(box: bytes, context: Mapping[str, str]) -> bytes:
    """What is signed: the wrapped key and what it is for."""
    about = json.dumps(["opsctl data key", sorted(context.items())]).encode()
    return hashlib.sha256(about + b"\0" + box).digest()


def _parts(by: str, wrapped: bytes) -> tuple[bytes, bytes]:
    """Signature and ciphertext. Raises StateError where it is none of ours."""
    if len(wrapped) > _HEAD.size:
        form, length = _HEAD.unpack_from(wrapped)
        rest = wrapped[_HEAD.size :]
        if form == _FORM and length < len(rest):
            return rest[:length], rest[length:]
    raise StateError(f"a key that {by} wrapped is cut off or of another form: it was changed, or is newer")


def open_key(settings: Mapping[str, Any], context: KeyContext) -> MasterKey:
    """The vault is asked at the first use. Raises OpsctlError where the settings cannot be used."""
    del context
    try:
        vaults = Vaults(VaultSettings.of(settings), "keys")
    except ValueError as error:
        raise OpsctlError(f"encryption: azure-kv: {error}") from error
    vault, _, name = settings["key"].partition("/")
    return VaultKey(vault, name, vaults)


plugin: Final = KeyPlugin(
    "azure-kv",
    "{key: my-vault/opsctl}",
    "An RSA key of Azure Key Vault, whose signature names the stack.",
    open_key,
    Property(
        "object",
        properties={
            "key": Property(
                "string", "the vault and the key in it: my-vault/opsctl", required=True, pattern=_NAME
            ),
            "endpoint": Property("string", "sandbox, for the local stand-in"),
            **SCHEMA.properties,
        },
    ),
    short="key",
    family="azure",
    permissions=tuple(
        f"Microsoft.KeyVault/vaults/keys/{act}"
        for act in ("read", "wrap/action", "unwrap/action", "sign/action", "verify/action")
    ),
)
