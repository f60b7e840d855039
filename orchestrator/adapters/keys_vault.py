"""Master keys in the transit engine of Vault or OpenBao: ``vault-transit: {key: opsctl}``.

Enters: the setting of ``encryption.key``. Leaves: data keys that Vault has encrypted. Holds: the key never leaves
Vault; the stack is the associated data, so that Vault itself refuses a data key of another one, and refuses the types
of key that cannot authenticate what they open (RSA). Protocol: Vault's HTTP API reference, "Transit secrets engine"
("Read key", "Encrypt data", "Decrypt data").
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from orchestrator.adapters.vault_client import SETTINGS, VaultClient
from orchestrator.kit.sealed import KeyNeededError
from orchestrator.kit.secret_references import EXPIRED, FORBIDDEN, MISSING
from orchestrator.model.errors import OpsctlError, PermanentError, ProviderError, StateError
from orchestrator.model.schema import Property
from orchestrator.seams.keys import DataKey, KeyContext, KeyPlugin, MasterKey

_SIZE: Final = 32
_MOUNT: Final = "transit"
_INVALID: Final = "InvalidRequest"
T = TypeVar("T")


@dataclass(slots=True)
class TransitKey:
    """One key of one engine, all of its versions."""

    name: str
    mount: str
    client: VaultClient
    _looked: bool = field(default=False, repr=False)

    @property
    def about(self) -> str:
        """By the name that the settings give it."""
        return f"vault-transit {self._by.partition(':')[2]}"

    @property
    def _by(self) -> str:
        return f"vault-transit:{self.mount}/{self.name}"

    def may_open(self, by: str) -> bool:
        """By mount and name; which version it was stands in the ciphertext."""
        return by == self._by

    def make(self, context: Mapping[str, str]) -> DataKey:
        """Encrypted by the newest version."""
        self._look()
        plain = secrets.token_bytes(_SIZE)
        asked = {"plaintext": base64.b64encode(plain).decode(), **self._place(context)}
        answer = self._ask("encrypt", lambda c: c.secrets.transit.encrypt_data(self.name, **asked))
        return DataKey(plain, str(answer["data"]["ciphertext"]).encode(), self._by)

    def unwrap(self, by: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Raises KeyNeededError where Vault says that it is another key's, of another stack, or too old."""
        asked = {"ciphertext": wrapped.decode("ascii", "replace"), **self._place(context)}
        try:
            answer = self._ask("decrypt", lambda c: c.secrets.transit.decrypt_data(self.name, **asked))
        except PermanentError as error:
            raise KeyNeededError(
                f"{self.about} does not open what {by.partition(':')[2]} has wrapped ({error.message})"
            ) from error
        return base64.b64decode(answer["data"]["plaintext"])

    def _look(self) -> None:
        """Encrypting may make a key that is not there, by a slip of the pen: it is looked for where that is allowed."""
        if self._looked:
            return
        try:
            self.client.ask(
                "read key", lambda c: c.secrets.transit.read_key(self.name, mount_point=self.mount)
            )
        except ProviderError as error:
            if error.code == MISSING:
                hint = f"vault write -f {self.mount}/keys/{self.name}"
                raise StateError(
                    f"{self.about}: there is no such key, or no such engine\nhint: {hint}"
                ) from error
            if error.code != FORBIDDEN:
                raise self._told(error, "read key") from error
        self._looked = True

    def _place(self, context: Mapping[str, str]) -> dict[str, str]:
        about = json.dumps(sorted(context.items())).encode()
        return {"associated_data": base64.b64encode(about).decode(), "mount_point": self.mount}

    def _ask(self, operation: str, call: Callable[[Any], T]) -> T:
        """Raises PermanentError where it is another key, StateError with what to do for everything else."""
        try:
            return self.client.ask(operation, call)
        except ProviderError as error:
            other = isinstance(error, PermanentError) and error.code in (_INVALID, MISSING)
            if operation == "decrypt" and other:
                raise
            raise self._told(error, operation) from error

    def _told(self, error: ProviderError, operation: str) -> StateError:
        match error.code:
            case code if code == FORBIDDEN:
                path = f"{self.mount}/{operation}/{self.name}"
                hint = f'the token\'s policy must have: path "{path}" {{ capabilities = ["update"] }}'
                return StateError(f"{self.about}: {error.message}\nhint: {hint}")
            case code if code == EXPIRED:
                return StateError(f"{self.about}: {error.message}")
            case code if code == _INVALID and "non-AEAD" in error.message:
                hint = f"vault write -f {self.mount}/keys/NAME makes one of the type aes256-gcm96"
                return StateError(
                    f"{self.about}: the key must be one of AEAD ({error.message})\nhint: {hint}"
                )
            case _:
                return StateError(f"{self.about}: {error}")


def open_key(settings: Mapping[str, Any], context: KeyContext) -> MasterKey:
    """Vault is asked at the first use. Raises OpsctlError where the settings cannot be used."""
    del context
    try:
        client = VaultClient(settings, "encryption.key.vault-transit")
    except PermanentError as error:
        raise OpsctlError(f"encryption: {error.message}") from error
    return TransitKey(settings["key"], str(settings.get("mount") or _MOUNT).strip("/"), client)


plugin: Final = KeyPlugin(
    "vault-transit",
    "{key: opsctl, address: https://vault.example.org:8200}",
    "A key of the transit engine of Vault or OpenBao, with the stack as associated data.",
    open_key,
    Property(
        "object",
        properties={
            "key": Property("string", "the name of the key, of a type with AEAD", required=True, pattern="."),
            "mount": Property("string", "where the engine is mounted", default=_MOUNT),
            **SETTINGS,
        },
    ),
    short="key",
    permissions=("update transit/encrypt/KEY", "update transit/decrypt/KEY"),
)
