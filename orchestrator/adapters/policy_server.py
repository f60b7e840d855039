"""An OPA server's REST API, through opa-python-client, with every failure in our words.

Enters: an address, modules, queries. Leaves: what the server answered, or one of the errors below. Holds: no
error of requests, of JSON or of the client library leaves this module.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Self
from urllib.parse import urlsplit

from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.errors import InvalidSpecError

_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_QUERY: Final = {"strict-builtin-errors": "true", "provenance": "true"}


@dataclass(frozen=True, slots=True)
class Reply:
    """A query's value, and what the server says of how it was found."""

    result: Any
    decision: str = ""
    """Only where the server keeps a decision log."""
    revisions: Mapping[str, str] = field(default_factory=dict)
    """Of the bundles that it has by itself."""


class ServerError(Exception):
    """The server cannot be reached, or does not answer as OPA does."""


class RejectedError(Exception):
    """The server does not accept a module: OPA's own errors, each with message and location."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(str(e.get("message")) for e in errors))
        self.errors = errors


class EvaluationError(Exception):
    """A rule failed; the message names the module and the line."""

    def __init__(self, message: str, module: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.module = module
        self.line = line


class UndefinedError(Exception):
    """The query has no result: what it asks is not there."""


@dataclass(frozen=True, slots=True)
class Access:
    """How the server lets us in. ``ca``, ``certificate`` and its ``key`` are paths of PEM files."""

    token: str = field(default="", repr=False)
    ca: str = ""
    certificate: str = ""
    key: str = ""
    """Where it does not stand in the certificate's file."""


class OpaServer:
    """One session with a server; a context manager. ``timeout`` is in seconds, for each call."""

    def __init__(self, url: str, timeout: float, access: Access) -> None:
        self.url = plain_url(url)
        self._timeout = timeout
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        self._client = _client_class()(
            host=f"[{host}]" if ":" in host else host,
            port=parts.port,
            ssl=_authority(access) if parts.scheme == "https" else False,
            cert=(access.certificate, access.key) if access.key else access.certificate or None,
            token=access.token or None,
            retries=0,
            timeout=timeout,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close_connection()

    def ready(self) -> bool:
        """Whether the server says that it is healthy, with every bundle of its own activated."""
        return bool(self._client.check_health({"bundles": "true"}))

    def put(self, id: str, text: str) -> None:
        """Store a module. Raises RejectedError or ServerError."""
        from opa_client.errors import RegoParseError  # noqa: PLC0415 - as above

        with self._translated():
            try:
                self._client.update_policy_from_string(text, id, rego_compat=False)
            except RegoParseError as error:
                if not any(isinstance(e, dict) and e.get("location") for e in error.errors):
                    raise
                raise RejectedError(list(error.errors)) from error

    def remove(self, id: str) -> None:
        """Remove a module; a server that does not is left as it is."""
        with contextlib.suppress(ServerError), self._translated():
            self._client.delete_policy(id)

    def syntax(self, id: str) -> Mapping[str, Any]:
        """A module's syntax tree. Raises UndefinedError where it is gone, or ServerError."""
        from opa_client.errors import PolicyNotFoundError  # noqa: PLC0415 - as above

        with self._translated():
            try:
                tree: Mapping[str, Any] = self._client.get_policy(id)["result"]["ast"]
            except PolicyNotFoundError as error:
                raise UndefinedError(id) from error
        return tree

    def modules(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Id, text and syntax tree of everything that is there. Raises ServerError."""
        with self._translated():
            found = self._client.everything()["result"] or []
            return [(str(m["id"]), str(m["raw"]), m["ast"]) for m in found]

    def query(self, package: str, rule: str, input: Mapping[str, Any]) -> Reply:
        """A rule's value. Raises UndefinedError, EvaluationError or ServerError."""
        with self._translated():
            answer = self._client.query_rule(dict(input), package, rule, query_params=_QUERY)
            if not isinstance(answer, dict):
                raise TypeError("no object")
        if "result" not in answer:
            raise UndefinedError(rule)
        bundles = (answer.get("provenance") or {}).get("bundles") or {}
        revisions = {name: str(about.get("revision", "")) for name, about in bundles.items()}
        return Reply(answer["result"], str(answer.get("decision_id", "")), revisions)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ServerError, RejectedError, EvaluationError, UndefinedError):
            raise
        except Exception as error:
            failure = _evaluation_error(error)
            if failure is not None:
                raise failure from error
            raise ServerError(f"the OPA server at {self.url} {self._reason(error)}") from error

    def _reason(self, error: Exception) -> str:
        import urllib3  # noqa: PLC0415 - as above
        from requests import exceptions  # noqa: PLC0415 - as above

        # Without retries a read timeout comes wrapped as a failed connection.
        inner = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(inner, urllib3.exceptions.ReadTimeoutError):
            error = exceptions.Timeout()
        match error:
            case exceptions.SSLError():
                return "cannot be trusted: its certificate was not accepted"
            case exceptions.Timeout():
                return f"did not answer within {self._timeout:g} seconds"
            case exceptions.HTTPError(response=response) if response is not None:
                return f"answered HTTP {response.status_code} {response.reason}"
            case ValueError() | KeyError() | TypeError():
                return "answered something that is not OPA's JSON"
            case exceptions.ConnectionError():
                return "cannot be reached"
            case _:
                said = getattr(error, "message", None) or str(error) or type(error).__name__
                return f"refused: {said}"


def _authority(access: Access) -> str | bool:
    """Whom the server's certificate must be signed by: the CA that the stack names, else this machine's."""
    return access.ca or next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), True)


@cache
def _client_class() -> Any:
    """The library's client, with a session that does only what we say, and one more call."""
    from opa_client.opa import OpaClient  # noqa: PLC0415 - lazy: only who uses a server pays for it
    from requests.utils import get_environ_proxies  # noqa: PLC0415 - as above

    class Client(OpaClient):  # type: ignore[misc]  # the library has no types
        def _init_session(self) -> Any:
            session = super()._init_session()
            session.proxies = get_environ_proxies(self.root_url)
            # Else REQUESTS_CA_BUNDLE stands over the CA that is named, and a .netrc over the token.
            session.trust_env = False
            return session

        def everything(self) -> Any:
            """Every module with its text and tree, whatever its id: some cannot be written in a URL."""
            answer = self._session.get(f"{self.root_url}/policies", timeout=self.timeout)
            answer.raise_for_status()
            return answer.json()

    return Client


def plain_url(url: str) -> str:
    """``scheme://host:port`` of a server's address, credentials dropped. Raises InvalidSpecError."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        port = None
    if port is None or not parts.hostname or parts.path.rstrip("/"):
        hint = "write http://host:port or https://host:port"
        raise InvalidSpecError((Diagnostic(f"{url!r} is not the address of an OPA server", hint=hint),))
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def _evaluation_error(error: Exception) -> EvaluationError | None:
    """OPA tells a rule's failure as HTTP 500 with a JSON body that names it."""
    response = getattr(error, "response", None)
    if response is None:
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    found = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        return None
    location = found[0].get("location") or {}
    return EvaluationError(
        str(found[0].get("message")), str(location.get("file", "")), location.get("row", 0)
    )
