"""One Vault (or OpenBao) as configured: who we are there, and every error in one of the three families.

Enters: ``address``, ``namespace``, ``certificates``, and a ``token``, or an AppRole (``roleId``, ``secretId``); what is
not set comes from VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT, VAULT_TOKEN or ~/.vault-token, as the vendor's own tools
take it. Leaves: calls by hvac. Holds: nothing is retried here; a token travels by HTTPS, or to this machine.
Protocol: Vault's HTTP API reference.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from orchestrator.kit.secret_references import EXPIRED, FORBIDDEN, MISSING
from orchestrator.kit.web_pages import is_web_page
from orchestrator.model.errors import PermanentError, ProviderError, TransientError
from orchestrator.model.schema import Property

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
CONFLICT: Final = "Conflict"
SETTINGS: Final[Mapping[str, Property]] = {
    "address": Property("string", "where it is, such as https://vault.example.org:8200; else VAULT_ADDR"),
    "namespace": Property("string", "a namespace of Vault Enterprise or OpenBao; else VAULT_NAMESPACE"),
    "certificates": Property("string", "a file of certificates to trust; else VAULT_CACERT"),
    "token": Property("string", "by reference; else VAULT_TOKEN or ~/.vault-token", secret=True),
    "roleId": Property("string", "of an AppRole, in place of a token"),
    "secretId": Property("string", "of an AppRole, by reference", secret=True),
    "appRole": Property("string", "where the AppRole method is mounted", default="approle"),
    "timeout": Property("number", "seconds to wait for one answer", minimum=1, default=30),
}
T = TypeVar("T")


class VaultClient:
    """Signed in with the first call. Safe to share between threads."""

    def __init__(self, settings: Mapping[str, Any], place: str = "secrets.vault") -> None:
        """``place``: where opsctl.yaml has the settings. Raises PermanentError where they cannot be used."""
        self._settings = settings
        self._place = place
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._client: Any = None
        self.address = str(settings.get("address") or os.environ.get("VAULT_ADDR") or "")
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            said = f"the vault's address is not known: set {place}.address in opsctl.yaml, or VAULT_ADDR"
            raise PermanentError(said, "configure", "Configuration")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            said = f"the vault's address {self.address} must be https: tokens travel over it"
            raise PermanentError(said, "configure", "Configuration")

    @property
    def calls(self) -> Mapping[str, int]:
        """By operation."""
        with self._lock:
            return dict(self._counts)

    def ask(self, operation: str, call: Callable[[Any], T]) -> T:
        """One call. Raises PermanentError (``NotFound``, ``Forbidden``, ``Expired``, ``Conflict``) or TransientError."""
        client = self._signed_in()
        return self._counted(operation, client, call)

    def _counted(self, operation: str, client: Any, call: Callable[[Any], T]) -> T:
        import requests  # noqa: PLC0415 - what hvac speaks with
        from hvac import exceptions as said  # noqa: PLC0415

        with self._lock:
            self._counts[operation] += 1
        try:
            answer = call(client)
        except said.VaultError as error:
            raise self._told(error, operation, client) from error
        except requests.exceptions.ReadTimeout as error:
            raise TransientError(f"{self.address} does not answer in time", operation, "NoAnswer") from error
        except requests.exceptions.RequestException as error:
            reason = _reason(error)
            message = f"{self.address} cannot be reached: {reason} (check the address and the network)"
            raise PermanentError(message, operation, "Unreachable") from error
        if isinstance(answer, requests.Response) and answer.status_code == 200:
            raise self._no_service(operation)  # hvac gives the response itself where it is no JSON
        return answer

    def _signed_in(self) -> Any:
        with self._lock:
            client = self._client
        if client is None:
            client = self._open()
            if self._settings.get("roleId"):
                self._counted("login", client, self._log_in)
            elif not client.token:
                said = f"there is no token: set {self._place}.token by reference, an AppRole, or VAULT_TOKEN"
                raise PermanentError(said, "sign in", "NoCredentials")
            with self._lock:
                self._client = client
        return client

    def _log_in(self, client: Any) -> None:
        client.auth.approle.login(
            role_id=self._settings["roleId"],
            secret_id=self._settings.get("secretId"),
            mount_point=self._settings.get("appRole") or "approle",
        )

    def _open(self) -> Any:
        try:
            import hvac  # noqa: PLC0415 - loaded by the first call
        except ImportError as error:
            said = f"Vault needs hvac ({error}): pip install 'opsctl-orchestrator[vault]'"
            raise PermanentError(said, "import hvac", "NoSdk") from error
        given = self._settings
        return hvac.Client(
            url=self.address,
            token=given.get("token") or ("" if given.get("roleId") else None),
            namespace=given.get("namespace") or os.environ.get("VAULT_NAMESPACE"),
            verify=given.get("certificates") or os.environ.get("VAULT_CACERT") or True,
            timeout=given.get("timeout") or 30,
        )

    def _told(self, error: Any, operation: str, client: Any) -> ProviderError:
        from hvac import exceptions as said  # noqa: PLC0415

        message = str(error.args[0] or "no reason given").strip()
        if is_web_page(getattr(error, "text", None) or message):
            return self._no_service(operation)
        match error:
            case said.InvalidPath():
                return PermanentError(message, operation, MISSING)
            case said.Forbidden() | said.Unauthorized():
                return self._refused(message, operation, client)
            case said.InvalidRequest() if "check-and-set" in message:
                return TransientError("somebody else wrote it meanwhile", operation, CONFLICT)
            case said.InvalidRequest() if operation == "login":
                return PermanentError(f"the AppRole is refused: {message}", operation, EXPIRED)
            case said.VaultDown():
                why = f"{self.address} is sealed or in maintenance: {message}"
                return TransientError(why, operation, "Unavailable")
            case said.RateLimitExceeded():
                return TransientError(message, operation, "TooManyRequests", throttled=True)
            case said.InternalServerError() | said.BadGateway():
                return TransientError(message, operation, type(error).__name__)
            case _:
                return PermanentError(message, operation, type(error).__name__)

    def _no_service(self, operation: str) -> PermanentError:
        said = f"{self.address} answers with a web page, or with no JSON: is it Vault's address, or a proxy?"
        return PermanentError(said, operation, "NoService")

    def _refused(self, message: str, operation: str, client: Any) -> PermanentError:
        """Vault says the same to a token that has expired and to one that may not: the token itself is asked."""
        from hvac import exceptions as said  # noqa: PLC0415

        if operation == "login":
            return PermanentError(f"the AppRole is refused: {message}", operation, EXPIRED)
        with self._lock:
            self._counts["lookup-self"] += 1
        try:
            client.auth.token.lookup_self()
        except said.VaultError:
            return PermanentError("the token is not valid, or has expired: sign in again", operation, EXPIRED)
        return PermanentError(f"it is not allowed: {message}", operation, FORBIDDEN)


def _reason(error: Exception) -> str:
    """The innermost cause of a failed connection, in one line."""
    cause: Any = error
    while getattr(cause, "args", None) and isinstance(cause.args[0], Exception):
        cause = cause.args[0]
    said = str(getattr(cause, "reason", None) or cause).rpartition(": ")[2]
    return said.rpartition("] ")[2] or str(error)
