"""Secrets in Azure Key Vault: ``azure-kv:vault/name#json.path@version``.

Enters: references, and how to sign in. Leaves: secrets with the version id of the vault. Holds: a secret is one call,
for Key Vault reads no two at once; many are asked for at the same time, and one of which two fields are wanted once.
Protocol: Key Vault REST reference, "Get Secret", "Set Secret", as azure-keyvault-secrets speaks it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from orchestrator.kit.secret_references import (
    EXPIRED,
    FORBIDDEN,
    STORING,
    Reference,
    answered,
    field,
    missing,
    read,
    refusal,
    together,
    with_field,
)
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import PermanentError, ProviderError
from orchestrator.model.values import Secret
from orchestrator.seams.secrets import Answers, SecretPlugin

from .vaults import DENIED, SCHEMA, Vaults, VaultSettings

_VERSION: Final = re.compile(r"[0-9a-f]{32}")


class KeyVault:
    """The secrets of every vault that one identity may ask."""

    warnings: Sequence[str] = ()

    def __init__(self, vaults: Vaults) -> None:
        self._vaults = vaults

    @property
    def calls(self) -> Mapping[str, int]:
        """By operation."""
        return dict(self._vaults.counts)

    def resolve(self, references: Sequence[str]) -> Answers:
        """Every secret once, at the same time."""
        wanted = list(dict.fromkeys(_whole(text) for text in references))
        bodies = dict(zip(wanted, together(self._body, wanted), strict=True))

        def one(text: str) -> Secret:
            body = bodies[_whole(text)]
            at = read(text, _VERSION)
            if isinstance(body, ProviderError):
                raise self._told(at, body)
            return Secret(field(at, body[0]), text, body[1])

        return answered(references, one)

    def store(self, reference: str, value: str) -> str:
        """A new version of the secret, which is made where there is none."""
        at = read(reference, _VERSION)
        if at.version:
            raise refusal(reference, "a version is made by storing, and cannot be chosen", doing=STORING)
        vault, name = _parts(at)
        try:
            text = with_field(at, self._text_of(at), value)
            made = self._vaults.ask(vault, "SetSecret", lambda c: c.set_secret(name, text), reads=False)
        except PermanentError as error:
            raise self._told(at, error, STORING) from error
        return str(made.properties.version)

    def _text_of(self, at: Reference) -> str | None:
        """What is there, where only a field of it changes."""
        if not at.path:
            return None
        body = self._body(at.text.partition("#")[0])
        if isinstance(body, ProviderError):
            if body.code == "SecretNotFound":
                return None
            raise body
        return body[0]

    def _body(self, text: str) -> tuple[str, str] | ProviderError:
        """Text and version of a secret, or why they are not to be had."""
        at = read(text, _VERSION)
        try:
            vault, name = _parts(at)
            found = self._vaults.ask(vault, "GetSecret", lambda c: c.get_secret(name, at.version or None))
        except PermanentError as error:
            return error
        return str(found.value), str(found.properties.version)

    def _told(self, at: Reference, error: ProviderError, doing: str = "") -> ProviderError:
        more = {"doing": doing} if doing else {}
        if not isinstance(error, PermanentError) or error.message.startswith(at.text):
            return error
        match error.code:
            case "SecretNotFound":
                return missing(at.text, self._nowhere(at))
            case "Unauthorized":
                reason = f"the vault does not take the token: sign in again ({error.message})"
                return refusal(at.text, reason, EXPIRED, **more)
            case "SecretDisabled":
                return refusal(
                    at.text, "it is disabled in the vault: enable it, or name another version", error.code
                )
            case code if code in DENIED:
                role = "Key Vault Secrets Officer" if doing else "Key Vault Secrets User"
                reason = f"it is not allowed: the identity needs the role {role} ({error.message})"
                return refusal(at.text, reason, FORBIDDEN, **more)
            case _:
                return refusal(at.text, str(replace(error)), error.code, **more)

    def _nowhere(self, at: Reference) -> str:
        """There is none; the nearest name is told where names may be listed."""
        vault, name = _parts(at)
        version = f" with the version {at.version}" if at.version else ""
        try:
            known = self._vaults.ask(
                vault, "ListSecrets", lambda c: [str(p.name) for p in c.list_properties_of_secrets()]
            )
        except ProviderError:
            known = []
        near = "" if name in known else did_you_mean(name, known)
        return f"there is no such secret{version} in the vault {vault}{f'; {near}' if near else ''}"


def _whole(text: str) -> str:
    """The reference without its field: what one call answers."""
    at = read(text, _VERSION)
    return text if not at.path else text.replace(f"#{at.path}", "", 1)


def _parts(at: Reference) -> tuple[str, str]:
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
