"""Key Vault by the vendor's client: one a vault, opened when it is first asked; every error in a family.

Enters: how to sign in, and where vaults are. Leaves: a ``SecretClient`` of a vault. Holds: the SDK retries nothing
and logs nothing; a vault's token goes to that vault alone, as its challenge is checked against its address (but for
the sandbox, whose address is none of Key Vault's).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from orchestrator.model.errors import PermanentError, ProviderError

from . import errors
from .client import CONNECT_SECONDS, credential_of
from .settings import Settings

PUBLIC: Final = "https://{vault}.vault.azure.net"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """Where vaults are, and as whom to ask."""

    sign_in: Settings
    endpoint: str = PUBLIC
    """An address with ``{vault}`` in it."""
    certificates: str = ""
    """A file of certificates to trust instead of the usual ones."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> VaultSettings:
        """As opsctl.yaml names them. Raises ValueError with what is wrong."""
        endpoint = str(given.get("vaultEndpoint") or PUBLIC)
        if not endpoint.startswith("https://") or "{vault}" not in endpoint:
            raise ValueError(f"vaultEndpoint {endpoint!r} must be https and hold {{vault}}")
        sign_in = Settings(
            subscription="",
            tenant=str(given.get("tenant") or ""),
            credential=str(given.get("credential") or "default"),
            client=str(given.get("clientId") or ""),
            secret=str(given.get("clientSecret") or ""),
            timeout=float(given.get("timeout") or 60.0),
        )
        return cls(sign_in, endpoint, str(given.get("vaultCertificates") or ""))


@dataclass
class Vaults:
    """Every vault that one identity may ask. Safe to share between threads."""

    settings: VaultSettings
    counts: Counter[str] = field(default_factory=Counter)
    _credential: Any = None
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, vault: str, operation: str, call: Callable[[Any], T], *, reads: bool = True) -> T:
        """One call by the vault's client. Raises one of the three families."""
        client = self._client(vault)
        from azure.core import exceptions as sdk  # noqa: PLC0415 - lazy, as the client is

        with self._lock:
            self.counts[operation] += 1
        try:
            return call(client)
        except sdk.HttpResponseError as error:
            raise _answered(error, operation, reads=reads) from error
        except sdk.ServiceRequestError as error:
            message = f"the vault {vault} cannot be reached: {error} (check its name and the network)"
            raise PermanentError(message, operation, "Unreachable") from error
        except sdk.AzureError as error:
            raise errors.unanswered(str(error), operation=operation, reads=reads) from error

    def _client(self, vault: str) -> Any:
        with self._lock:
            if vault not in self._clients:
                self._clients[vault] = self._open(vault)
            return self._clients[vault]

    def _open(self, vault: str) -> Any:
        try:
            from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415
            from azure.keyvault.secrets import SecretClient  # noqa: PLC0415 - the SDK is loaded by the first call
        except ImportError as error:
            said = f"Key Vault needs its SDK ({error}): pip install 'opsctl-orchestrator[azure]'"
            raise PermanentError(said, "import azure", "NoSdk") from error
        settings = self.settings
        self._credential = self._credential or credential_of(settings.sign_in)
        return SecretClient(
            settings.endpoint.format(vault=vault),
            self._credential,
            transport=RequestsTransport(
                connection_timeout=CONNECT_SECONDS,
                read_timeout=settings.sign_in.timeout,
                connection_verify=settings.certificates or True,
            ),
            retry_total=0,
            verify_challenge_resource=settings.sign_in.credential != "sandbox",
        )


def _answered(error: Any, operation: str, *, reads: bool) -> ProviderError:
    from azure.core import exceptions as sdk  # noqa: PLC0415

    response = error.response
    if response is None:
        if isinstance(error, sdk.ClientAuthenticationError):
            return errors.no_credentials(str(error), operation=operation)
        return errors.unanswered(str(error), operation=operation, reads=reads)
    try:
        body = response.json()
    except ValueError:
        body = None
    given = response.headers.get("retry-after", "")
    return errors.refused(
        response.status_code,
        body,
        operation=operation,
        reads=reads,
        request_id=response.headers.get("x-ms-request-id", ""),
        retry_after=float(given) if given.isdigit() and int(given) else None,
    )
