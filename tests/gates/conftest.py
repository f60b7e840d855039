"""A small real server that answers what a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Answering:
    """What is answered, and what was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b"all is well"
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.silent = threading.Event()
        self.url = ""
        self.port = 0


@pytest.fixture
def server() -> Iterator[Answering]:
    """On a free port of loopback; closed after the test."""
    answering = Answering()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answering.asked.append((self.command, self.path, dict(self.headers), body))
            if answering.status == 0:
                answering.silent.wait(20)
                return
            self.send_response(302 if self.path == "/moved" else answering.status)
            if self.path == "/moved":
                self.send_header("Location", "/")
            for name, value in answering.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answering.body)

        do_GET = do_POST = do_HEAD = answer  # noqa: N815 - the base class's names

        def log_message(self, *_: Any) -> None: ...

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    answering.port = httpd.server_port
    answering.url = f"http://127.0.0.1:{httpd.server_port}/"
    yield answering
    answering.silent.set()
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def closed_port() -> int:
    """A port of loopback on which nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as httpd:
        return httpd.server_port
