"""The simulated cloud as one WSGI callable: five services below one address, as a single-node cloud serves them.

A request enters; it is authenticated, dispatched to its service's handler under the cloud's lock, and answered in
that service's own shape, with request id and microversion headers.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from providers.openstack.sandbox import (
    barbican,
    cinder,
    cinder_snapshots,
    cinder_types,
    designate,
    glance,
    glance_images,
    keystone,
    neutron,
    nova_admin,
    nova_others,
    nova_parts,
    nova_servers,
    octavia,
    swift,
)
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Cloud, Project
from providers.openstack.sandbox.problems import BODIES, UNAUTHENTICATED, Problem, identity_body, image_body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

STALE = "opsctl.stale_seconds"
_OPEN: Mapping[str, tuple[Route, ...]] = {
    "identity": keystone.OPEN,
    "compute": nova_others.OPEN,
    "network": neutron.OPEN,
    "image": glance.OPEN,
    "object-store": swift.OPEN,
    "dns": designate.OPEN,
    "volume": cinder.OPEN,
    "key-manager": barbican.OPEN,
    "load-balancer": octavia.OPEN,
}
_ROUTES: Mapping[str, tuple[Route, ...]] = {
    "identity": keystone.ROUTES,
    "compute": (*nova_others.ROUTES, *nova_servers.ROUTES, *nova_parts.ROUTES, *nova_admin.ROUTES),
    "network": neutron.ROUTES,
    "image": (*glance.ROUTES, *glance_images.ROUTES),
    "object-store": swift.ROUTES,
    "dns": designate.ROUTES,
    "volume": (*cinder.ROUTES, *cinder_types.ROUTES, *cinder_snapshots.ROUTES),
    "key-manager": barbican.ROUTES,
    "load-balancer": octavia.ROUTES,
}
_VERSIONS: Mapping[str, Callable[[Any], tuple[int, int]]] = {
    "compute": nova_others.asked_version,
    "volume": cinder.asked_version,
}
_ID = re.compile(r"/(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=/|$)")


def operation(environ: WSGIEnvironment) -> str:
    """Name an operation for fault rules: `POST /v2.1/servers`, `PUT /v2.0/networks/{id}`, `GET /v3/volumes/{id}`."""
    path = "/" + str(environ["PATH_INFO"]).lstrip("/").partition("/")[2]
    path = re.sub(r"^/v3/[0-9a-f]{32}(?=/)", "/v3", path)
    return f"{environ['REQUEST_METHOD']} {_ID.sub('/{id}', path)}"


def _service(environ: WSGIEnvironment) -> str:
    return str(environ["PATH_INFO"]).lstrip("/").partition("/")[0]


def throttled(environ: WSGIEnvironment) -> Response:
    """Answer 429 in the service's shape, with Retry-After."""
    return failed(environ, 429, "This request was rate-limited.", {"Retry-After": "1"})


def failed(
    environ: WSGIEnvironment, status: int, code: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer a refusal in the service's shape."""
    body = BODIES.get(_service(environ), identity_body)(Problem(status, code, type=code))
    return _response(Answer(status, body, headers or {}), f"req-{uuid.uuid4()}")


def _response(answer: Answer, request_id: str) -> Response:
    if isinstance(answer.body, bytes):
        response = Response(answer.body, status=answer.status)
    else:
        text = "" if answer.body is None else json.dumps(answer.body)
        response = Response(text, status=answer.status, content_type="application/json")
    for name, value in answer.headers.items():
        response.headers[name] = value
    response.headers["x-openstack-request-id"] = request_id
    response.autocorrect_location_header = False
    return response


class Application:
    """The WSGI callable around one `Cloud`."""

    def __init__(self, cloud: Cloud) -> None:
        """Build the address maps once."""
        self.cloud = cloud
        self._maps = {name: (_map(_OPEN[name]), _map(_ROUTES[name])) for name in _ROUTES}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        name = _service(environ)
        with self.cloud.lock:
            moved = self.cloud.settle()
            response = self._answer(name, request)
            if moved or request.method not in {"GET", "HEAD"}:
                self.cloud.refresh_answering()
        return response(environ, start_response)

    def _answer(self, name: str, request: Request) -> Response:
        request_id = f"req-{uuid.uuid4()}"
        if name not in self._maps:
            return _response(Answer(404, identity_body(Problem(404, "No such service"))), request_id)
        headers: dict[str, str] = {}
        try:
            answer = self._handle(name, request, headers)
        except Problem as problem:
            page = swift.page_body(problem) if name == "object-store" and problem.status != 401 else None
            answer = Answer(problem.status, page or _refusal(name, problem), headers)
        else:
            answer = Answer(answer.status, answer.body, {**headers, **answer.headers})
        return _response(answer, request_id)

    def _handle(self, name: str, request: Request, headers: dict[str, str]) -> Answer:
        opened, closed = self._maps[name]
        path = request.path[len(name) + 1 :] or "/"
        call = self._call(name, request)
        if name in _VERSIONS:
            call.version = _VERSIONS[name](request.headers)
            headers |= _version_headers(name, call.version)
        found = _match(opened, path, request.method)
        if found is None:
            call.project = self._authenticate(request)
            found = _match(closed, path, request.method)
        if found is None:
            raise Problem(404, "The resource could not be found.", type="HTTPNotFound")
        handler, arguments = found
        return handler(call, **arguments)

    def _call(self, name: str, request: Request) -> Call:
        nobody = Project("", "", "", ())
        return Call(
            cloud=self.cloud,
            project=nobody,
            method=request.method,
            base=f"{request.host_url}{name}",
            query=request.args,
            payload=_payload(request),
            data=request.get_data(),
            headers=dict(request.headers),
            full_url=request.url,
            stale_seconds=float(request.environ.get(STALE, 0.0)) if request.method == "GET" else 0.0,
        )

    def _authenticate(self, request: Request) -> Project:
        project = self.cloud.tokens.get(request.headers.get("X-Auth-Token", ""))
        if project is None:
            raise Problem(401, UNAUTHENTICATED)
        return project


def _refusal(name: str, problem: Problem) -> dict[str, Any]:
    if problem.status == 401:
        return identity_body(problem)
    if problem.message == "The resource could not be found." and name != "network":
        return image_body(problem)
    return BODIES[name](problem)


def _payload(request: Request) -> Any:
    data = request.get_data()
    try:
        return json.loads(data) if data else None
    except ValueError:
        return None


def _version_headers(name: str, version: tuple[int, int]) -> dict[str, str]:
    text = f"{version[0]}.{version[1]}"
    headers = {"OpenStack-API-Version": f"{name} {text}", "Vary": "OpenStack-API-Version"}
    return headers | ({"X-OpenStack-Nova-API-Version": text} if name == "compute" else {})


class Addresses:
    """Every operation behind a token: its service, method and address."""

    def __init__(self) -> None:
        """Build the address maps."""
        self._maps = {
            name: Map(
                [
                    Rule(r.rule, methods=[r.method], endpoint=(name, r.method, r.rule), strict_slashes=True)
                    for r in routes
                ],
                merge_slashes=False,
            )
            for name, routes in _ROUTES.items()
        }

    def all(self) -> Iterable[tuple[str, str, str]]:
        """Each of them."""
        return [(name, route.method, route.rule) for name, routes in _ROUTES.items() for route in routes]

    def place(self, service: str, method: str, path: str) -> tuple[str, str, str] | None:
        """Give the operation that a call is; None where it is none."""
        try:
            found: tuple[str, str, str] = self._maps[service].bind("").match(path, method=method)[0]
        except HTTPException:
            return None
        return found


def _map(routes: Iterable[Route]) -> Map:
    rules = [Rule(r.rule, methods=[r.method], endpoint=r.handler, strict_slashes=True) for r in routes]
    return Map(rules, merge_slashes=False)


def _match(addresses: Map, path: str, method: str) -> tuple[Callable[..., Answer], dict[str, Any]] | None:
    try:
        handler, arguments = addresses.bind("").match(path, method="GET" if method == "HEAD" else method)
    except MethodNotAllowed as error:
        raise Problem(405, "The method is not allowed here.") from error
    except HTTPException:
        return None
    return handler, dict(arguments)
