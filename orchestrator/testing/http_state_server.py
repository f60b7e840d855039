"""A small server of Terraform's http-backend protocol, as honest as GitLab's: one document and one lock an address.

It refuses writes and unlocks under another's lock id; ``careless`` turns that off, as some servers do. ``log`` keeps
every request; ``fault`` may answer in its place, or cut the connection.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Kept:
    """What is kept at one address."""

    document: bytes | None = None
    lock: dict[str, Any] | None = None


@dataclass
class HttpStateServer:
    """Runs on loopback until ``close``. With ``user``, every request must be signed in."""

    user: str = ""
    password: str = ""
    careless: bool = False
    kept: dict[str, Kept] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    fault: Callable[[str, str], str | None] = lambda _method, _when: None
    """By method and moment (``before`` or ``after`` it takes effect): ``cut``, a status such as ``503``, or None."""

    def __post_init__(self) -> None:
        self._guard = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, lock: str | None, body: bytes) -> tuple[int, bytes]:
        """What the server says to one request."""
        with self._guard:
            self.log.append((method, path))
            kept = self.kept.setdefault(path, Kept())
            match method:
                case "GET":
                    return (200, kept.document) if kept.document is not None else (404, b"")
                case "POST" | "PUT":
                    return self._write(kept, lock, body)
                case "LOCK" if kept.lock is None:
                    kept.lock = json.loads(body)
                    return 200, b""
                case "LOCK":
                    return 423, json.dumps(kept.lock).encode()
                case "UNLOCK":
                    return self._unlock(kept, json.loads(body))
                case _:
                    return 405, b"method not allowed"

    def _write(self, kept: Kept, lock: str | None, body: bytes) -> tuple[int, bytes]:
        if not self.careless and (kept.lock is None or kept.lock["ID"] != lock):
            return 409, json.dumps(kept.lock or {}).encode()
        kept.document = body
        return 200, b""

    def _unlock(self, kept: Kept, info: dict[str, Any]) -> tuple[int, bytes]:
        if not self.careless and (kept.lock is None or kept.lock["ID"] != info.get("ID")):
            return 409, json.dumps(kept.lock or {}).encode()
        kept.lock = None
        return 200, b""

    def admits(self, header: str | None) -> bool:
        """Whether a request is signed in."""
        expected = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return not self.user or header == expected


def _handler(server: HttpStateServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            """One request of any method."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self._spoiled(server.fault(self.command, "before")):
                return
            if not server.admits(self.headers.get("Authorization")):
                self._send(401, b"sign in")
                return
            parts = urlsplit(self.path)
            lock = parse_qs(parts.query).get("ID", [None])[0]
            status, said = server.answer(self.command, parts.path, lock, body)
            if not self._spoiled(server.fault(self.command, "after")):
                self._send(status, said)

        def _spoiled(self, fault: str | None) -> bool:
            if fault == "cut":
                self.close_connection = True
                self.connection.close()
            elif fault is not None:
                self._send(int(fault), b"as asked for")
            return fault is not None

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on standard error."""

    for method in ("GET", "POST", "PUT", "LOCK", "UNLOCK", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.handle_one)
    return Handler
