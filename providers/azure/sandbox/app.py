"""The simulator as a WSGI application: one request in, one answer out, under one lock.

Enters: HTTP requests of any ARM client. Leaves: what Azure Resource Manager would answer. Holds the world.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Request

from . import answers, ids, operations, reads, types, writes
from .answers import RefusedError, Reply
from .rules import Rules
from .world import Addresses, World

TENANT = "10000000-0000-4000-8000-000000000001"
SUBSCRIPTION = "00000000-0000-4000-8000-000000000000"
VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")


class ArmSimulator:
    """A subscription that answers on the ARM protocol.

    `transition` is how long operations take, in seconds of `now`; `retry_after` is the integer that polling
    answers carry (0 leaves the pace to the client, which needs a polling interval of its own).
    """

    def __init__(
        self,
        addresses: Addresses,
        *,
        now: Callable[[], float] = time.monotonic,
        transition: float = 0.3,
        page_size: int = 100,
        retry_after: int = 0,
    ) -> None:
        self.world = World(subscription=SUBSCRIPTION, addresses=addresses, now=now, transition=transition)
        self.world.table = {rules.type.lower(): rules for rules in types.ALL}
        self.page_size = page_size
        self.retry_after = retry_after
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """WSGI."""
        with self._lock:
            self.world.settle()
            try:
                reply = self._answer(Request(environ))
            except RefusedError as refused:
                reply = refused.reply()
        return answers.response(reply)(environ, start_response)

    def _answer(self, request: Request) -> Reply:
        path = ids.parse(request.path)
        if "Authorization" not in request.headers:
            message = "Authentication failed. The 'Authorization' header is missing."
            challenge = {"WWW-Authenticate": 'Bearer authorization_uri="https://login.microsoftonline.com/"'}
            raise RefusedError(401, "AuthenticationFailed", message, challenge)
        version = self._version(request)
        if path is None:
            raise RefusedError(404, "NotFound", f"No resource is at {request.path}.")
        if path.subscription.lower() != self.world.subscription.lower():
            message = f"The subscription '{path.subscription}' could not be found."
            raise RefusedError(404, "SubscriptionNotFound", message)
        return self._route(request, path, version)

    def _version(self, request: Request) -> str:
        version = request.args.get("api-version", "")
        if not version:
            message = "The api-version query parameter (?api-version=) is required for all requests."
            raise RefusedError(400, "MissingApiVersionParameter", message)
        if not VERSION.fullmatch(version):
            raise RefusedError(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")
        return version

    def _route(self, request: Request, path: ids.Path, version: str) -> Reply:
        if not path.type:
            return operations.subscription(self.world.subscription, TENANT)
        if (not path.names and not path.tail) or path.tail.lower() == "register":
            return operations.registration(path)
        if path.names and path.type.lower().endswith(
            ("/locations/operations", "/locations/operationresults")
        ):
            return operations.answer(self.world, path, self._call(request, path, version))
        rules = self.world.table.get(path.type.lower())
        listed = self.world.table.get(f"{path.type}/{path.tail}".lower()) if path.tail else None
        if path.type == ids.GROUPS and not path.names:
            listed = rules
        if listed is not None and request.method == "GET":
            return self._list(request, listed, path, version)
        if rules is None or not path.names:
            raise operations.unknown_type(self.world, path, version)
        return self._one(request, rules, replace(path, type=rules.type), version)

    def _one(self, request: Request, rules: Rules, path: ids.Path, version: str) -> Reply:
        call = self._call(request, path, version)
        match request.method:
            case "GET" if path.tail:
                return self._view(rules, path)
            case "GET":
                reply = reads.get(self.world, path, _stale(request))
                return _expanded(self.world, rules, path, reply, request.args.get("$expand", ""))
            case "HEAD":
                return Reply(204 if self.world.get(path.id) else 404)
            case "POST":
                return writes.act(self.world, rules, call)
            case "PUT":
                return writes.put(self.world, rules, call)
            case "PATCH":
                return writes.patch(self.world, rules, call)
            case "DELETE":
                return writes.delete(self.world, rules, call)
        raise RefusedError(405, "MethodNotAllowed", f"{request.method} is not allowed here.")

    def _view(self, rules: Rules, path: ids.Path) -> Reply:
        known = {name.lower(): view for name, view in rules.views.items()}
        view = known.get(path.tail.lower())
        if view is None:
            raise operations.unknown_type(self.world, path, "")
        return Reply(200, view(self.world, reads.known(self.world, path)))

    def _list(self, request: Request, rules: Rules, path: ids.Path, version: str) -> Reply:
        items = reads.collection(self.world, rules, path, _stale(request))
        skip = request.args.get("$skiptoken", "0")
        return reads.page(
            items, request.base_url, version, skip=int(skip) if skip.isdigit() else 0, size=self.page_size
        )

    def _call(self, request: Request, path: ids.Path, version: str) -> writes.Call:
        host = request.host_url.rstrip("/")
        return writes.Call(path, version, host, dict(request.headers), _document(request), self.retry_after)


def _document(request: Request) -> Mapping[str, Any]:
    """The JSON object of a body, {} where there is none."""
    content = request.get_data()
    if not content:
        return {}
    try:
        document = json.loads(content)
    except ValueError as error:
        raise RefusedError(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: {error}",
        ) from error
    if not isinstance(document, dict):
        raise RefusedError(400, "InvalidRequestContent", "The request content is not a JSON object.")
    return document


def _stale(request: Request) -> float:
    return float(request.environ.get("opsctl.stale_seconds", 0) or 0)


def _expanded(world: World, rules: Rules, path: ids.Path, reply: Reply, expand: str) -> Reply:
    """GET with $expand=instanceView."""
    view = rules.views.get(expand)
    if view is not None:
        reply.body["properties"][expand] = view(world, reads.known(world, path))
    return reply


def operation_name(environ: Mapping[str, Any]) -> str:
    """What a fault rule names: "PUT Microsoft.Compute/virtualMachines", "LIST …", "GET operations"."""
    path = ids.parse(str(environ.get("PATH_INFO", "")))
    method = str(environ.get("REQUEST_METHOD", ""))
    if path is None or not path.type:
        return f"{method} subscriptions"
    if "/locations/operation" in path.type.lower():
        return f"{method} operations"
    whole = f"{path.type}/{path.tail}" if path.tail else path.type
    known = {rules.type.lower(): rules.type for rules in types.ALL}
    if path.tail and whole.lower() in known and method == "GET":
        return f"LIST {known[whole.lower()]}"
    if path.type == ids.GROUPS and not path.names:
        return f"LIST {ids.GROUPS}"
    return f"{method} {known.get(whole.lower(), whole)}"
