"""What the simulator says in the shapes of Azure Resource Manager: replies, refusals and error bodies.

Enters: statuses, codes and bodies. Leaves: werkzeug responses. Holds nothing.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Response


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer before it is bytes; `body` None means an empty body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A request that ARM answers with an error body; raised anywhere, answered in one place."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        inner: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.inner = inner

    def reply(self) -> Reply:
        """The refusal as the answer that carries it."""
        return Reply(self.status, error_body(self.code, self.message, self.inner), self.headers)


def error_body(code: str, message: str, inner: str = "") -> dict[str, Any]:
    """ARM's error document; Key Vault says its own reason in ``innererror``."""
    more = {"innererror": {"code": inner}} if inner else {}
    return {"error": {"code": code, "message": message, **more}}


def response(reply: Reply) -> Response:
    """Bytes and the headers that every answer of ARM carries."""
    content = b"" if reply.body is None else json.dumps(reply.body).encode()
    answer = Response(content, reply.status)
    if content:
        answer.headers["Content-Type"] = "application/json; charset=utf-8"
    elif "Content-Type" in answer.headers:
        del answer.headers["Content-Type"]
    identity = str(uuid.uuid4())
    answer.headers["x-ms-request-id"] = identity
    answer.headers["x-ms-correlation-request-id"] = identity
    for name, value in reply.headers.items():
        answer.headers[name] = value
    return answer


def throttled(_environ: Mapping[str, Any]) -> Response:
    """429 as the subscription's token bucket answers it."""
    message = (
        "Number of requests for the subscription exceeded the limit. Please try again after '1' seconds."
    )
    return response(Reply(429, error_body("SubscriptionRequestsThrottled", message), {"Retry-After": "1"}))


def failed(_environ: Mapping[str, Any], status: int, code: str) -> Response:
    """An error of the service with the given status and code."""
    message = "The server encountered an error processing the request."
    return response(Reply(status, error_body(code or "InternalServerError", message)))
