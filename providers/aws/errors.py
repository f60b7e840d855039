"""Every AWS error in one of the three families.

In: what an answer said (operation, code, status) or how the connection failed. Out: an exception to raise. Holds: a
write whose answer is missing or is an internal error is never taken for done or not done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum, auto
from typing import Any, Final

from orchestrator.model.errors import OutcomeUnknownError, PermanentError, ProviderError, TransientError


class Family(Enum):
    """What a code means for the call that it answers."""

    THROTTLED = auto()
    BUSY = auto()
    """Nothing happened; the object or service is not ready for it yet."""
    BROKEN = auto()
    """The service failed inside: a write may have happened."""


READS: Final = ("Describe", "Get", "List", "Head")
_BUSY_SECONDS: Final = 2.0

_CODES: Final[Mapping[str, Family]] = {
    **dict.fromkeys(
        (
            "RequestLimitExceeded",
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "TooManyRequestsException",
            "SlowDown",
            "RequestThrottled",
            "RequestThrottledException",
            "BandwidthLimitExceeded",
            "ProvisionedThroughputExceededException",
            "PriorRequestNotComplete",
        ),
        Family.THROTTLED,
    ),
    **dict.fromkeys(
        (
            "DependencyViolation",
            "IncorrectInstanceState",
            "IncorrectState",
            "InvalidDBInstanceState",
            "InvalidDBInstanceStateFault",
            "InvalidDBSubnetGroupStateFault",
            "OperationAborted",
            "ConcurrentTagAccess",
            "Unavailable",
            "ServiceUnavailable",
            "InsufficientInstanceCapacity",
            "RequestTimeout",
            "RequestTimeoutException",
        ),
        Family.BUSY,
    ),
    **dict.fromkeys(("InternalError", "InternalFailure", "InternalServerError"), Family.BROKEN),
}
_JUST_MADE: Final = frozenset(
    {
        "InvalidVpcID.NotFound",
        "InvalidSubnetID.NotFound",
        "InvalidGroup.NotFound",
        "InvalidInternetGatewayID.NotFound",
        "InvalidRouteTableID.NotFound",
        "InvalidInstanceID.NotFound",
    }
)
"""Of an object of this run, on a write: made a moment ago, and not seen everywhere yet."""
_MISSING: Final = (".NotFound", "NotFound", "NotFoundFault", "NoSuchBucket", "NoSuchTagSet", "404")
EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
"""The credentials were good once."""
ACCESS: Final = EXPIRED | frozenset(
    {
        "AuthFailure",
        "UnauthorizedOperation",
        "AccessDenied",
        "AccessDeniedException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


def is_missing(error: ProviderError) -> bool:
    """Whether the object is not there."""
    return error.code.endswith(_MISSING)


def is_read(operation: str) -> bool:
    """Whether an operation changes nothing."""
    return operation.startswith(READS)


def answered(operation: str, response: Mapping[str, Any], made: Collection[str] = ()) -> ProviderError:
    """The error of an answer, as botocore parsed it; ``made`` are ids of objects that are new."""
    said, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    code, status = str(said.get("Code", "")), int(meta.get("HTTPStatusCode") or 0)
    message = str(said.get("Message") or "no message")
    known: tuple[str, str, str, str] = (message, operation, code, str(meta.get("RequestId") or ""))
    match _CODES.get(code):
        case Family.THROTTLED:
            return TransientError(*known, throttled=True)
        case Family.BUSY:
            return TransientError(*known, retry_after=_BUSY_SECONDS)
        case Family.BROKEN:
            return TransientError(*known) if is_read(operation) else OutcomeUnknownError(*known)
        case None:
            pass
    if code in _JUST_MADE and not is_read(operation) and any(id in message for id in made):
        return TransientError(*known, retry_after=1.0)
    if code in ACCESS:
        return PermanentError(
            f"{message} (check the credentials and permissions of this provider)", *known[1:]
        )
    if status >= 500:
        return TransientError(*known) if is_read(operation) else OutcomeUnknownError(*known)
    return PermanentError(*known)


def unsent(operation: str, message: str) -> ProviderError:
    """The request never reached the service."""
    return TransientError(message, operation)


def unanswered(operation: str, message: str) -> ProviderError:
    """The request was sent and its answer did not arrive whole."""
    return (
        TransientError(message, operation) if is_read(operation) else OutcomeUnknownError(message, operation)
    )


def foreign(operation: str, url: str, status: int) -> ProviderError:
    """Something else than AWS answers there: a portal, a proxy, another server."""
    said = (
        f"{url.partition('?')[0]} answers with a web page (HTTP {status}): is it AWS's endpoint, or a proxy?"
    )
    family = PermanentError if is_read(operation) else OutcomeUnknownError
    return family(said, operation, "NoService")


def unusable(operation: str, message: str) -> ProviderError:
    """The request could not be made: settings, credentials or parameters are wrong."""
    return PermanentError(message, operation)
