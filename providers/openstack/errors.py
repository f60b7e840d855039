"""What a service answered becomes one of the core's three families: one table, and what an answer's body says.

Enters: the status (None where nothing was heard), the parsed body, and whether the call could change something.
Leaves: an error that keeps operation, code, message and request id. Holds: an answer to a call that may have
taken effect is never called Permanent or Transient without a reason to know better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.kit.web_pages import is_web_page
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, ProviderError, TransientError

QUOTA = "QuotaExceeded"
FORBIDDEN = "Forbidden"
MISSING = "NotFound"


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal: what was called, and what came back."""

    operation: str
    status: int
    body: Any = None
    request_id: str = ""
    retry_after: float | None = None
    writes: bool = False
    url: str = ""
    """Where it was asked."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the first that fits an answer decides. `says` is a part of the code or message; "" fits all."""

    low: int
    high: int
    family: type[ProviderError]
    says: str = ""
    writes: bool | None = None
    code: str = ""


TABLE = (
    Row(429, 429, TransientError, code="TooManyRequests"),
    Row(503, 503, TransientError, code="ServiceUnavailable"),
    Row(500, 599, TransientError, writes=False),
    Row(500, 599, OutcomeUnknownError, writes=True),
    Row(408, 408, OutcomeUnknownError, writes=True),
    Row(408, 408, TransientError),
    Row(401, 401, PermanentError, code="AuthenticationFailed"),
    Row(403, 403, PermanentError, says="quota", code=QUOTA),
    Row(403, 403, PermanentError, says="maximum number", code=QUOTA),
    Row(403, 403, PermanentError, code=FORBIDDEN),
    Row(404, 404, PermanentError, code=MISSING),
    Row(409, 409, PermanentError, says="quota", code=QUOTA),
    Row(409, 409, TransientError, says="task_state", code="Busy"),
    Row(413, 413, PermanentError, says="quota", code=QUOTA),
    Row(413, 413, PermanentError, says="exceed", code=QUOTA),
    Row(413, 413, TransientError, code="TooManyRequests"),
    Row(400, 499, PermanentError),
)


def foreign(operation: str, url: str, status: int, *, writes: bool) -> ProviderError:
    """Something else than the service answers there: a portal, a proxy, another server."""
    family = OutcomeUnknownError if writes else PermanentError
    place = url.partition("?")[0]
    said = f"{place} answers with something that is no JSON (HTTP {status}): is it the service's endpoint, or a proxy?"
    return family(said, operation, "NoService")


def told(body: Any) -> tuple[str, str]:
    """Code and message of a refusal in any service's shape; empty where there is none."""
    if not isinstance(body, Mapping):
        return "", str(body or "").strip()[:500]
    if isinstance(body.get("title"), str) and "message" in body:
        return str(body["title"]).replace(" ", ""), str(body["message"]).replace("<br />", "").strip()
    if isinstance(body.get("type"), str) and "code" in body:  # Designate
        return str(body["type"]), str(body.get("message", "")).strip()
    if isinstance(body.get("title"), str) and "description" in body:  # Barbican
        return str(body["title"]).replace(" ", ""), str(body["description"]).strip()
    if "faultstring" in body:  # Octavia
        return str(body.get("faultcode") or ""), str(body["faultstring"]).strip()
    for name, inner in body.items():
        if isinstance(inner, Mapping):
            code = inner.get("type") or (inner.get("title") if name == "error" else name)
            return str(code or name), str(inner.get("message", "")).strip()
        if isinstance(inner, str):
            return name, inner
    return "", ""


def translate(answer: Answer) -> ProviderError:
    """The error that the core understands."""
    code, message = told(answer.body)
    if is_web_page(answer.body):
        place = answer.url.partition("?")[0] or "the service"
        message = f"{place} answers with a web page (HTTP {answer.status}): is it the service's endpoint, or a proxy?"
    text = f"{code} {message}".lower()
    for row in TABLE:
        fits = (
            row.low <= answer.status <= row.high and row.writes in (None, answer.writes) and row.says in text
        )
        if fits:
            return _error(row, answer, row.code or code or str(answer.status), message)
    return _error(Row(0, 0, OutcomeUnknownError), answer, code or str(answer.status), message)


def _error(row: Row, answer: Answer, code: str, message: str) -> ProviderError:
    said = message or f"HTTP {answer.status} without a message"
    if row.family is TransientError:
        throttled = answer.status in {413, 429}
        return TransientError(
            said,
            answer.operation,
            code,
            answer.request_id,
            retry_after=answer.retry_after,
            throttled=throttled,
        )
    return row.family(said, answer.operation, code, answer.request_id)


def unheard(operation: str, reason: str, *, sent: bool, writes: bool) -> ProviderError:
    """No answer: harmless if nothing was sent or nothing could change, else unknown."""
    if sent and writes:
        return OutcomeUnknownError(reason, operation, "NoAnswer")
    return TransientError(reason, operation, "NoAnswer" if sent else "Unreachable")


def is_missing(error: ProviderError) -> bool:
    """Whether the object is not there (or may not be seen)."""
    return error.code == MISSING


def is_in_use(error: ProviderError) -> bool:
    """Whether something still holds the object: what held it may go a moment later."""
    text = f"{error.code} {error.message}".lower()
    return isinstance(error, PermanentError) and any(
        word in text
        for word in ("inuse", "in use", "still attached", "must be available", "required by one or more")
    )
