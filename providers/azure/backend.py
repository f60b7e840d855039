"""State in Azure Blob Storage: the log of objects of the kit, by conditional writes on etags.

Settings: ``account`` and ``container``; ``key``, the prefix under which every stack has a folder of its own (default
``opsctl``); ``endpoint`` where the account's address is another. Who signs in: ``connectionString``, ``accountKey`` or
``sasToken`` by reference; else ``credential`` (as the provider names them, by azure-identity) with ``tenant``,
``clientId`` and ``clientSecret``. The SDK repeats calls by itself: the log copes with repeated writes.
Protocol: Azure Storage, "Specifying conditional headers for Blob service operations".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from orchestrator.kit.object_blocks import Stored
from orchestrator.kit.object_log import ObjectLog
from orchestrator.kit.state_settings import refuse_unknown
from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from orchestrator.model.schema import Property
from orchestrator.model.values import reveal
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.clock import Clock
from orchestrator.seams.state import StateBackend

from .client import credential_of
from .settings import CREDENTIALS, Settings

_SECRETS: Final = ("connectionString", "accountKey", "sasToken", "clientSecret")
SETTINGS: Final = Property(
    "object",
    "objects in a container of Azure Blob Storage; for teams and CI runners",
    properties={
        "account": Property("string", "the storage account; or endpoint, or connectionString"),
        "container": Property("string", "the container; it has to be there", required=True),
        "key": Property(
            "string", "the prefix under which every stack has a folder of its own", default="opsctl"
        ),
        "endpoint": Property("string", "the account's address, where it is not the usual one"),
        "connectionString": Property("string", "by reference", secret=True),
        "accountKey": Property("string", "by reference", secret=True),
        "sasToken": Property("string", "by reference", secret=True),
        "clientSecret": Property("string", "by reference, of a service principal", secret=True),
        "credential": Property("string", "where tokens come from, without a key", enum=CREDENTIALS),
        "tenant": Property("string", "of the identity"),
        "clientId": Property("string", "of the identity"),
    },
)
_ADVICE: Final[Mapping[str, str]] = {
    "ContainerNotFound": "create the container {container}, or correct state.container",
    "AuthenticationFailed": "check the credentials, and this machine's clock",
    "AuthorizationFailure": "check the credentials and the account's firewall",
    "AuthorizationPermissionMismatch": "the identity needs the role Storage Blob Data Contributor on the container",
    "InvalidAuthenticationInfo": "check the credentials",
    "AccountIsDisabled": "the storage account is disabled",
}
T = TypeVar("T")


def open_backend(
    settings: Mapping[str, Any], *, stack: StackId, folder: Path, clock: Clock, cipher: Cipher
) -> StateBackend:
    """The state of ``stack``. Raises StateError where the settings are wrong; Azure is asked only when used."""
    del folder
    _check(settings)
    plain = reveal(settings)
    prefix = f"{str(plain.get('key', 'opsctl')).strip('/')}/{stack.replace('/', '+')}/"
    return ObjectLog(BlobStore(_client(plain), plain["container"], prefix), stack, clock, cipher)


def _check(settings: Mapping[str, Any]) -> None:
    refuse_unknown("azureblob", settings, SETTINGS)
    if not isinstance(settings.get("container"), str) or not settings["container"]:
        raise StateError("the azureblob backend needs a container: set state.container")
    if not any(settings.get(name) for name in ("account", "endpoint", "connectionString")):
        raise StateError(
            "the azureblob backend needs state.account, state.endpoint or state.connectionString"
        )
    for name in _SECRETS:
        if isinstance(settings.get(name), str):
            raise StateError(f"state.{name} must be a reference, such as env:AZURE_STORAGE_KEY or file:PATH")
    if settings.get("credential", "default") not in CREDENTIALS:
        raise StateError(
            f"state.credential is {settings['credential']!r}, and can be: {', '.join(CREDENTIALS[:-1])}"
        )


def _client(settings: Mapping[str, Any]) -> Any:
    try:
        from azure.storage.blob import ContainerClient, LinearRetry  # noqa: PLC0415 - only who keeps state here pays
    except ImportError as error:
        raise StateError("state in Azure needs its SDK: install opsctl-orchestrator[azure]") from error
    logging.getLogger("azure").addHandler(logging.NullHandler())
    options = {
        "retry_policy": LinearRetry(backoff=1, retry_total=3, random_jitter_range=1),
        "connection_timeout": 5,
        "read_timeout": 20,
    }
    container = settings["container"]
    try:
        if settings.get("connectionString"):
            return ContainerClient.from_connection_string(settings["connectionString"], container, **options)
        address = settings.get("endpoint") or f"https://{settings['account']}.blob.core.windows.net"
        return ContainerClient(address, container, credential=_credential(settings), **options)
    except ValueError as error:
        raise StateError(f"state in Azure cannot be reached: {error}") from error


def _credential(settings: Mapping[str, Any]) -> Any:
    if settings.get("accountKey"):
        # A name beside the key: an address that is not Azure's own does not tell the account.
        return (
            {"account_name": settings["account"], "account_key": settings["accountKey"]}
            if settings.get("account")
            else settings["accountKey"]
        )
    if settings.get("sasToken"):
        return settings["sasToken"]
    return credential_of(
        Settings(
            subscription="",
            tenant=str(settings.get("tenant") or ""),
            credential=str(settings.get("credential") or "default"),
            client=str(settings.get("clientId") or ""),
            secret=str(settings.get("clientSecret") or ""),
        )
    )


class BlobStore:
    """One folder of a container."""

    def __init__(self, client: Any, container: str, prefix: str) -> None:
        self._client = client
        self._container = container
        self._prefix = prefix

    @property
    def place(self) -> str:
        """As a person writes it."""
        return f"azblob://{self._client.account_name}/{self._container}/{self._prefix.rstrip('/')}"

    def get(self, key: str) -> Stored | None:
        """The object, or None."""

        def call() -> Stored:
            dates: list[str] = []
            download = self._client.download_blob(
                self._prefix + key,
                raw_response_hook=lambda answer: dates.append(answer.http_response.headers["Date"]),
            )
            data, about = download.readall(), download.properties
            age = (parsedate_to_datetime(dates[0]) - about.last_modified).total_seconds()
            return Stored(data, about.etag, max(0.0, age))

        return self._ask("Get Blob", call, none_on=("BlobNotFound",))

    def put_if_absent(self, key: str, data: bytes) -> str | None:
        """Write a new object; None where the key was taken."""
        return self._put(key, data, overwrite=False)

    def put_if_match(self, key: str, data: bytes, etag: str) -> str | None:
        """Overwrite that version; None where there is another, or none."""
        from azure.core import MatchConditions  # noqa: PLC0415 - see _client

        return self._put(key, data, overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)

    def list(self, prefix: str, *, after: str = "") -> Sequence[str]:
        """The keys with a prefix, in order, behind ``after``."""

        def call() -> Sequence[str]:
            names = self._client.list_blob_names(name_starts_with=self._prefix + prefix)
            keys = (name[len(self._prefix) :] for name in names)
            return sorted(key for key in keys if key > after)

        return self._ask("List Blobs", call) or []

    def delete(self, key: str) -> None:
        """Remove the object, if it is there."""
        self._ask(
            "Delete Blob", lambda: self._client.delete_blob(self._prefix + key), none_on=("BlobNotFound",)
        )

    def _put(self, key: str, data: bytes, **condition: Any) -> str | None:
        def write() -> str:
            blob = self._client.get_blob_client(self._prefix + key)
            return str(blob.upload_blob(data, **condition)["etag"])

        refusals = ("BlobAlreadyExists", "ConditionNotMet", "BlobNotFound")
        return self._ask("Put Blob", write, none_on=refusals)

    def _ask(self, operation: str, call: Callable[[], T], *, none_on: Sequence[str] = ()) -> T | None:
        from azure.core import exceptions as sdk  # noqa: PLC0415 - see _client

        try:
            return call()
        except sdk.HttpResponseError as error:
            told = getattr(error, "error_code", None)
            code = str(getattr(told, "value", told) or error.status_code or "")
            if code in none_on:
                return None
            raise self._refused(operation, code, error) from error
        except (sdk.AzureError, OSError) as error:
            raise StateError(
                f"state at {self.place}: {operation}: {error}; check the account, the credentials and the network"
            ) from error

    def _refused(self, operation: str, code: str, error: Any) -> StateError:
        said = str(error.message or error).splitlines()[0]
        headers = error.response.headers if error.response is not None else {}
        request = headers.get("x-ms-request-id", "")
        advice = _ADVICE.get(code, "").format(container=self._container)
        return StateError(
            f"state at {self.place}: {operation}: {code}: {said}"
            + (f" (request id {request})" if request else "")
            + (f"; {advice}" if advice else "")
        )
