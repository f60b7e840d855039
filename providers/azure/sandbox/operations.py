"""What is not a resource: operation documents, the subscription, resource provider registration.

Enters: the world and a path. Leaves: replies.
"""

from __future__ import annotations

from typing import Any

from . import ids, reads
from .answers import RefusedError, Reply
from .rules import Operation
from .world import World, timestamp
from .writes import Call, polling_headers


def answer(world: World, path: ids.Path, call: Call) -> Reply:
    """The state of an operation: a document (always 200), or 202 until the final answer of a Location."""
    operation = world.operations.get(path.names[-1])
    if operation is None:
        raise RefusedError(404, "NotFound", f"The operation '{path.names[-1]}' could not be found.")
    pace = {} if operation.status != "InProgress" else {"Retry-After": str(call.retry_after)}
    if path.type.lower().endswith("operations"):
        return Reply(200, _document(operation, path), pace)
    return _final(world, operation, call)


def _document(operation: Operation, path: ids.Path) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": f"/subscriptions/{path.subscription}/providers/{path.namespace}/locations/global/operations/{operation.id}",
        "name": operation.id,
        "status": operation.status,
        "startTime": operation.started,
    }
    if operation.status != "InProgress":
        document["endTime"] = timestamp()
    if operation.error is not None and operation.status == "Failed":
        document["error"] = operation.error
    return document


def _final(world: World, operation: Operation, call: Call) -> Reply:
    if operation.status == "InProgress":
        headers = polling_headers(call, operation)
        return Reply(202, None, {name: headers[name] for name in ("Location", "Retry-After")})
    if operation.error is not None:
        raise RefusedError(409, operation.error["code"], operation.error["message"])
    if operation.method == "PUT":
        return Reply(200, reads.body_of(world, operation.resource))
    return Reply(204 if operation.method == "DELETE" else 200)


def subscription(identity: str, tenant: str) -> Reply:
    """The subscription itself."""
    return Reply(
        200,
        {
            "id": f"/subscriptions/{identity}",
            "subscriptionId": identity,
            "tenantId": tenant,
            "displayName": "opsctl sandbox",
            "state": "Enabled",
        },
    )


def registration(path: ids.Path) -> Reply:
    """A resource provider: always registered."""
    identity = f"/subscriptions/{path.subscription}/providers/{path.namespace}"
    return Reply(200, {"id": identity, "namespace": path.namespace, "registrationState": "Registered"})


def unknown_type(world: World, path: ids.Path, version: str) -> RefusedError:
    """404 as ARM answers a type or a namespace that it does not know."""
    namespaces = {name.split("/", 1)[0] for name in world.table}
    if path.namespace.lower() not in namespaces:
        message = f"The resource namespace '{path.namespace}' is invalid."
        return RefusedError(404, "InvalidResourceNamespace", message)
    message = f"The resource type could not be found in the namespace '{path.namespace}' for api version '{version}'."
    return RefusedError(404, "InvalidResourceType", message)
