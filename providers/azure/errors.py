"""Every way in which ARM refuses or fails, as one of the core's three families: one table.

Enters: a status, the service's code and message, whether the call could change anything. Leaves: the error to
raise. Holds: code, message and request id are kept; what is not in the table is permanent, and a server error
on a write is an unknown outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.errors import OutcomeUnknownError, PermanentError, ProviderError, TransientError

BUSY = frozenset(
    {
        "AnotherOperationInProgress",
        "ConcurrentUpdateConflict",
        "ConflictingConcurrentWriteNotAllowed",
        "NicReservedForAnotherVm",
        "OperationInProgress",
        "ReferencedResourceNotProvisioned",
        "ResourceGroupBeingDeleted",
        "ResourceIsBusy",
        "RetryableError",
        "ServerBusy",
        "ServerIsBusy",
        "StorageAccountOperationInProgress",
    }
)
"""Codes of 400, 409 and 429 that mean: not now."""

UNCERTAIN = frozenset({408, 500, 502, 503, 504})

HINTS: Mapping[str, str] = {
    "AuthorizationFailed": "the signed-in principal lacks a role for this",
    "InvalidAuthenticationToken": "sign in again",
    "MissingSubscriptionRegistration": "register the resource provider of this type in the subscription first",
    "PreconditionFailed": "it changed, or appeared, since it was read: plan again",
    "SubscriptionNotFound": "check the provider's subscription",
}


def refused(
    status: int,
    body: Any,
    *,
    operation: str,
    reads: bool,
    request_id: str = "",
    retry_after: float | None = None,
) -> ProviderError:
    """The error that an HTTP answer of 400 or more stands for."""
    code, message = code_and_message(body, status)
    said = (message, operation, code, request_id)
    if status == 429 or code in BUSY:
        return TransientError(*said, retry_after=retry_after, throttled=status == 429)
    if status in UNCERTAIN:
        return TransientError(*said, retry_after=retry_after) if reads else OutcomeUnknownError(*said)
    return PermanentError(*said)


def failed(document: Any, *, operation: str, request_id: str = "") -> ProviderError:
    """The error of a long-running operation that ended badly; its HTTP status was 200.

    An operation that lost against another one left something half-done: it is settled, and begun again.
    """
    code, message = code_and_message(document, 200)
    status = str(document.get("status", "Failed")) if isinstance(document, Mapping) else "Failed"
    family = OutcomeUnknownError if code in BUSY else PermanentError
    return family(f"{message} (the operation ended as {status})", operation, code, request_id)


def code_and_message(body: Any, status: int) -> tuple[str, str]:
    """The service's words in any of the shapes that ARM and the services behind it use."""
    error = body.get("error", body) if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return f"HTTP{status}", "the service gave no reason"
    code = str(error.get("code") or error.get("Code") or f"HTTP{status}")
    message = str(error.get("message") or error.get("Message") or "the service gave no reason")
    details = [each for each in error.get("details") or () if isinstance(each, Mapping)]
    causes = [f"{each.get('code', '')}: {each.get('message', '')}" for each in details if each.get("message")]
    hint = [HINTS[code]] if code in HINTS else []
    return code, "; ".join([message, *causes, *hint])


def unsent(message: str, *, operation: str, answered: bool) -> ProviderError:
    """No connection was made. Transient once the endpoint has answered before, else it is simply wrong."""
    if answered:
        return TransientError(message, operation, "ConnectionFailed")
    return PermanentError(f"the endpoint cannot be reached: {message}", operation, "ConnectionFailed")


def unanswered(message: str, *, operation: str, reads: bool) -> ProviderError:
    """The request went out and no whole answer came back."""
    if reads:
        return TransientError(message, operation, "NoAnswer")
    return OutcomeUnknownError(message, operation, "NoAnswer")


def foreign(url: str, status: int, *, operation: str, reads: bool) -> ProviderError:
    """Something else than Azure answers there: a portal, a proxy, another server."""
    place = url.partition("?")[0]
    said = (
        f"{place} answers with something that is no JSON (HTTP {status}): is it Azure's endpoint, or a proxy?"
    )
    family = PermanentError if reads else OutcomeUnknownError
    return family(said, operation, "NoService")


def no_credentials(message: str, *, operation: str) -> PermanentError:
    """No token could be had."""
    first = message.strip().splitlines()[0].rstrip(".") if message.strip() else "none was found"
    text = f"no usable Azure credentials ({first}): run `az login`, or set AZURE_CLIENT_ID and its companions"
    return PermanentError(text, operation, "NoCredentials")


def exists(identity: str, *, operation: str) -> PermanentError:
    """A create met an object that is not ours."""
    message = f"{identity} exists already and is not this resource's: import it, or choose another name"
    return PermanentError(message, operation, "AlreadyExists")
