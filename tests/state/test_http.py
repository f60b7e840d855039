"""State at a server of Terraform's protocol: what it says on the wire, and what happens when the server misbehaves."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from orchestrator.adapters import state_http
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.errors import LeaseLostError, LockHeldError, StateError
from orchestrator.model.values import Secret
from orchestrator.testing.http_state_server import HttpStateServer
from orchestrator.testing.state_conformance import ALICE, BOB, STACK, kept


def opened_with(settings, clock):
    return state_http.open_backend(settings, stack=STACK, folder=Path(), clock=clock, cipher=PLAIN)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"adress": "x"}, "no setting adress; known: address, lock_address"),
        ({"lock_address": "https://s/l"}, "needs state.address"),
        ({"address": "https://s/x"}, "needs state.lock_address: without a lock"),
        ({"address": "s/x", "lock_address": "https://s/l"}, "'s/x' is no address"),
        (
            {"address": "https://s/x", "lock_address": "https://s/l", "password": "plain"},
            "must be a reference",
        ),
        (
            {"address": "http://s/x", "lock_address": "https://s/l", "password": Secret("p", "env:P", "")},
            "would go to s in clear text: write https://",
        ),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_asked(real_clock, settings, message):
    with pytest.raises(StateError) as error:
        opened_with(settings, real_clock)
    assert message in str(error.value)


def test_a_server_that_does_not_answer_is_named(real_clock, monkeypatch):
    monkeypatch.setattr("orchestrator.adapters.http_store.time.sleep", lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/s"
    with pytest.raises(StateError, match=rf"state at {address}: GET: .*refused.*check the address"):
        opened_with({"address": address, "lock_address": address}, real_clock).latest()


def test_an_answer_that_is_cut_in_its_head_is_not_taken_for_no_state(real_clock, monkeypatch):
    """A plan over no state would make everything again."""
    monkeypatch.setattr("orchestrator.adapters.http_store.time.sleep", lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_cut_off, args=(listener,), daemon=True).start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/s"
        with pytest.raises(StateError, match=r"GET: the answer ended in the middle of its headers"):
            opened_with({"address": address, "lock_address": address}, real_clock).latest()


def _cut_off(listener):
    with suppress(OSError):  # closed by the test
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le")


def test_a_wrong_password_is_said_and_not_shown(real_clock):
    server = HttpStateServer(user="ci", password="right")
    try:
        address = f"{server.address}/s"
        settings = {"address": address, "lock_address": address, "username": "ci"}
        with pytest.raises(StateError, match=r"HTTP 401: .*check state.username and state.password") as error:
            opened_with(settings | {"password": Secret("wrong-one", "env:P", "")}, real_clock).latest()
        assert "wrong-one" not in str(error.value)
        backend = opened_with(settings | {"password": Secret("right", "env:P", "")}, real_clock)
        lease = backend.lease(ALICE)
        assert backend.append(lease, [kept("a")]) == 1
        backend.release(lease)
        backend.close()
    finally:
        server.close()


def test_what_stands_there_is_what_servers_of_the_protocol_expect(http_storage):
    """A JSON with version, lineage and a serial that grows by one a write; the lock says who, in Terraform's words."""
    backend = http_storage.open()
    lease = backend.lease(ALICE)
    (there,) = http_storage.server.kept.values()
    assert there.lock["Who"] == ALICE.owner
    assert there.lock["Operation"] == ALICE.command
    serials = []
    for name in "abc":
        backend.append(lease, [kept(name)])
        document = json.loads(there.document)
        serials.append(document["serial"])
        assert document["version"] == 4
    assert serials == [serials[0], serials[0] + 1, serials[0] + 2]
    backend.release(lease)
    assert there.lock is None


def test_terraforms_own_lock_is_respected_and_named(http_storage, real_clock):
    backend = http_storage.open()
    lease = backend.lease(ALICE)
    backend.release(lease)
    (there,) = http_storage.server.kept.values()
    there.lock = {
        "ID": "x",
        "Who": "eve@laptop",
        "Operation": "OperationTypeApply",
        "Created": "2026-01-02T03:04:05Z",
    }
    with pytest.raises(
        LockHeldError, match=r"held by eve@laptop, running 'OperationTypeApply', since 2026-01-02"
    ):
        http_storage.open().lease(BOB)
    assert http_storage.open().unlock().owner == "eve@laptop"
    assert http_storage.open().lease(BOB).epoch > lease.epoch


def test_an_answer_that_got_lost_is_found_out_and_nothing_is_written_twice(http_storage):
    """Cut behind the write: the next look finds our own document there."""
    backend = http_storage.open()
    lease = backend.lease(ALICE)
    cuts = iter(["cut", None, "cut", None])
    http_storage.server.fault = lambda method, when: (
        next(cuts, None) if (method, when) == ("POST", "after") else None
    )
    assert backend.append(lease, [kept("a"), kept("b")]) == 2
    assert backend.append(lease, [kept("c")]) == 3
    http_storage.server.fault = lambda method, when: None
    assert [entry.entry for entry in http_storage.open().history()] == [kept("a"), kept("b"), kept("c")]


def test_a_server_that_dies_in_the_middle_is_said_and_nothing_is_lost(http_storage, monkeypatch):
    backend = http_storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    monkeypatch.setattr("orchestrator.adapters.http_store.time.sleep", lambda _: None)
    http_storage.server.fault = lambda method, when: "503" if when == "before" else None
    with pytest.raises(StateError, match=r"HTTP 503: as asked for; look into the server's log"):
        backend.append(lease, [kept("b")])
    http_storage.server.fault = lambda method, when: None
    assert sorted(http_storage.open().latest().resources) == ["a"]
    assert backend.append(lease, [kept("c")]) == 2


def test_where_a_server_ignores_lock_ids_the_look_before_the_write_still_fences(http_storage):
    http_storage.server.careless = True
    old, new = http_storage.open(), http_storage.open()
    lost = old.lease(ALICE)
    old.append(lost, [kept("a")])
    new.unlock()
    held = new.lease(BOB)
    with pytest.raises(LeaseLostError, match="bob@two"):
        old.append(lost, [kept("late")])
    old.release(lost)
    assert new.append(held, [kept("b")]) == 2


def test_a_document_that_is_damaged_or_none_of_ours_is_refused(http_storage):
    backend = http_storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    backend.release(lease)
    (there,) = http_storage.server.kept.values()
    good = there.document
    for bad, message in (
        (good.replace(b"id-a", b"id-b"), "checksum"),
        (b'{"version":4,"serial":1}', "no state of opsctl"),
    ):
        there.document = bad
        with pytest.raises(StateError, match=message):
            http_storage.open().latest()
        with pytest.raises(StateError, match=message):
            http_storage.open().lease(BOB)
        assert (there.document, there.lock) == (bad, None)


def test_long_histories_are_cut_at_compaction_and_the_state_is_whole(http_storage, monkeypatch):
    monkeypatch.setattr("orchestrator.adapters.http_document.KEPT", 3)
    backend = http_storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept(name) for name in "abcde"])
    backend.compact(lease)
    backend.append(lease, [kept("f")])
    reader = http_storage.open()
    assert [entry.sequence for entry in reader.history()] == [3, 4, 5, 6]
    assert sorted(reader.latest().resources) == list("abcdef")
