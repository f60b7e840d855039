"""What a service answers when it refuses: one exception, and the body in each service's own shape.

A `Problem` enters (status, the service's own type name, the message); the JSON body and headers leave. The
shapes were recorded from a real cloud of release 2026.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_COMPUTE_NAMES = {
    400: "badRequest",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    429: "overLimit",
    503: "serviceUnavailable",
}
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
UNAUTHENTICATED = "The request you have made requires authentication."


class Problem(Exception):  # noqa: N818 - the services call it a fault, an error and a problem
    """A refusal: `status` is the HTTP code, `type` Neutron's exception name (others have none)."""

    def __init__(self, status: int, message: str, *, type: str = "HTTPBadRequest") -> None:
        """Keep what the body will say."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type


def bad_request(message: str, type: str = "HTTPBadRequest") -> Problem:
    """400: the body or the query is not accepted."""
    return Problem(400, message, type=type)


def conflict(message: str, type: str = "Conflict") -> Problem:
    """409: the object is in use, exists already, or is in the wrong state."""
    return Problem(409, message, type=type)


def missing(message: str, type: str = "HTTPNotFound") -> Problem:
    """404: no such object, or one that this project may not see."""
    return Problem(404, message, type=type)


def forbidden(message: str, type: str = "PolicyNotAuthorized") -> Problem:
    """403: policy, or Nova's quota."""
    return Problem(403, message, type=type)


def network_body(problem: Problem) -> dict[str, Any]:
    """Neutron: the exception's name and message."""
    return {"NeutronError": {"type": problem.type, "message": problem.message, "detail": ""}}


def compute_body(problem: Problem) -> dict[str, Any]:
    """Nova and Cinder: one key that names the class of fault."""
    name = _COMPUTE_NAMES.get(problem.status, "computeFault")
    fault: dict[str, Any] = {"code": problem.status, "message": problem.message}
    if name == "overLimit":
        fault["retryAfter"] = "0"
    return {name: fault}


def image_body(problem: Problem) -> dict[str, Any]:
    """Glance: the message with its HTML line break, as the real one sends it."""
    title = _TITLES.get(problem.status, "Error")
    words, _, detail = problem.message.partition("\n")
    return {
        "message": f"{words}<br /><br />\n{detail}\n\n",
        "code": f"{problem.status} {title}",
        "title": title,
    }


def identity_body(problem: Problem) -> dict[str, Any]:
    """Keystone, and every service's answer to a missing token."""
    title = _TITLES.get(problem.status, "Error")
    return {"error": {"code": problem.status, "message": problem.message, "title": title}}


def key_manager_body(problem: Problem) -> dict[str, Any]:
    """Barbican, by its API reference: status, title and description."""
    title = _TITLES.get(problem.status, "Error")
    return {"code": problem.status, "title": title, "description": problem.message}


def load_balancer_body(problem: Problem) -> dict[str, Any]:
    """Octavia: a fault as its framework words it; a parent in the path that is not there has another shape."""
    if problem.type == "path":
        return {"code": problem.status, "title": "Bad Request", "description": problem.message}
    return {"faultcode": "Client", "faultstring": problem.message, "debuginfo": None}


def dns_body(problem: Problem) -> dict[str, Any]:
    """Designate, by its API reference: code, type and message."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", problem.type).lower()
    return {"code": problem.status, "type": kind, "message": problem.message}


BODIES: Mapping[str, Callable[[Problem], dict[str, Any]]] = {
    "identity": identity_body,
    "compute": compute_body,
    "volume": compute_body,
    "network": network_body,
    "image": image_body,
    "key-manager": key_manager_body,
    "dns": dns_body,
    "load-balancer": load_balancer_body,
}
