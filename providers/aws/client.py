"""The only door to boto3: one session, lazy clients, every API call counted, every error in a family.

In: an operation's own name and parameters. Out: the parsed answer. Holds: the SDK never retries (the core owns
retries), and no exception of the SDK leaves this module.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.kit.web_pages import is_web_page
from orchestrator.model.errors import ProviderError
from orchestrator.model.values import Secret, reveal
from providers.aws import errors
from providers.aws.severed import refuse_severed

CONCURRENCY: Final = 8
_PAGE: Final = {"ec2": 1000, "rds": 100}


@dataclass(frozen=True, slots=True)
class Settings:
    """How to connect: a region, and optionally keys, a profile of the shared configuration, and an endpoint."""

    region: str
    endpoint: str = ""
    profile: str = ""
    access_key_id: str | Secret = ""
    secret_access_key: str | Secret = ""
    session_token: str | Secret = ""
    timeout: float = 60.0
    """Seconds to wait for one answer."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """As opsctl.yaml names them; without a region, AWS's usual chain says which."""
        return cls(
            region=given.get("region") or "",
            endpoint=given.get("endpoint") or "",
            profile=given.get("profile") or "",
            access_key_id=given.get("accessKeyId") or "",
            secret_access_key=given.get("secretAccessKey") or "",
            session_token=given.get("sessionToken") or "",
            timeout=given.get("timeout") or 60.0,
        )


@dataclass
class Client:
    """Calls to one account in one region. Safe to share between threads."""

    settings: Settings
    counts: Counter[str] = field(default_factory=Counter)
    made: set[str] = field(default_factory=set)
    """Ids of this run's new objects, which AWS may not know everywhere yet."""
    reached: bool = False
    """Whether AWS has answered this client at all: until then, an endpoint that is not there is a wrong one."""
    _clients: dict[str, Any] = field(default_factory=dict)
    _session: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _mine: threading.local = field(default_factory=threading.local)

    def call(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """One API call; secrets in ``params`` are revealed here. Raises one of the three families."""
        client = self._client(service, operation)
        name = _method(operation)
        with _mapped(operation, self):
            answer: dict[str, Any] = getattr(client, name)(**reveal(params))
            return answer

    def pages(self, service: str, operation: str, params: Mapping[str, Any], key: str) -> list[Any]:
        """The items under ``key`` of every page; operations that do not page answer one."""
        client = self._client(service, operation)
        name = _method(operation)
        with _mapped(operation, self):
            if not client.can_paginate(name):
                return list(getattr(client, name)(**params).get(key, ()))
            page = {"PageSize": _PAGE[service]} if service in _PAGE else {}
            answers = client.get_paginator(name).paginate(**params, PaginationConfig=page)
            return [item for answer in answers for item in answer.get(key, ())]

    @property
    def calls_of_this_thread(self) -> int:
        """How many calls the current thread has made: the difference of two looks is what a read took."""
        return getattr(self._mine, "calls", 0)

    def _client(self, service: str, operation: str) -> Any:
        with self._lock, _mapped(operation, self):
            if service not in self._clients:
                self._clients[service] = self._open(service)
            return self._clients[service]

    def _open(self, service: str) -> Any:
        try:
            import boto3  # noqa: PLC0415 - the SDK is imported by the first call
            from botocore.config import Config  # noqa: PLC0415
        except ImportError as error:
            said = "AWS needs boto3: install opsctl-orchestrator[aws]"
            raise errors.unusable(f"open {service}", said) from error
        if self._session is None:
            self._session = boto3.Session(**self._keys(), region_name=self.settings.region or None)
        style = {"addressing_style": "path"} if self.settings.endpoint else {}
        config = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=self.settings.timeout,
            max_pool_connections=CONCURRENCY,
            s3=style,
        )
        client = self._session.client(service, endpoint_url=self.settings.endpoint or None, config=config)
        client.meta.events.register("before-call", self._count)
        client.meta.events.register("after-call", self._answered)
        return client

    def _keys(self) -> dict[str, str]:
        given = {
            "aws_access_key_id": self.settings.access_key_id,
            "aws_secret_access_key": self.settings.secret_access_key,
            "aws_session_token": self.settings.session_token,
            "profile_name": self.settings.profile,
        }
        return {name: reveal(value) for name, value in given.items() if value}

    def _answered(self, http_response: Any, model: Any, **_: Any) -> None:
        refuse_severed(http_response, model)
        kind = str(http_response.headers.get("Content-Type", ""))
        page = kind.startswith("text/html") and not model.has_streaming_output
        if page and http_response.status_code < 500 and is_web_page(http_response.content):
            raise errors.foreign(model.name, str(http_response.url), http_response.status_code)
        self.reached = True

    def _count(self, model: Any, **_: Any) -> None:
        self._mine.calls = self.calls_of_this_thread + 1
        with self._lock:
            self.counts[model.name] += 1


def _method(operation: str) -> str:
    from botocore import xform_name  # noqa: PLC0415

    return str(xform_name(operation))


class _mapped:  # noqa: N801 - reads as a statement
    """Turns whatever the SDK raises inside into one of the three families."""

    def __init__(self, operation: str, client: Client) -> None:
        self.operation = operation
        self.client = client

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise the mapped error in place of the SDK's."""
        if error is None or isinstance(error, ProviderError):
            return
        mapped = _map(self.operation, error, self.client)
        if mapped is not None:
            raise mapped from error


def _map(operation: str, error: BaseException, client: Client) -> ProviderError | None:
    from botocore import exceptions as sdk  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    match error:
        case sdk.ClientError():
            return errors.answered(operation, error.response, client.made)
        case sdk.EndpointConnectionError() | sdk.ConnectTimeoutError() | sdk.ProxyConnectionError():
            said = f"cannot reach AWS: {error}"
            if client.reached:
                return errors.unsent(operation, said)
            return errors.unusable(operation, f"{said} (check the endpoint, the region and the network)")
        case sdk.ReadTimeoutError() if errors.is_read(operation) and not client.reached:
            return errors.unusable(operation, f"AWS does not answer: {error} (check the endpoint)")
        case sdk.NoCredentialsError():
            said = "no AWS credentials were found: set accessKeyId and secretAccessKey by reference, or a profile,"
            said += " or the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            return errors.unusable(operation, said)
        case sdk.HTTPClientError() | ResponseParserError():
            return errors.unanswered(operation, f"no whole answer from AWS: {error}")
        case sdk.BotoCoreError():
            return errors.unusable(operation, str(error))
        case _:
            return None
