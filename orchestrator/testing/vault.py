"""A Vault for tests: KV version 1 and 2, transit, tokens with policies, AppRole, namespaces, on loopback.

By Vault's HTTP API reference (KV v1 and v2, AppRole, token, ``sys/internal/ui/mounts``), as hvac calls it; transit is
in `vault_transit`. Everything is in memory.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from werkzeug.wrappers import Request, Response

from orchestrator.kit.simulation.server import Server, serve
from orchestrator.testing.vault_transit import TransitEngine, TransitRefused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROOT: Final = "root-token"


class _Refused(Exception):  # noqa: N818 - an answer, not a failure
    def __init__(self, status: int, *errors: str, data: Any = None) -> None:
        super().__init__(status)
        self.status, self.errors, self.data = status, errors, data


@dataclass
class FakeVault:
    """One server. ``tokens`` maps a token to the path prefixes that it may use; an empty one is root's."""

    mounts: dict[str, int] = field(default_factory=lambda: {"kv": 2, "old": 1})
    """KV engines: mount to version."""
    tokens: dict[str, tuple[str, ...]] = field(default_factory=lambda: {ROOT: ("",)})
    roles: dict[str, str] = field(default_factory=dict)
    """AppRole: role id to secret id; what it signs in is root."""
    namespace: str = ""
    sealed: bool = False
    asked: list[str] = field(default_factory=list)
    """Method and path of every call."""
    secrets: dict[str, list[dict[str, Any] | None]] = field(default_factory=dict)
    """The versions of every secret by mount and path; None: deleted."""
    transit: TransitEngine = field(default_factory=TransitEngine)
    """Mounted at ``transit``."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self) -> Server:
        """Run it."""
        return serve(self)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        request = Request(environ)
        with self._lock:
            self.asked.append(f"{request.method} {request.path}")
            try:
                answer = Response(json.dumps(self._answer(request)), content_type="application/json")
            except _Refused as refused:
                body: dict[str, Any] = {"errors": list(refused.errors)}
                if refused.data is not None:
                    body = {"data": refused.data}
                answer = Response(json.dumps(body), status=refused.status, content_type="application/json")
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Any:
        if self.sealed:
            raise _Refused(503, "Vault is sealed")
        path = request.path.removeprefix("/v1/")
        if request.headers.get("X-Vault-Namespace", "").strip("/") != self.namespace:
            raise _Refused(404, f"no handler for route {path!r}. route entry not found.")
        payload = request.get_json(silent=True) or {}
        if path == "auth/approle/login":
            return self._log_in(payload)
        allowed = self.tokens.get(request.headers.get("X-Vault-Token", ""))
        if allowed is None:
            raise _Refused(403, "permission denied", "invalid token")
        if path == "auth/token/lookup-self":
            return {"data": {"policies": ["test"]}}
        if path.startswith("sys/internal/ui/mounts/"):
            return self._mount(path.removeprefix("sys/internal/ui/mounts/"))
        if not any(path.startswith(prefix) for prefix in allowed):
            raise _Refused(403, "1 error occurred:\n\t* permission denied\n\n")
        if path.startswith("transit/"):
            try:
                return self.transit.answer(request.method, path.removeprefix("transit/"), payload)
            except TransitRefused as refused:
                raise _Refused(refused.status, *refused.errors) from None
        return self._secret(request, path, payload)

    def _log_in(self, payload: dict[str, Any]) -> Any:
        if self.roles.get(str(payload.get("role_id"))) != payload.get("secret_id"):
            raise _Refused(400, "invalid role or secret ID")
        token = f"hvs.{uuid.uuid4().hex}"
        self.tokens[token] = ("",)
        return {"auth": {"client_token": token, "lease_duration": 3600}}

    def _mount(self, path: str) -> Any:
        name = next((m for m in self.mounts if f"{path}/".startswith(f"{m}/")), None)
        if name is None:
            raise _Refused(
                403, "preflight capability check returned 403, please ensure client's policies grant"
            )
        options = {"version": "2"} if self.mounts[name] == 2 else None
        return {"data": {"path": f"{name}/", "type": "kv", "options": options}}

    def _secret(self, request: Request, path: str, payload: dict[str, Any]) -> Any:
        mount = next((m for m in self.mounts if f"{path}/".startswith(f"{m}/")), None)
        if mount is None:
            raise _Refused(404, f"no handler for route {path!r}. route entry not found.")
        rest = path.removeprefix(mount).lstrip("/")
        if request.method == "LIST" or request.args.get("list") == "true":
            return self._list(mount, rest.removeprefix("metadata").strip("/"))
        if self.mounts[mount] == 1:
            return self._first(request.method, f"{mount}/{rest}", payload)
        return self._second(request, f"{mount}/{rest.removeprefix('data/')}", payload)

    def _list(self, mount: str, folder: str) -> Any:
        prefix = f"{mount}/{folder}/" if folder else f"{mount}/"
        keys = sorted({k.removeprefix(prefix) for k in self.secrets if k.startswith(prefix)})
        if not keys:
            raise _Refused(404)
        return {"data": {"keys": keys}}

    def _first(self, method: str, key: str, payload: dict[str, Any]) -> Any:
        if method in ("POST", "PUT"):
            self.secrets[key] = [payload]
            return {}
        if key not in self.secrets:
            raise _Refused(404)
        return {"data": self.secrets[key][-1]}

    def _second(self, request: Request, key: str, payload: dict[str, Any]) -> Any:
        versions = (
            self.secrets.setdefault(key, [])
            if request.method in ("POST", "PUT")
            else self.secrets.get(key, [])
        )
        if request.method in ("POST", "PUT"):
            cas = (payload.get("options") or {}).get("cas")
            if cas is not None and cas != len(versions):
                raise _Refused(400, "check-and-set parameter did not match the current version")
            versions.append(payload["data"])
            return {"data": {"version": len(versions)}}
        number = int(request.args.get("version", 0)) or len(versions)
        if not 1 <= number <= len(versions):
            raise _Refused(404)
        found = versions[number - 1]
        metadata = {"version": number, "deletion_time": "" if found is not None else "2026-01-01T00:00:00Z"}
        if found is None:
            raise _Refused(404, data={"data": None, "metadata": metadata})
        return {"data": {"data": found, "metadata": metadata}}
