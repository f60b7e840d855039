"""Secrets in Barbican: ``barbican:name#json.path@id``, or ``barbican:id``.

Enters: references, the settings of an OpenStack provider. Leaves: secrets whose version is the id of the object, since
Barbican's secrets are never changed: a new version is a new secret of the same name, and the newest one counts. Holds:
a name is two calls, an id is one; many are asked for at the same time, and one of which two fields are wanted once.
Protocol: the Key Manager API reference v1, by openstacksdk's key_manager. Not proved against a real service yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.kit.secret_references import (
    EXPIRED,
    FORBIDDEN,
    RESOLVING,
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
from providers.openstack import SETTINGS, errors
from providers.openstack.client import Client

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SERVICE: Final = "key-manager"
_LISTED: Final = 100


class Barbican(OneByOne[bytes]):
    """The secrets of one project."""

    versions = _ID

    def __init__(self, client: Client) -> None:
        """Keep the client; nothing is connected yet."""
        self._client = client

    @property
    def calls(self) -> Mapping[str, int]:
        """By operation."""
        return self._client.calls

    def store(self, reference: str, value: str) -> str:
        """Make a new secret of the name; older ones stay, and can still be pinned."""
        at = unpinned(reference, _ID, "an id")
        if _ID.fullmatch(at.name):
            raise refusal(reference, "an id is made by storing, and cannot be chosen", doing=STORING)
        try:
            text = with_field(at, self._text_of(at), value)
            body = {"name": at.name, "payload": text, "payload_content_type": "text/plain"}
            made = self._client.send(_SERVICE, "POST", "/secrets", {**body, "secret_type": "opaque"})
        except PermanentError as error:
            raise self.told(at, error, STORING) from error
        return _id(made["secret_ref"])

    def _text_of(self, at: Reference) -> str | None:
        """What is there, where only a field of it changes."""
        if not at.path:
            return None
        body = self.body(at)
        if isinstance(body, ProviderError):
            if errors.is_missing(body):
                return None
            raise body
        return _text(at, body[0])

    def body(self, at: Reference) -> tuple[bytes, str] | ProviderError:
        """Its payload."""
        try:
            id = at.version or (at.name if _ID.fullmatch(at.name) else self._newest(at.name))
            content = self._client.send(_SERVICE, "GET", f"/secrets/{id}/payload", accept="*/*")
        except PermanentError as error:
            return error
        return bytes(content), id

    def value(self, at: Reference, body: bytes, version: str) -> tuple[Any, str]:
        """The text, or a field of it."""
        return field(at, _text(at, body)), version

    def _newest(self, name: str) -> str:
        asked = {"name": name, "sort": "created:desc", "limit": _LISTED}
        found = self._client.get(_SERVICE, "/secrets", **asked)["secrets"]
        active = [s for s in found if s.get("name") == name and s.get("status", "ACTIVE") == "ACTIVE"]
        if not active:
            raise PermanentError("none of that name", RESOLVING, errors.MISSING)
        return _id(max(active, key=lambda s: str(s["created"]))["secret_ref"])

    def told(self, at: Reference, error: ProviderError, doing: str) -> ProviderError:
        """What is missing: the secret, the sign-in, a role."""
        if not isinstance(error, PermanentError) or error.message.startswith(at.text):
            return error
        match error.code:
            case errors.MISSING if doing == RESOLVING:
                return missing(at.text, self._nowhere(at))
            case errors.FORBIDDEN:
                role = "creator" if doing == STORING else "observer or creator"
                reason = f"it is not allowed: the user needs Barbican's role {role} ({error.message})"
                return refusal(at.text, reason, FORBIDDEN, doing=doing)
            case "AuthenticationFailed":
                return refusal(
                    at.text, f"Keystone refuses the credentials: {error.message}", EXPIRED, doing=doing
                )
            case _:
                return refusal(at.text, f"{error.operation}: {error.message}", error.code, doing=doing)

    def _nowhere(self, at: Reference) -> str:
        def names() -> list[str]:
            listed = self._client.get(_SERVICE, "/secrets", limit=_LISTED)["secrets"]
            return [str(s["name"]) for s in listed if s.get("name")]

        return nowhere(at, "this project", names, "id")


def _id(reference: str) -> str:
    return reference.rstrip("/").rpartition("/")[2]


def _text(at: Reference, payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise refusal(at.text, "it is binary, and not UTF-8 text") from None


def open_barbican(settings: Mapping[str, Any], folder: Path) -> Barbican:
    """The project's secrets; it is connected only when one is asked for."""
    del folder
    return Barbican(Client(settings, name="barbican"))


plugin: Final = SecretPlugin(
    "barbican",
    "barbican:name#json.path@id",
    "OpenStack's Barbican (not proved against a real service yet)",
    open_barbican,
    open_barbican,
    SETTINGS,
    family="openstack",
    permissions=("secrets:get", "secret:get", "secret:decrypt"),
    storing=("secrets:post",),
)
