"""Azure Resource Manager on the wire. The vendor's SDK is imported here (and for vaults, in `vaults`) when it calls.

Enters: methods, ids, bodies. Leaves: answers, or an error of the three families. Holds: the SDK neither
retries nor polls; every HTTP call is counted; a polling URL is followed only where the endpoint is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from orchestrator.kit.severed import MESSAGE, is_severed
from orchestrator.model.errors import PermanentError

from . import errors
from .settings import Settings

AGENT = "opsctl"
CONNECT_SECONDS = 10
SUBSCRIPTION_VERSION = "2022-12-01"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer below 400, or 404 where that was expected. Header names are lower case."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def request_id(self) -> str:
        """How the service's own logs name the call."""
        return self.headers.get("x-ms-request-id", "")

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, as the service says; None where it leaves it to us (0 is no word)."""
        return _seconds(self.headers)


class ArmClient:
    """One subscription. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.answered = False
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._pipeline: Any = None
        self._compute: dict[str, Any] = {}

    @property
    def calls(self) -> Mapping[str, int]:
        """How many HTTP calls were made, by method and type."""
        with self._lock:
            return dict(self._counts)

    def send(
        self,
        method: str,
        path: str,
        *,
        version: str,
        operation: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One HTTP call below the endpoint. A 404 is an answer; other refusals are raised."""
        parameters = {"api-version": version} if version else {}
        sent = {"Accept": "application/json", **(headers or {})}
        request = _sdk().HttpRequest(
            method, self.settings.endpoint + path, params=parameters, headers=sent, json=body
        )
        return self._run(request, operation)

    def follow(self, url: str, *, operation: str) -> Answer:
        """One GET of a URL that the service gave us; refused where it leads elsewhere."""
        if not self.trusts(url):
            raise PermanentError(
                f"the link {url} leads away from {self.settings.endpoint}", operation, "ForeignLink"
            )
        request = _sdk().HttpRequest("GET", url, headers={"Accept": "application/json"})
        return self._run(request, operation)

    def trusts(self, url: str) -> bool:
        """Whether our token may be sent there: the same origin, or a regional door of the same house."""
        here, there = urlsplit(self.settings.endpoint), urlsplit(url)
        if (here.scheme, here.netloc) == (there.scheme, there.netloc):
            return True
        return there.scheme == "https" and bool(here.hostname) and there.netloc.endswith(f".{here.hostname}")

    def pages(self, path: str, *, version: str, operation: str) -> Iterator[list[dict[str, Any]]]:
        """A list, page by page; nothing where the collection's parent is not there."""
        answer = self.send("GET", path, version=version, operation=operation)
        while answer.status != 404:
            yield list(answer.body.get("value", ()))
            link = answer.body.get("nextLink")
            if not link:
                return
            answer = self.follow(link, operation=operation)

    def machine(self, group: str, name: str, *, version: str, operation: str) -> Answer:
        """A virtual machine with its instance view, by the vendor's compute client: one call."""
        _sdk()
        from azure.core.exceptions import AzureError, HttpResponseError  # noqa: PLC0415

        self._count(operation)
        try:
            machines = self._typed(version).virtual_machines
            found = machines.get(group, name, expand="instanceView")
        except AzureError as error:
            if isinstance(error, HttpResponseError) and error.response is not None:
                return self._understood(error.response, operation)
            raise self._lost(error, operation, reads=True) from error
        except (
            ValueError
        ) as error:  # the typed client takes the end of the connection for the end of the answer
            raise errors.unanswered(f"no whole answer: {error}", operation=operation, reads=True) from error
        self.answered = True
        return Answer(200, found.as_dict(), {})

    def tenant(self) -> tuple[str, str]:
        """The subscription's id and tenant, as the service tells them."""
        path = f"/subscriptions/{self.settings.subscription}"
        answer = self.send("GET", path, version=SUBSCRIPTION_VERSION, operation="GET subscription")
        if answer.status == 404:
            raise errors.refused(404, answer.body, operation="GET subscription", reads=True)
        return str(answer.body["subscriptionId"]), str(answer.body.get("tenantId", ""))

    def _run(self, request: Any, operation: str) -> Answer:
        from azure.core.exceptions import AzureError  # noqa: PLC0415

        self._count(operation)
        try:
            response = self._client()._pipeline.run(request, stream=False).http_response  # noqa: SLF001
            return self._understood(response, operation)
        except AzureError as error:
            raise self._lost(error, operation, reads=request.method == "GET") from error

    def _understood(self, response: Any, operation: str) -> Answer:
        """The answer, or the error that it stands for."""
        self.answered = True
        headers = {name.lower(): value for name, value in response.headers.items()}
        method = response.request.method
        if is_severed(method, response.status_code, headers, empty=not response.content):
            raise errors.unanswered(MESSAGE, operation=operation, reads=method == "GET")
        try:
            body = response.json() if response.content else None
        except ValueError:
            place = str(response.request.url)
            foreign = errors.foreign(place, response.status_code, operation=operation, reads=method == "GET")
            if response.status_code < 500:  # a gateway in front of the service may say 502 in its own way
                raise foreign from None
            body = {"error": {"message": foreign.message}}
        if response.status_code < 400 or response.status_code == 404:
            return Answer(response.status_code, body, headers)
        raise errors.refused(
            response.status_code,
            body,
            operation=operation,
            reads=method == "GET",
            request_id=headers.get("x-ms-request-id", ""),
            retry_after=_seconds(headers),
        )

    def _lost(self, error: Exception, operation: str, *, reads: bool) -> Exception:
        """What it means that no answer came: nothing was sent, nobody knows, or nobody is signed in."""
        from azure.core import exceptions as sdk  # noqa: PLC0415

        match error:
            case sdk.ClientAuthenticationError():
                return errors.no_credentials(str(error), operation=operation)
            case sdk.ServiceRequestError():
                return errors.unsent(str(error), operation=operation, answered=self.answered)
            case sdk.ServiceResponseTimeoutError() if reads and not self.answered:
                return errors.unsent(str(error), operation=operation, answered=False)
            case _:
                return errors.unanswered(str(error), operation=operation, reads=reads)

    def _count(self, operation: str) -> None:
        with self._lock:
            self._counts[operation] += 1

    def _client(self) -> Any:
        from azure.mgmt.core import ARMPipelineClient  # noqa: PLC0415

        with self._lock:
            if self._pipeline is None:
                self._pipeline = ARMPipelineClient(
                    self.settings.endpoint,
                    policies=_policies(self.settings),
                    transport=_transport(self.settings),
                )
            return self._pipeline

    def _typed(self, version: str) -> Any:
        """The compute client on the same terms: no retries, our token, our way to poll (none)."""
        from azure.mgmt.compute import ComputeManagementClient  # noqa: PLC0415

        with self._lock:
            if version not in self._compute:
                self._compute[version] = ComputeManagementClient(
                    object(),  # never asked: our own policies carry the token
                    self.settings.subscription,
                    base_url=self.settings.endpoint,
                    credential_scopes=[_scope(self.settings)],
                    api_version=version,
                    policies=_policies(self.settings),
                    authentication_policy=_authentication(self.settings),
                    transport=_transport(self.settings),
                )
            return self._compute[version]


class _SandboxCredential:
    """The sandbox's own token, which opens nothing elsewhere."""

    def get_token(self, *_scopes: str, **_options: Any) -> Any:
        """See azure-core's TokenCredential."""
        from azure.core.credentials import AccessToken  # noqa: PLC0415

        return AccessToken("sandbox", int(time.time()) + 3600)


def _sdk() -> Any:
    """The SDK's request module, loaded with the first call; its log stays with whoever configures one."""
    try:
        import azure.mgmt.core  # noqa: PLC0415
        from azure.core import rest  # noqa: PLC0415
    except ImportError as error:
        message = f"the Azure SDK is not installed ({error}): pip install 'opsctl-orchestrator[azure]'"
        raise PermanentError(message, "import azure", "NoSdk") from error
    for name in (azure.__name__, "msal"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    return rest


def _seconds(headers: Mapping[str, str]) -> float | None:
    given = headers.get("retry-after", "")
    return float(given) if given.isdigit() and int(given) > 0 else None


def _scope(settings: Settings) -> str:
    return f"{settings.endpoint}/.default"


def _transport(settings: Settings) -> Any:
    from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415

    return RequestsTransport(
        connection_timeout=CONNECT_SECONDS,
        read_timeout=settings.timeout,
        use_env_settings=not settings.is_here,  # no proxy stands between us and this machine
    )


def _policies(settings: Settings) -> list[Any]:
    """What every call passes through; neither a retry nor a log policy is among it."""
    from azure.core.pipeline import policies  # noqa: PLC0415

    return [
        policies.RequestIdPolicy(),
        policies.UserAgentPolicy(AGENT),
        _authentication(settings),
    ]


def _authentication(settings: Settings) -> Any:
    if settings.credential == "sandbox":
        from azure.core.pipeline.policies import HeadersPolicy  # noqa: PLC0415

        return HeadersPolicy({"Authorization": "Bearer sandbox"})
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy  # noqa: PLC0415

    return ARMChallengeAuthenticationPolicy(credential_of(settings), _scope(settings))


def credential_of(settings: Settings) -> Any:
    """Who signs in, as the vendor's SDK wants it."""
    if settings.credential == "sandbox":
        return _SandboxCredential()
    from azure import identity  # noqa: PLC0415 - 0.25 s, paid only where a token is needed

    tenant = {"tenant_id": settings.tenant} if settings.tenant else {}
    match settings.credential:
        case "environment":
            return identity.EnvironmentCredential()
        case "cli":
            return identity.AzureCliCredential(**tenant)
        case "client-secret":
            return identity.ClientSecretCredential(settings.tenant, settings.client, settings.secret)
        case "managed-identity":
            return identity.ManagedIdentityCredential(client_id=settings.client or None)
        case "workload-identity":
            return identity.WorkloadIdentityCredential(**tenant)
        case _:
            return identity.DefaultAzureCredential(exclude_interactive_browser_credential=True)
