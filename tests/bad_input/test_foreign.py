"""Something else answers where a cloud or a policy server should: it is named with its address, and never obeyed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from tests.bad_input.test_clouds import CLOUDS, each_cloud, elsewhere

PAGE = "<html><body>Welcome, please sign in to this network</body></html>"


@contextmanager
def portal(status: int) -> Iterator[str]:
    """A server that answers everything with a web page."""
    server = make_server("127.0.0.1", 0, Response(PAGE, status=status, mimetype="text/html"), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@each_cloud
@pytest.mark.parametrize("status", [200, 401, 404])
def test_a_web_page_in_place_of_a_cloud_is_named_with_its_address(stack, cloud, status):
    """No plugin is blamed, nothing hangs, nothing is taken for absent, and nothing is recorded as made."""
    with portal(status) as address:
        stack.settings(providers={cloud.name: elsewhere(cloud.name, address)})
        stack.resources(cloud.resource())
        ran = stack.apply()
    assert ran.code == 1, ran.said
    assert "plugin" not in ran.said
    assert "or a proxy?" in ran.said, ran.said
    assert address in ran.said, ran.said
    assert "sesame" not in ran.said
    assert stack.addresses() == set()


@pytest.mark.parametrize("name", ["azure", "openstack"])
def test_a_web_page_that_calls_itself_an_error_of_the_server_is_named_too(stack, name):
    """It may be a gateway that is tired: it is asked again for a while, and then its address is said."""
    with portal(500) as address:
        stack.settings(providers={name: elsewhere(name, address)})
        stack.resources(CLOUDS[name].resource())
        ran = stack.apply()
    assert ran.code == 1, ran.said
    assert f"{address}/" in ran.said, ran.said
    assert "(HTTP 500): is it" in ran.said
    assert stack.addresses() == set()


@pytest.mark.parametrize("status", [200, 500])
def test_a_policy_server_that_answers_nonsense_denies(stack, status):
    """Exit code 3, its address, and nothing is applied; without it the apply goes on."""
    stack.resources({"type": "Local::Value", "metadata": {"name": "a"}, "spec": {"value": 1}})
    with portal(status) as address:
        stack.settings(policy={"server": address})
        ran = stack.apply()
    assert ran.code == 3, ran.said
    assert stack.addresses() == set()
    stack.settings()
    stack.recovers()


def test_a_state_of_a_newer_format_is_refused_untouched(stack):
    """By every command, with the version that wrote it."""
    stack.resources({"type": "Local::Value", "metadata": {"name": "a"}, "spec": {"value": 1}})
    assert stack.apply().code == 0
    path = stack.folder / ".opsctl/state.db"
    newer = bytearray(path.read_bytes())
    newer[60:64] = (99).to_bytes(4, "big")  # the user version in SQLite's header
    path.write_bytes(newer)
    for arguments in (("plan",), ("apply", "--auto-approve"), ("state", "list")):
        ran = stack.run(*arguments)
        assert ran.code == 1, ran.said
        assert "was written by a newer opsctl (state format 99" in ran.err
        assert path.read_bytes() == bytes(newer)
