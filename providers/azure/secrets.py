"""Secrets in Azure Key Vault: ``azure-kv:vault/name#json.path@version``.

Enters: references, and how to sign in. Leaves: secrets with the version id of the vault. Holds: a secret is one call,
for Key Vault reads no two at once; many are asked for at the same time, and one of which two fields are wanted once.
Protocol: Key Vault REST reference, "Get Secret", "Set Secret", as azure-keyvault-secrets speaks it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from orchestrator.kit.secret_references import (
    EXPIRED,
    FORBIDDEN,
    STORING,
    OneByOne,
    Reference,
    field,
    missing,
    nowhere,
    refusal,
    unpinned,
    with_field,
)
from orchestrator.model.errors import PermanentError, ProviderError
from orchestrator.seams.secrets import SecretPlugin

from .vaults import DENIED, SCHEMA, Vaults, VaultSettings

_VERSION: Final = re.compile(r"[0-9a-f]{32}")


class KeyVault(OneByOne[str]):
    """The secrets of every vault that one identity may ask."""

    versions = _VERSION

    def __init__(self, vaults: Vaults) -> None:
        self._vaults = vaults

    @property
    def calls(self) -> Mapping[str, int]:
        """By operation."""
        return dict(self._vaults.counts)

    def store(self, reference: str, value: str) -> str:
        """A new version of the secret, which is made where there is none."""
        at = unpinned(reference, _VERSION)
        vault, name = _parts(at)
        try:
            text = with_field(at, self._text_of(at), value)
            made = self._vaults.ask(vault, "SetSecret", lambda c: c.set_secret(name, text), reads=False)
        except PermanentError as error:
            raise self.told(at, error, STORING) from error
        return str(made.properties.version)

    def _text_of(self, at: Reference) -> str | None:
        """What is there, where only a field of it changes."""
        if not at.path:
            return None
        body = self.body(at)
        if isinstance(body, ProviderError):
            if body.code == "SecretNotFound":
                return None
            raise body
        return body[0]

    def body(self, at: Reference) -> tuple[str, str] | ProviderError:
        """Its text."""
        try:
            vault, name = _parts(at)
            found = self._vaults.ask(vault, "GetSecret", lambda c: c.get_secret(name, at.version or None))
        except PermanentError as error:
            return error
        return str(found.value), str(found.properties.version)

    def value(self, at: Reference, body: str, version: str) -> tuple[Any, str]:
        """The text, or a field of it."""
        return field(at, body), version

    def told(self, at: Reference, error: ProviderError, doing: str) -> ProviderError:
        """What is missing: the secret, the sign-in, a role."""
        if not isinstance(error, PermanentError) or error.message.startswith(at.text):
            return error
        match error.code:
            case "SecretNotFound":
                return missing(at.text, self._nowhere(at))
            case "Unauthorized":
                reason = f"the vault does not take the token: sign in again ({error.message})"
                return refusal(at.text, reason, EXPIRED, doing=doing)
            case "SecretDisabled":
                reason = "it is disabled in the vault: enable it, or name another version"
                return refusal(at.text, reason, error.code, doing=doing)
            case code if code in DENIED:
                role = "Key Vault Secrets Officer" if doing == STORING else "Key Vault Secrets User"
                reason = f"it is not allowed: the identity needs the role {role} ({error.message})"
                return refusal(at.text, reason, FORBIDDEN, doing=doing)
            case _:
                return refusal(at.text, str(replace(error)), error.code, doing=doing)

    def _nowhere(self, at: Reference) -> str:
        vault, name = _parts(at)

        def names() -> list[str]:
            return self._vaults.ask(
                vault, "ListSecrets", lambda c: [str(p.name) for p in c.list_properties_of_secrets()]
            )

        return nowhere(replace(at, name=name), f"the vault {vault}", names)


def _parts(at: Reference) -> tuple[str, str]:
    """The vault and the name in it."""
    vault, slash, name = at.name.partition("/")
    if not (vault and slash and name) or "/" in name:
        raise refusal(at.text, "write the vault and the secret: azure-kv:vault/name")
    return vault, name


def open_vaults(settings: Mapping[str, Any], folder: Path) -> KeyVault:
    """Key Vault; it is asked only when a secret is. Raises PermanentError where the settings cannot be used."""
    del folder
    try:
        return KeyVault(Vaults(VaultSettings.of(settings)))
    except ValueError as error:
        raise PermanentError(f"secrets.azure-kv: {error}", "configure") from error


plugin: Final = SecretPlugin(
    "azure-kv",
    "azure-kv:vault/name#json.path@version",
    "Azure Key Vault",
    open_vaults,
    open_vaults,
    SCHEMA,
    family="azure",
    permissions=("Microsoft.KeyVault/vaults/secrets/getSecret/action",),
    storing=("Microsoft.KeyVault/vaults/secrets/setSecret/action",),
)
