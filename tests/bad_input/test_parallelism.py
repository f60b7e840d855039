"""``--parallelism`` bounds the calls in flight, counted where they arrive."""

from __future__ import annotations

import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from orchestrator.adapters import sandbox_host

CREATES = 6
PAUSE = 0.25
"""Seconds that each create takes, so that those which may run at once are seen to."""


class Counting(ThreadingHTTPServer):
    """Hands calls on to the sandbox, and counts the creates that are on their way at the same time."""

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = behind
        self.guard = threading.Lock()
        self.now = self.most = self.all = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def enter(self) -> None:
        with self.guard:
            self.now += 1
            self.all += 1
            self.most = max(self.most, self.now)

    def leave(self) -> None:
        with self.guard:
            self.now -= 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Counting

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        create = b"Action=CreateVpc&" in body + b"&"
        if create:
            self.server.enter()
            time.sleep(PAUSE)
        try:
            self.pass_on(body)
        finally:
            if create:
                self.server.leave()

    def pass_on(self, body: bytes) -> None:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        request = urllib.request.Request(self.server.behind + self.path, body, headers)
        with urllib.request.urlopen(request) as answer:
            content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def counting(sandbox):
    server = Counting(sandbox.endpoint("aws"))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(("options", "most"), [(("1",), 1), (("3",), 3), ((), CREATES)])
def test_no_more_calls_than_that_are_in_flight_at_once(stack, counting, options, most):
    """As many as allowed, and not one more; without the option, as many as the provider takes."""
    settings = {**sandbox_host.sandbox_settings("aws"), "endpoint": counting.address}
    stack.settings(providers={"aws": settings})
    stack.resources(
        *(
            {
                "type": "AWS::EC2::VPC",
                "metadata": {"name": f"net{n}"},
                "spec": {"CidrBlock": f"10.{n}.0.0/16"},
            }
            for n in range(CREATES)
        )
    )
    flags = [f"--parallelism={n}" for n in options]
    assert stack.run("apply", "--auto-approve", *flags).code == 0
    assert counting.all == CREATES
    assert counting.most == most
