"""Key Vault by the vendor's clients: one a vault, opened when it is first asked; every error in a family.

Enters: how to sign in, and where vaults are. Leaves: the ``SecretClient`` or ``KeyClient`` of a vault. Holds: the SDK
retries nothing and logs nothing; a vault's token goes to that vault alone, as its challenge is checked against its
address. The sandbox's vaults go by their real addresses, since the SDK reads names out of them; its transport alone
knows where they are.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self, TypeVar
from urllib.parse import urlsplit

from orchestrator.kit.web_pages import is_web_page
from orchestrator.model.errors import PermanentError, ProviderError
from orchestrator.model.schema import Property

from . import errors
from .client import CONNECT_SECONDS, credential_of
from .settings import CREDENTIALS, Settings

PUBLIC: Final = "https://{vault}.vault.azure.net"
SCHEMA: Final = Property(
    "object",
    properties={
        "tenant": Property("string", "The tenant to sign in to."),
        "credential": Property("string", "Where tokens come from.", enum=CREDENTIALS),
        "clientId": Property("string", "Who signs in, for client-secret and managed-identity."),
        "clientSecret": Property("string", "By reference, for client-secret.", secret=True),
        "vaultEndpoint": Property("string", "Where vaults are, with {vault} in it; of another cloud."),
        "vaultCertificates": Property("string", "A file of certificates to trust."),
        "timeout": Property("number", "Seconds to wait for one answer.", minimum=1, default=60),
    },
)
DENIED: Final = frozenset(
    {"Forbidden", "ForbiddenByPolicy", "ForbiddenByRbac", "ForbiddenByFirewall", "HTTP403"}
)
"""Codes of a lack of rights."""
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
    of: Literal["secrets", "keys"] = "secrets"
    """Which of the vendor's clients asks."""
    counts: Counter[str] = field(default_factory=Counter)
    _credential: Any = None
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def ask(self, vault: str, operation: str, call: Callable[[Any], T], *, reads: bool = True) -> T:
        """One call by the vault's client. Raises one of the three families."""
        return self.run(vault, operation, lambda: call(self._client(vault)), reads=reads)

    def run(self, vault: str, operation: str, call: Callable[[], T], *, reads: bool = True) -> T:
        """One call by any client of the vendor's that these vaults have opened."""
        try:
            from azure.core import exceptions as sdk  # noqa: PLC0415 - the SDK is loaded by the first call
        except ImportError as error:
            raise _no_sdk(error) from error
        with self._lock:
            self.counts[operation] += 1
        try:
            return call()
        except sdk.HttpResponseError as error:
            raise _answered(error, operation, reads=reads) from error
        except json.JSONDecodeError as error:  # the SDK expects JSON behind a 200
            place = self.settings.endpoint.format(vault=vault)
            raise errors.foreign(place, 200, operation=operation, reads=reads) from error
        except sdk.ServiceRequestError as error:
            message = f"the vault {vault} cannot be reached: {error} (check its name and the network)"
            raise PermanentError(message, operation, "Unreachable") from error
        except sdk.AzureError as error:
            raise errors.unanswered(str(error), operation=operation, reads=reads) from error

    def cryptography(self, key: Any) -> Any:
        """The vendor's client for what is done with one key (a KeyVaultKey)."""
        from azure.keyvault.keys.crypto import CryptographyClient  # noqa: PLC0415

        return CryptographyClient(key, self._signed_in(), **self._options())

    def _client(self, vault: str) -> Any:
        with self._lock:
            if vault not in self._clients:
                self._clients[vault] = self._open(vault)
            return self._clients[vault]

    def _open(self, vault: str) -> Any:
        try:
            if self.of == "keys":
                from azure.keyvault.keys import KeyClient as Opened  # noqa: PLC0415
            else:
                from azure.keyvault.secrets import SecretClient as Opened  # noqa: PLC0415
        except ImportError as error:
            raise _no_sdk(error) from error
        address = PUBLIC if self._elsewhere else self.settings.endpoint
        return Opened(address.format(vault=vault), self._signed_in(), **self._options())

    @property
    def _elsewhere(self) -> bool:
        return self.settings.sign_in.credential == "sandbox"

    def _signed_in(self) -> Any:
        with self._lock:
            self._credential = self._credential or credential_of(self.settings.sign_in)
            return self._credential

    def _options(self) -> dict[str, Any]:
        from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415

        timeouts = {
            "connection_timeout": CONNECT_SECONDS,
            "read_timeout": self.settings.sign_in.timeout,
            "connection_verify": self.settings.certificates or True,
        }
        transport = RequestsTransport(**timeouts)
        if self._elsewhere:
            transport = _Rerouted(transport, self.settings.endpoint)
        return {"transport": transport, "retry_total": 0}


class _Rerouted:
    """A transport that knows where the sandbox's vaults really are."""

    def __init__(self, inner: Any, endpoint: str) -> None:
        self._inner = inner
        self._endpoint = endpoint

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __enter__(self) -> Self:
        self._inner.open()
        return self

    def __exit__(self, *ended: object) -> None:
        self._inner.close()

    def send(self, request: Any, **options: Any) -> Any:
        """To ``https://VAULT.vault.azure.net/…``, where that is."""
        meant = request.url
        parts = urlsplit(meant)
        vault = (parts.hostname or "").partition(".")[0]
        request.url = f"{self._endpoint.format(vault=vault)}{meant.partition(parts.netloc)[2]}"
        try:
            return self._inner.send(request, **options)
        finally:
            request.url = meant  # the SDK compares it with the vault's challenge


def _no_sdk(error: ImportError) -> PermanentError:
    said = f"Key Vault needs its SDK ({error}): pip install 'opsctl-orchestrator[azure]'"
    return PermanentError(said, "import azure", "NoSdk")


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
    if response.status_code < 400 or (body is None and is_web_page(response.text())):
        url = str(response.request.url)
        return errors.foreign(url, response.status_code, operation=operation, reads=reads)
    given = response.headers.get("retry-after", "")
    return errors.refused(
        response.status_code,
        _with_reason(body),
        operation=operation,
        reads=reads,
        request_id=response.headers.get("x-ms-request-id", ""),
        retry_after=float(given) if given.isdigit() and int(given) else None,
    )


def _with_reason(body: Any) -> Any:
    """An error whose code is the precise one: a vault says ``Forbidden``, and why in ``innererror``."""
    error = body.get("error") if isinstance(body, Mapping) else None
    inner = error.get("innererror") if isinstance(error, Mapping) else None
    if not isinstance(error, Mapping) or not isinstance(inner, Mapping) or not inner.get("code"):
        return body
    return {"error": {**error, "code": inner["code"]}}
