"""The http gate: what it takes for an answer, and what for none."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from typing import Any

import pytest

from orchestrator.adapters.gates_http import LIMIT, HttpProbe
from orchestrator.model.health import Health, Level
from orchestrator.model.values import Secret


def look(url: str, **settings: Any) -> Health:
    return HttpProbe().assess({"url": url, "timeout": 5, **settings})


def test_an_answer_of_200_passes(server: Any) -> None:
    health = look(server.url)
    assert (health.level, health.message) == (Level.HEALTHY, f"{server.url} answered 200")


@pytest.mark.parametrize(
    ("status", "expected", "level"),
    [
        (204, None, Level.HEALTHY),
        (404, None, Level.DEGRADED),
        (404, 404, Level.HEALTHY),
        (200, "200", Level.HEALTHY),
        (401, [200, "4xx"], Level.HEALTHY),
        (503, [200, "4xx"], Level.DEGRADED),
        (500, "2xx", Level.DEGRADED),
    ],
)
def test_the_status_is_a_number_a_class_or_a_list(
    server: Any, status: int, expected: Any, level: Level
) -> None:
    server.status, server.body = status, b""
    health = look(server.url, **({} if expected is None else {"expect": {"status": expected}}))
    assert health.level is level
    assert str(status) in health.message


@pytest.mark.parametrize(
    ("expect", "level"),
    [
        ({"body": "is well"}, Level.HEALTHY),
        ({"body": "i. well"}, Level.DEGRADED),
        ({"matches": "^all i. well$"}, Level.HEALTHY),
        ({"matches": "^well"}, Level.DEGRADED),
        ({"status": 200, "body": "all", "matches": "well"}, Level.HEALTHY),
    ],
)
def test_the_body_is_looked_at_where_something_is_expected_of_it(
    server: Any, expect: dict[str, Any], level: Level
) -> None:
    assert look(server.url, expect=expect).level is level


def test_no_more_of_a_body_is_read_than_is_needed(server: Any) -> None:
    server.body = b"x" * LIMIT + b"end"
    assert look(server.url, expect={"body": "end"}).level is Level.DEGRADED


def test_method_headers_and_body_are_sent(server: Any) -> None:
    """A secret header arrives in plain."""
    headers = {"Authorization": Secret("Bearer x", "env:T"), "Host": "shop"}
    look(server.url + "health?full=1", method="post", headers=headers, body="ping")
    method, path, sent, body = server.asked[0]
    assert (method, path, body) == ("POST", "/health?full=1", b"ping")
    assert (sent["Authorization"], sent["Host"], sent["User-Agent"]) == ("Bearer x", "shop", "opsctl")


def test_redirects_are_followed_only_when_asked_for(server: Any) -> None:
    health = look(server.url + "moved")
    assert health.level is Level.DEGRADED
    assert "302" in health.message
    assert "not followed" in health.message
    assert look(server.url + "moved", followRedirects=True).level is Level.HEALTHY
    assert look(server.url + "moved", expect={"status": 302}).level is Level.HEALTHY


def test_nobody_there_yet_is_progress(closed_port: int) -> None:
    health = look(f"http://127.0.0.1:{closed_port}/")
    assert health == Health(Level.PROGRESSING, f"http://127.0.0.1:{closed_port}/: connection refused")


def test_no_answer_in_time_is_progress(server: Any) -> None:
    server.status = 0
    health = look(server.url, timeout=0.1)
    assert health == Health(Level.PROGRESSING, f"{server.url}: no answer in time")


def test_a_server_that_drips_is_cut_off(server: Any) -> None:
    """Every byte comes in time, all of them do not."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while not stop.wait(0.02):
                    try:
                        connection.sendall(b".")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert look(url, timeout=0.2, expect={"body": "never"}).level is Level.DEGRADED
        stop.set()
        thread.join()


def test_what_speaks_no_http_is_progress() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"SSH-2.0-OpenSSH\r\n")
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert look(f"http://127.0.0.1:{listener.getsockname()[1]}/").level is Level.PROGRESSING
        thread.join()


def test_a_plain_server_behind_an_https_url_does_not_pass(server: Any) -> None:
    assert look(server.url.replace("http:", "https:")).level is Level.DEGRADED


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": "ftp://x/"},
        {"url": "127.0.0.1:80"},
        {"url": "http://"},
        {"url": "http://x:port/"},
        {"url": "http://[::1/"},
        {"url": "http://x", "method": "FETCH"},
        {"url": "http://x", "expect": {"status": "ok"}},
        {"url": "http://x", "expect": {"status": 2000}},
        {"url": "http://x", "expect": {"matches": "("}},
        {"url": "http://x", "expect": {"code": 200}},
        {"url": "http://x", "expect": 200},
        {"url": "http://x", "timeout": -1},
        {"url": "http://x", "timeout": "soon"},
        {"url": "http://x", "urll": "http://y"},
        {"url": "http://x", "headers": ["a"]},
        {"url": "https://x", "ca": "nowhere.pem"},
    ],
)
def test_settings_without_sense_fail_at_once(settings: dict[str, Any]) -> None:
    """Waiting does not make them better."""
    health = HttpProbe().assess(settings)
    assert health.level is Level.FAILED
    assert health.message.startswith("the http gate makes no sense: ")


def test_what_may_be_secret_in_a_url_is_not_told(server: Any) -> None:
    url = server.url.replace("//", "//me:hunter2@") + "health?token=hunter2"
    server.status = 500
    assert "hunter2" not in look(url).message
    assert "hunter2" not in look(url.replace("http:", "ftp:")).message


def test_the_http_library_is_loaded_only_to_look() -> None:
    code = "import sys, orchestrator.adapters.gates_http; print('urllib3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"
