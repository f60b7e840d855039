"""Serves a WSGI application on loopback, quickly: keep-alive, no Nagle delay, buffered answers, no access log.

In: a WSGI callable. Out: a running :class:`Server`. Holds: nothing listens on another interface than loopback,
and a request's body is read whole before the application sees it, so that a connection can be used again.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import traceback
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class _Answer:
    """One answer on its way out."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if self.status and not exc_info:
            raise AssertionError("start_response was called twice")
        self.status, self.headers = status, headers
        return _no_write


def _no_write(_data: bytes) -> None:
    raise AssertionError("the write callable of WSGI is not supported here")


class Handler(WSGIRequestHandler):
    """Keeps connections open and answers in one packet where the answer is small."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: a simulator's callers keep their own record."""

    def handle_expect_100(self) -> bool:
        """Let the client send its body at once, past our buffer."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def make_environ(self) -> WSGIEnvironment:
        """As werkzeug's, with the body read whole."""
        environ = super().make_environ()
        source = environ["wsgi.input"]
        if isinstance(source, DechunkedInput):
            body = source.read()
        else:
            body = source.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input_terminated"] = True
        return environ

    def run_wsgi(self) -> None:
        """Run the application for one request and send what it answers."""
        self.environ = environ = self.make_environ()
        answer = _Answer()
        try:
            parts = self.server.app(environ, answer.start)
            try:
                body = b"".join(parts)
            finally:
                _close(parts)
        except Exception:  # noqa: BLE001 - whatever a simulator's code raises is its server's 500
            answer = _Answer()
            answer.start("500 Internal Server Error", [("Content-Type", "text/plain")])
            body = traceback.format_exc().encode()
        self._send(answer, body)

    def _send(self, answer: _Answer, body: bytes) -> None:
        code, _, reason = answer.status.partition(" ")
        self.send_response(int(code), reason)
        for key, value in answer.headers:
            if key.lower() not in {"content-length", "transfer-encoding", "connection", "server", "date"}:
                self.send_header(key, value)
        head = self.command == "HEAD"
        told = {k.lower(): v for k, v in answer.headers}.get("content-length")
        if int(code) not in {204, 304}:
            self.send_header("Content-Length", told if head and told else str(len(body)))
        self.end_headers()
        if not head:
            self.wfile.write(body)
        self.wfile.flush()


def _close(parts: Iterable[bytes]) -> None:
    close = getattr(parts, "close", None)
    if close is not None:
        close()


class _Loopback(ThreadedWSGIServer):
    """A threaded server that knows its open connections, so that closing it leaves none behind."""

    def __init__(
        self, application: WSGIApplication, listener: socket.socket, tls: ssl.SSLContext | None
    ) -> None:
        host, port = listener.getsockname()[:2]
        self.connections: set[socket.socket] = set()
        super().__init__(host, port, application, handler=Handler, ssl_context=tls, fd=listener.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection and serve it in a thread of its own."""
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection when its thread is done with it."""
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the client that went away knows."""


@dataclass(frozen=True, slots=True)
class Server:
    """A served application."""

    server: _Loopback
    thread: threading.Thread

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.server.port

    @property
    def url(self) -> str:
        """Its address without a path."""
        scheme = "https" if self.server.ssl_context is not None else "http"
        return f"{scheme}://{self.server.host}:{self.port}"

    def close(self) -> None:
        """Stop listening and end the open connections."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        for connection in list(self.server.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def serve(
    application: WSGIApplication,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> Server:
    """Serve ``application`` in threads of this process; port 0 picks a free one. With ``tls``: by HTTPS alone.

    Raises ValueError where ``host`` is not a loopback address, OSError where the port is taken.
    """
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{host} is not a loopback address: a simulator listens on loopback only")
    with socket.create_server((host, port), backlog=128) as listener:
        server = _Loopback(application, listener, tls)
    poll = {"poll_interval": 0.05}
    thread = threading.Thread(target=server.serve_forever, kwargs=poll, name="simulator", daemon=True)
    thread.start()
    return Server(server, thread)
