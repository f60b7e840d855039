"""Addresses that answer."""

import socket
import urllib.error
import urllib.request

import pytest

from orchestrator.kit.simulation.responders import Responders


@pytest.fixture
def responders():
    opened = Responders("127.65.0.0")
    yield opened
    opened.close_all()


def status_of(address, port=8080, path="/health"):
    try:
        with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_every_opening_is_an_address_of_its_own(responders):
    """Two machines never share an address, and both answer any path."""
    one, two = (responders.open(name, ports=[8080]) for name in "ab")
    assert one != two
    assert one.startswith("127.65.")
    assert status_of(one) == status_of(two, path="/") == (200, b"ok")


def test_the_status_can_be_changed(responders):
    """A machine falls ill and gets well while it runs."""
    address = responders.open("web", ports=[8080], status=503)
    assert status_of(address)[0] == 503
    responders.set_status(address, 200)
    assert status_of(address)[0] == 200


def test_a_database_port_accepts_and_hangs_up(responders):
    """TCP connects; nothing is said."""
    address = responders.open("db", ports=[3306, 5432])
    for port in responders.ports(address):
        with socket.create_connection((address, port), timeout=5) as connection:
            assert connection.recv(10) == b""


def test_a_closed_address_refuses(responders):
    """What was deleted no longer answers, and closing twice is closing once."""
    address = responders.open("web", ports=[8080])
    responders.close(address)
    responders.close(address)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, 8080), timeout=5)


def test_an_address_in_use_is_passed_over(responders):
    """Two sandboxes on one machine do not fight for addresses."""
    with socket.create_server(("127.65.0.1", 8080)):
        assert responders.open("web", ports=[8080]) == "127.65.0.2"


def test_many_machines_share_one_thread(responders):
    """Sixty machines, one thread."""
    addresses = [responders.open(str(n), ports=[8080]) for n in range(60)]
    assert {status_of(a)[0] for a in addresses} == {200}
