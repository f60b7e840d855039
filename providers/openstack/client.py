"""The one door to openstacksdk: connected lazily, every HTTP call counted, nothing retried, nothing coerced.

Enters: a service, a method, a path and a JSON body. Leaves: the parsed answer, or one of the three families. The
SDK does what it is good at (clouds.yaml, tokens, catalogue, version discovery); bodies go as they are, because its
resource classes turn "12x" into 0 and swallow 404s.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from orchestrator.kit.severed import MESSAGE, is_severed
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import PermanentError, ProviderError
from orchestrator.model.values import Secret
from providers.openstack.errors import Answer, foreign, is_missing, translate, unheard

MICROVERSIONS: Final = {"compute": "2.79", "volume": "3.59"}
"""Pinned to the oldest release that does what the kinds need (2019, "Train"), so that answers keep their shape."""
PAGE: Final = 1000
_PROXIES: Final = {
    "network": "network", "compute": "compute", "volume": "block_storage", "image": "image",
    "key-manager": "key_manager", "load-balancer": "load_balancer", "identity": "identity", "dns": "dns",
    "object-store": "object_store",
}  # fmt: skip
_AUTH: Final = (
    "auth_url", "username", "password", "project_name", "project_id", "user_domain_name", "project_domain_name",
    "application_credential_id", "application_credential_secret",
)  # fmt: skip
_BY_OFFSET: Final = frozenset(("key-manager",))
"""Services that count how much was read in place of naming the last object."""
_LAST: Final = "X-Openstack-Request-Id"
"""Written by Swift's outermost middleware (catch_errors) behind all other headers: without it, some may be missing."""
_SILENT: Final = frozenset(("/os-server-groups",))
"""Lists that do not say whether there is more: they are read on while a page is full."""
_CREDENTIALS: Final = "set cloud (a name in clouds.yaml), or auth_url, username, password and project_name, or the variables OS_*"
_PLACES: Final = "looked for in OS_CLIENT_CONFIG_FILE, this folder, ~/.config/openstack and /etc/openstack"
_ON_THE_WAY: Final = frozenset(
    (
        "ConnectFailure", "ConnectTimeout", "ConnectionError", "UnknownConnectionError", "Timeout", "SSLFailure",
        "ChunkedEncodingError", "ContentDecodingError", "IncompleteRead", "ProtocolError",
    )
)  # fmt: skip
"""Errors of the way there and back, half an answer among them: whether the call took effect is not known."""
_ID = re.compile(r"/(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=/|$)")


class Client:
    """One configured cloud. Safe to share between threads."""

    def __init__(self, settings: Mapping[str, Any], *, name: str) -> None:
        """Keep the settings; nothing is imported or connected before the first call."""
        self._settings = settings
        self._name = name
        self._lock = threading.Lock()
        self._connecting = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._mine = threading.local()
        self._connection: Any = None

    @property
    def calls(self) -> Mapping[str, int]:
        """How many HTTP calls were made, by operation; tokens and version discovery are among them."""
        with self._lock:
            return dict(self._calls)

    @property
    def made_here(self) -> int:
        """How many HTTP calls this thread has made: others go on at the same time."""
        return int(getattr(self._mine, "calls", 0))

    def project(self) -> str:
        """Give the id of the project that the credentials are for."""
        return str(self._connected().current_project_id)

    def user(self) -> str:
        """Give the id of the user whose credentials are used."""
        return str(self._connected().current_user_id)

    def endpoint(self, service: str) -> str:
        """Give the address of a service, without a slash at its end."""
        return str(self._proxy(service, f"find {service}").get_endpoint()).rstrip("/")

    def get(self, service: str, path: str, **query: Any) -> Any:
        """Read one thing; raises the three families."""
        return self.send(service, "GET", path, query=query)

    def peek(self, service: str, path: str, **query: Any) -> Any:
        """Read one thing, or give None where it is not there."""
        try:
            return self.get(service, path, **query)
        except PermanentError as error:
            if is_missing(error):
                return None
            raise

    def batches(self, service: str, path: str, key: str, **query: Any) -> Iterator[list[Mapping[str, Any]]]:
        """Read a list page by page, each when it is asked for."""
        query = {"limit": int(self._settings.get("page", PAGE)), **query}
        while True:
            answer = self.get(service, path, **query)
            items = answer[key]
            yield items
            more = len(items) == query["limit"] if path in _SILENT else _goes_on(answer, key)
            if not items or not more:
                return
            if service in _BY_OFFSET or path in _SILENT:
                query["offset"] = query.get("offset", 0) + len(items)
                continue
            if query.get("marker") == items[-1]["id"]:  # it cuts the list, and does not go on from there
                return
            query["marker"] = items[-1]["id"]

    def pages(self, service: str, path: str, key: str, **query: Any) -> Iterator[Mapping[str, Any]]:
        """Read a whole list in big pages."""
        return (item for page in self.batches(service, path, key, **query) for item in page)

    def send(
        self,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        accept: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Make one call; gives the parsed body, None where there is none, bytes where no JSON is accepted."""
        more: dict[str, Any] = {"json": body} if body is not None else {}
        more["headers"] = {"Accept": accept, **(headers or {})}
        if query:
            more["params"] = query
        answer = self._answer(service, method, path, more)
        if accept != "application/json":
            return answer.content
        parsed = _parsed(answer)
        if isinstance(parsed, str):
            operation = _operation(service, method, path)
            raise foreign(operation, str(answer.url), answer.status_code, writes=_writes(method))
        return parsed

    def exchange(
        self,
        service: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: Iterable[bytes] | None = None,
    ) -> Mapping[str, str]:
        """Make one call of which headers say everything, with data as it is; gives the answer's headers.

        `data` is iterated again where the call is made again with a new token.
        """
        more: dict[str, Any] = {"headers": {"Accept": "*/*", **(headers or {})}}
        if data is not None:
            more["data"] = data
        told: Mapping[str, str] = self._answer(service, method, path, more).headers
        if method == "HEAD" and _LAST not in told:
            raise unheard(_operation(service, method, path), MESSAGE, sent=True, writes=False)
        return dict(told)

    def _answer(self, service: str, method: str, path: str, more: dict[str, Any]) -> Any:
        operation = _operation(service, method, path)
        proxy = self._proxy(service, operation)
        if service in MICROVERSIONS:
            more["microversion"] = MICROVERSIONS[service]
        answer = self._ask(proxy, method, path, operation, more)
        if answer.status_code >= 400:
            parsed = _parsed(answer)
            if service == "object-store" and isinstance(parsed, str):
                parsed = {"title": HTTPStatus(answer.status_code).phrase, "message": _words(parsed)}
            raise translate(_refusal(answer, parsed, operation, writes=_writes(method)))
        return answer

    def _proxy(self, service: str, operation: str) -> Any:
        """The SDK's way to a service; the first call finds out which versions it has."""
        connection = self._connected()
        with self._mapped(operation, writes=False):
            return getattr(connection, _PROXIES[service])

    def _ask(self, proxy: Any, method: str, path: str, operation: str, more: Mapping[str, Any]) -> Any:
        with self._mapped(operation, writes=_writes(method)):
            return proxy.request(
                path,
                method,
                connect_retries=0,
                status_code_retries=0,
                raise_exc=False,
                **more,
            )

    @contextmanager
    def _mapped(self, operation: str, *, writes: bool) -> Iterator[None]:
        """Turns what the SDK raises inside into one of the three families.

        Where the way broke while it looked for a service's versions, the SDK says that there are none.
        """
        from keystoneauth1 import exceptions as wire  # noqa: PLC0415 - lazy: the SDK costs 0.3 s
        from openstack import exceptions as sdk  # noqa: PLC0415

        self._mine.broken = ""
        try:
            yield
        except (wire.ClientException, sdk.SDKException) as error:
            mapped = _unanswered(error, operation, writes=writes)
            if self._mine.broken and isinstance(mapped, PermanentError):
                mapped = unheard(operation, self._mine.broken, sent=False, writes=writes)
            raise mapped from error

    def _connected(self) -> Any:
        if self._connection is None:
            with self._connecting:  # one token for all threads
                self._connection = self._connection or self._connect()
        return self._connection

    def _connect(self) -> Any:
        import openstack  # noqa: PLC0415 - lazy
        from keystoneauth1 import exceptions as wire  # noqa: PLC0415
        from openstack import exceptions as sdk  # noqa: PLC0415

        try:
            with warnings.catch_warnings():  # it warns of its own optional parts
                warnings.simplefilter("ignore")
                connection = openstack.connect(**self._arguments())
                self._count_from(connection.session)
                connection.authorize()
        except sdk.ConfigException as error:
            said = self._misconfigured(_first_line(error))
            raise PermanentError(f"{self._name}: {said}", "connect", "Configuration") from error
        except (wire.ClientException, sdk.SDKException) as error:
            raise _unconnected(error, f"connect {self._name}", whose=self._whose()) from error
        self._check_region(connection)
        return connection

    def _misconfigured(self, said: str) -> str:
        """What is wrong, and what there is instead: as the files say, nobody is asked."""
        if "cloud" not in self._settings:
            return f"{said}; {_CREDENTIALS}"
        from openstack.config import OpenStackConfig  # noqa: PLC0415 - lazy

        known, cloud = OpenStackConfig(), str(self._settings["cloud"])
        names = sorted(known.get_cloud_names())
        if not known.config_filename:
            return f"{said} There is no clouds.yaml ({_PLACES}); {_CREDENTIALS}"
        if cloud not in names:
            near = did_you_mean(cloud, names)
            has = f"{known.config_filename} has {', '.join(names) or 'none'}"
            return f"{said} ({has}{f'; {near}' if near else ''}); {_CREDENTIALS}"
        regions = re.search(r"Valid choices are (.*?)\.", said)
        near = did_you_mean(str(self._region()), regions[1].split(", ")) if regions else ""
        return f"{said}{f' ({near})' if near else ''}"

    def _region(self) -> Any:
        return self._settings.get("region_name") or self._settings.get("region")

    def _whose(self) -> str:
        """Whose credentials were refused, in the settings' own words."""
        said = [
            f"{n} {self._settings[n]!r}" for n in ("cloud", "username", "project_name") if n in self._settings
        ]
        return ", ".join(said)

    def _check_region(self, connection: Any) -> None:
        """Raise PermanentError where the catalogue has nothing of the region that was asked for."""
        wanted = connection.config.region_name
        entries = connection.session.auth.get_access(connection.session).service_catalog.catalog
        known = {str(e.get("region_id") or e.get("region")) for entry in entries for e in entry["endpoints"]}
        if wanted and known and wanted not in known:
            near = did_you_mean(str(wanted), sorted(known))
            said = f"{self._name}: no service is in the region {wanted!r}; known: {', '.join(sorted(known))}"
            raise PermanentError(f"{said}{f' ({near})' if near else ''}", "connect", "NoRegion")

    def _arguments(self) -> dict[str, Any]:
        plain = {
            k: v.value if isinstance(v, Secret) else v for k, v in self._settings.items() if v is not None
        }
        endpoint = plain.get("endpoint")
        auth = {name: plain[name] for name in _AUTH if name in plain}
        if endpoint and endpoint != "sandbox":
            auth.setdefault("auth_url", endpoint)
        arguments: dict[str, Any] = {"api_timeout": plain.get("timeout", 60), "app_name": "opsctl"}
        if auth:
            arguments["auth"] = auth
        if "application_credential_id" in auth:
            arguments["auth_type"] = "v3applicationcredential"
        for name in ("cloud", "interface", "cacert"):
            if name in plain:
                arguments[name] = plain[name]
        if region := self._region():
            arguments["region_name"] = region
        if "auth_url" in auth and "cloud" not in plain:
            arguments |= {"load_yaml_config": False, "load_envvars": False}
        return arguments

    def _count_from(self, session: Any) -> None:
        """Count on the wire: what the SDK asks on its own behalf counts too.

        An identity service that wants a token for its list of versions would have keystoneauth fetch one while it
        fetches one, and wait for itself for ever: it hears that nothing can be discovered, and asks at /v3.
        """
        from keystoneauth1 import exceptions as wire  # noqa: PLC0415
        from requests import exceptions as broken  # noqa: PLC0415 - with the SDK

        inner = session.session
        send = inner.send

        def whole(request: Any, **more: Any) -> Any:
            answer = send(request, **more)
            if is_severed(request.method, answer.status_code, answer.headers, empty=not answer.content):
                raise broken.ConnectionError(MESSAGE)
            return answer

        def counted(request: Any, **more: Any) -> Any:
            path = _ID.sub("/{id}", str(request.path_url).partition("?")[0])
            self._mine.calls = self.made_here + 1
            with self._lock:
                self._calls[f"{request.method} {path}"] += 1
            try:
                answer = whole(request, **more)
            except broken.RequestException as error:
                self._mine.broken = _first_line(error)
                raise
            if answer.status_code == 401 and request.method == "GET" and self._connection is None:
                raise wire.DiscoveryFailure(f"{request.url} answers 401 to whoever asks for its versions")
            return answer

        inner.send = counted


def _operation(service: str, method: str, path: str) -> str:
    return f"{method} {service} {_ID.sub('/{id}', path)}"


def _words(page: str) -> str:
    """Swift's refusals are small web pages; what counts is their paragraph."""
    found = re.search(r"<p>(.*?)</p>", page, re.DOTALL)
    return " ".join((found[1] if found else page).split())


def _writes(method: str) -> bool:
    """Whether a call that was not answered must be settled first.

    PUT says how an object is to be, and DELETE that it is to be gone: to make them again does no harm.
    """
    return method == "POST"


def _goes_on(answer: Mapping[str, Any], key: str) -> bool:
    links = answer.get(f"{key}_links") or answer.get(f"{key.removesuffix('s')}_links") or ()
    own = answer.get("links")
    further = own.get("next") if isinstance(own, Mapping) else None  # Keystone, Designate
    return bool(answer.get("next") or further) or any(link.get("rel") == "next" for link in links)


def _parsed(answer: Any) -> Any:
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return answer.text


def _refusal(answer: Any, parsed: Any, operation: str, *, writes: bool) -> Answer:
    wait = answer.headers.get("Retry-After", "")
    return Answer(
        operation=operation,
        status=answer.status_code,
        body=parsed,
        request_id=answer.headers.get("x-openstack-request-id", ""),
        retry_after=float(wait) if wait.isdigit() else None,
        writes=writes,
        url=str(answer.url),
    )


def _unanswered(error: Exception, operation: str, *, writes: bool) -> ProviderError:
    """Tell apart: refused by Keystone, a name that is not served, never sent, and not heard."""
    for cause in _causes(error):
        response = getattr(cause, "response", None)
        if response is not None and response.status_code < 400:
            return foreign(operation, str(response.url), response.status_code, writes=writes)
        if response is not None:
            return translate(_refusal(response, _parsed(response), operation, writes=writes))
    names = {type(cause).__name__ for cause in _causes(error)}
    if names & _ON_THE_WAY:
        unsent = bool(
            names & {"NewConnectionError", "ConnectTimeoutError", "NameResolutionError", "SSLFailure"}
        )
        return unheard(operation, _first_line(error), sent=not unsent, writes=writes)
    return PermanentError(_first_line(error), operation, type(error).__name__)


def _unconnected(error: Exception, operation: str, *, whose: str) -> ProviderError:
    """Nothing has ever answered there: it is the wrong place, and trying again does not help."""
    mapped = _unanswered(error, operation, writes=False)
    if any("Missing" in type(cause).__name__ for cause in _causes(error)):
        said = f"no OpenStack credentials: {mapped.message}; {_CREDENTIALS}"
        return PermanentError(said, operation, "NoCredentials")
    if mapped.code == "AuthenticationFailed" and whose:
        advice = "is the password right and not expired, and has the user a role in the project?"
        return PermanentError(f"{mapped.message} ({whose}: {advice})", operation, mapped.code)
    late = any("Timeout" in type(cause).__name__ for cause in _causes(error))
    if mapped.code != "Unreachable" and not (late and mapped.code == "NoAnswer"):
        return mapped
    advice = "check the endpoint (auth_url) and the network"
    return PermanentError(f"{mapped.message} ({advice})", operation, mapped.code)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
