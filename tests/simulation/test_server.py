"""The server that every simulator runs in."""

import http.client

import pytest
from werkzeug.wrappers import Request, Response

from orchestrator.kit.simulation.server import serve


@Request.application
def echo(request):
    if request.path == "/broken":
        raise RuntimeError("broken on purpose")
    return Response(request.get_data(), headers={"X-Method": request.method})


@pytest.fixture
def server():
    running = serve(echo)
    yield running
    running.close()


@pytest.fixture
def connection(server):
    opened = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    yield opened
    opened.close()


def ask(connection, method, path="/", **rest):
    connection.request(method, path, **rest)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_a_connection_is_kept_open(connection):
    """Many calls go over one connection, bodies and empty answers mixed."""
    ask(connection, "GET")
    first = connection.sock
    for method, body in [("POST", b"one"), ("PUT", b""), ("POST", b"x" * 300_000), ("GET", None)]:
        assert ask(connection, method, body=body) == (200, body or b"")
    assert connection.sock is first


def test_chunked_bodies_are_read_whole(connection):
    """A body without a length arrives complete and leaves the connection usable."""
    assert ask(connection, "PUT", body=iter([b"ab", b"cd"]), encode_chunked=True) == (200, b"abcd")
    assert ask(connection, "POST", body=b"next") == (200, b"next")


def test_a_client_that_waits_for_permission_gets_it(connection):
    """Expect: 100-continue is answered before the body is needed."""
    assert ask(connection, "PUT", body=b"data", headers={"Expect": "100-continue"}) == (200, b"data")


def test_head_has_no_body(connection):
    """HEAD answers headers alone and the next call is understood."""
    assert ask(connection, "HEAD") == (200, b"")
    assert ask(connection, "POST", body=b"after") == (200, b"after")


def test_a_broken_application_is_a_500_with_its_reason(connection):
    """A simulator's own fault is told to whoever called it."""
    status, body = ask(connection, "GET", "/broken")
    assert status == 500
    assert b"broken on purpose" in body


def test_only_loopback_is_served():
    """Another interface is refused before anything listens."""
    with pytest.raises(ValueError, match="loopback"):
        serve(echo, host="0.0.0.0")  # noqa: S104


def test_closing_ends_open_connections(server, connection):
    """After close, an idle kept-alive connection is ended and none is accepted."""
    ask(connection, "GET")
    server.close()
    assert connection.sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", server.port, timeout=5).connect()
