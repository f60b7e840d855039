"""HTTP with JSON: every call counted, none repeated, every failure in one of the three families.

The status decides, as HTTP has it (RFC 9110, and RFC 6585 for 429). Of a write without an answer, or with a 5xx other
than 503, nobody can tell whether it took effect: that is an unknown outcome, and never transient.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from orchestrator.kit.severed import MESSAGE, is_severed
from orchestrator.kit.web_pages import is_web_page
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, ProviderError, TransientError
from orchestrator.model.values import reveal

CODES: Final = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 412: "Conflict"}
_ID_HEADERS: Final = ("x-request-id", "request-id")


class RestClient:
    """One API at one address. Safe to share between threads; it connects with the first call."""

    def __init__(self, base: str, headers: Mapping[str, Any] | None = None, *, timeout: float = 60.0) -> None:
        """``headers`` go with every call; secrets in them are revealed when they are sent."""
        self._base = base.rstrip("/")
        self._headers = dict(headers or {})
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._mine = threading.local()
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=5, read=timeout), retries=False, maxsize=8
        )

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls were made, by operation."""
        with self._lock:
            return dict(self._calls)

    @property
    def made_here(self) -> int:
        """How many calls this thread has made."""
        return int(getattr(self._mine, "calls", 0))

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        operation: str = "",
    ) -> Any:
        """One call: the parsed answer, None where it is empty. Raises one of the three families."""
        named = operation or f"{method} {path}"
        with self._lock:
            self._calls[named] += 1
        self._mine.calls = self.made_here + 1
        sent = {"Accept": "application/json", **reveal(self._headers), **(headers or {})}
        writes = method != "GET"
        try:
            answer = self._pool.request(
                method,
                self._base + path,
                fields=dict(query) if query else None,
                body=json.dumps(reveal(dict(body))).encode() if body is not None else None,
                headers={**sent, **({"Content-Type": "application/json"} if body is not None else {})},
            )
        except HTTPError as error:
            raise _unanswered(error, named, writes=writes) from error
        if is_severed(method, answer.status, answer.headers, empty=not answer.data):
            raise (OutcomeUnknownError if writes else TransientError)(MESSAGE, named, "NoAnswer")
        return _read(answer, named, writes=writes)

    def peek(self, path: str, *, operation: str = "") -> Any:
        """Read one thing; None where it is not there."""
        try:
            return self.ask("GET", path, operation=operation)
        except PermanentError as error:
            if error.code == "NotFound":
                return None
            raise


def _read(answer: Any, operation: str, *, writes: bool) -> Any:
    request_id = next((answer.headers[h] for h in _ID_HEADERS if h in answer.headers), "")
    if answer.status >= 400:
        raise _refused(answer, operation, request_id, writes=writes)
    if not answer.data:
        return None
    try:
        return json.loads(answer.data)
    except ValueError as error:
        what = "a web page" if is_web_page(answer.data) else "something that is no JSON"
        message = f"the answer is {what}: is this the address of the API?"
        family = OutcomeUnknownError if writes else PermanentError
        raise family(message, operation, "ForeignAnswer", request_id) from error


def _refused(answer: Any, operation: str, request_id: str, *, writes: bool) -> ProviderError:
    status = int(answer.status)
    message, code = _words(answer.data, status)
    if status in {429, 503}:
        wait = str(answer.headers.get("retry-after", ""))
        return TransientError(
            message,
            operation,
            code,
            request_id,
            retry_after=float(wait) if wait.isdigit() else None,
            throttled=status == 429,
        )
    if status >= 500:
        return (OutcomeUnknownError if writes else TransientError)(message, operation, code, request_id)
    return PermanentError(message, operation, code, request_id)


def _words(data: bytes, status: int) -> tuple[str, str]:
    """What went wrong, as the API says it, and its code; the status speaks where it says nothing."""
    plain = CODES.get(status, str(status))
    try:
        body = json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace").strip()[:300] or f"the API answers {status}", plain
    inner = body.get("error", body) if isinstance(body, Mapping) else {}
    if isinstance(inner, str):
        return inner, plain
    message = str(inner.get("message") or f"the API answers {status}")
    return message, plain if status in CODES else str(inner.get("code") or plain)


def _unanswered(error: HTTPError, operation: str, *, writes: bool) -> ProviderError:
    """Never sent, or not heard."""
    causes = (error, getattr(error, "reason", None), error.__cause__)
    unsent = any(isinstance(cause, NewConnectionError | ConnectTimeoutError) for cause in causes)
    message = str(error).partition("\n")[0] or type(error).__name__
    if unsent:
        return TransientError(f"nothing answers: {message}", operation, "Unreachable")
    family = OutcomeUnknownError if writes else TransientError
    return family(f"no answer: {message}", operation, "NoAnswer")
