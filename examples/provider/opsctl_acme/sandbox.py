"""A local stand-in of the service: boxes in memory, in pages, each building for a while. Loopback only."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.wrappers import Request, Response

from orchestrator.kit.simulation.faults import Faults, FaultyApplication
from orchestrator.kit.simulation.responders import Responders
from orchestrator.kit.simulation.server import Server, serve

LONGEST_PAGE = 100
PLAIN = {"size": 1, "colour": "plain", "labels": {}}


@dataclass
class Service:
    """The boxes. ``now`` is its clock, ``seconds`` how long one takes to build."""

    now: Callable[[], float]
    seconds: float
    boxes: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    numbers: Iterable[int] = field(default_factory=lambda: count(1))

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """One request."""
        try:
            answer = self._answer(Request(environ))
        except HTTPException as error:
            body = {"error": {"message": error.description}}
            answer = Response(json.dumps(body), status=error.code, mimetype="application/json")
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Response:
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["account"]:
                return _json({"id": "acme-1"})
            case "GET", ["boxes"]:
                return _json(self._page(request))
            case "POST", ["boxes"]:
                return _json(self._make(request), 201)
            case "GET", ["boxes", id]:
                return _json(self._shown(id))
            case "PATCH", ["boxes", id]:
                self._shown(id)
                self.boxes[id] |= request.get_json()
                return _json(self._shown(id))
            case "DELETE", ["boxes", id]:
                self._shown(id)
                del self.boxes[id]
                return Response(status=204)
        raise NotFound("there is nothing at this address")

    def _page(self, request: Request) -> Mapping[str, Any]:
        limit = min(request.args.get("limit", LONGEST_PAGE, type=int), LONGEST_PAGE)
        start = request.args.get("after", "")
        ids = [id for id in sorted(self.boxes) if id > start]
        more = {"next": ids[limit - 1]} if len(ids) > limit else {}
        return {"items": [self._shown(id) for id in ids[:limit]], **more}

    def _make(self, request: Request) -> Mapping[str, Any]:
        token = request.headers.get("Idempotency-Key", "")
        if token and self.tokens.get(token) in self.boxes:
            return self._shown(self.tokens[token])
        body = request.get_json()
        if not body.get("name"):
            raise BadRequest("a box needs a name")
        id = f"box-{next(iter(self.numbers)):06}"
        self.boxes[id] = {**PLAIN, **body, "id": id, "ready_at": self.now() + self.seconds}
        self.tokens[token] = id
        return self._shown(id)

    def _shown(self, id: str) -> Mapping[str, Any]:
        if id not in self.boxes:
            raise NotFound(f"there is no box {id}")
        box = self.boxes[id]
        state = "ready" if self.now() >= box["ready_at"] else "building"
        return {**{k: v for k, v in box.items() if k != "ready_at"}, "state": state}


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, mimetype="application/json")


def operation(environ: Mapping[str, Any]) -> str:
    """How faults name a call: ``POST boxes``."""
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].strip('/').split('/')[0]}"


@dataclass(frozen=True)
class Running:
    """A running stand-in."""

    endpoint: str
    settings: Mapping[str, object]
    server: Server

    def close(self) -> None:
        """Everything in it is gone."""
        self.server.close()


def start(
    *,
    folder: Path,
    faults: Faults,
    responders: Responders,
    transition_seconds: float = 0.3,
    port: int = 0,
    now: Callable[[], float] = time.monotonic,
) -> Running:
    """Serve it on loopback. Nothing is kept on disk, and no address of a box answers."""
    del folder, responders
    service = FaultyApplication(Service(now, transition_seconds), faults, operation, "acme")
    server = serve(service, port=port)
    return Running(server.url, {"endpoint": server.url}, server)
