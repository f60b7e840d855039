"""State in PostgreSQL when the server is wrong, away, slow or shared: nothing lost, nothing twice, said clearly."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestrator.adapters import state_postgres
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.errors import LeaseLostError, StateError
from orchestrator.model.ids import StackId
from orchestrator.model.snapshot import Damaged
from orchestrator.model.values import Secret
from orchestrator.testing.state_conformance import ALICE, BOB, STACK, kept

from .proxy import Proxy

HERE = Path()


def opened_with(settings, clock, folder=HERE):
    return state_postgres.open_backend(settings, stack=STACK, folder=folder, clock=clock, cipher=PLAIN)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hots": "db"}, "no setting hots; known: url, host, port, database"),
        ({"password": "hunter2"}, "state.password must be a reference, such as env:PGPASSWORD"),
        ({"url": "postgresql://u:hunter2@db/x"}, "state.url has a password in it"),
        ({"url": "host=db password = hunter2"}, "state.url has a password in it"),
        ({"schema": "a; drop"}, "schema must be a plain name"),
        ({"timeout": "soon"}, "state.timeout: 'soon' is not a duration"),
        ({"timeout": 0}, "state.timeout is 0: write a time such as 40s"),
        (
            {"url": Secret("postgresql://u:hunter2@db/x?nonsense=1", "env:X", "")},
            "url cannot be read: invalid URI",
        ),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_asked(real_clock, settings, message):
    with pytest.raises(StateError) as error:
        opened_with(settings, real_clock)
    assert message in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_server_that_does_not_answer_is_named_without_its_password(real_clock):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    address = f"postgresql://opsctl:hunter2@127.0.0.1:{port}/states"
    with pytest.raises(StateError, match=rf"postgresql://127\.0\.0\.1:{port}/states: .*refused") as error:
        opened_with({"url": Secret(address, "env:X", "")}, real_clock).latest()
    assert "hunter2" not in str(error.value)


def test_a_server_that_takes_connections_and_says_nothing_ends_the_command(tmp_path, monkeypatch):
    """After libpq's time for connecting: exit code 1, the place without its password, what to look at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        address = f"postgresql://opsctl:hunter2@127.0.0.1:{port}/states?connect_timeout=1"
        monkeypatch.setenv("STATE_URL", address)
        (tmp_path / "opsctl.yaml").write_text(STACK_FILE.format(number=1, schema="opsctl"))
        command = [sys.executable, "-m", "orchestrator", "plan"]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert f"postgresql://127.0.0.1:{port}/states: connection timeout expired" in ended.stderr
    assert "takes connections and does not answer" in ended.stderr
    assert "hunter2" not in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def server(postgres_address):
    return urlsplit(postgres_address)


@pytest.fixture
def proxy(server):
    made = Proxy(server.port)
    yield made
    made.close()


@pytest.fixture
def through(postgres_storage, proxy):
    """Opens backends behind the proxy, without TLS so that it sees what passes."""

    def open_(stack: StackId = STACK, **more):
        at = {"host": "127.0.0.1", "port": proxy.port, "sslmode": "disable"}
        return postgres_storage.open(stack=stack, **at, **more)

    return open_


@pytest.mark.server
def test_a_wrong_password_and_a_wrong_database_are_said(server, real_clock):
    base = {"host": "127.0.0.1", "port": server.port, "user": "opsctl", "database": "postgres"}
    with pytest.raises(
        StateError, match=r"password authentication failed.*check state.user and state.password"
    ):
        opened_with({**base, "password": Secret("wrong", "env:X", "")}, real_clock).latest()
    right = {**base, "password": Secret(server.password, "env:X", "")}
    with pytest.raises(
        StateError, match=r'database "nowhere" does not exist; create it, or correct state.database'
    ):
        opened_with({**right, "database": "nowhere"}, real_clock).latest()


@pytest.mark.server
def test_what_is_not_said_comes_from_the_environment(server, real_clock, postgres_storage, monkeypatch):
    for name, value in (
        ("HOST", "127.0.0.1"),
        ("PORT", str(server.port)),
        ("USER", "opsctl"),
        ("DATABASE", "postgres"),
    ):
        monkeypatch.setenv(f"PG{name}", value)
    monkeypatch.setenv("PGPASSWORD", server.password)
    backend = opened_with({"schema": postgres_storage.schema}, real_clock)
    postgres_storage.opened.append(backend)
    assert backend.append(backend.lease(ALICE), [kept("a")]) == 1


@pytest.mark.server
def test_a_certificate_is_verified(postgres_storage, tmp_path):
    """With the server's own authority it connects; with another it does not, and says what to check."""
    right, wrong = tmp_path / "right.pem", tmp_path / "wrong.pem"
    right.write_text(_certificate(urlsplit(postgres_storage.address).port))
    wrong.write_text(ssl.get_server_certificate.__doc__ or "")
    assert postgres_storage.open(sslmode="verify-full", sslrootcert=str(right)).holder() is None
    with pytest.raises(StateError, match=r"check state.sslmode and state.sslrootcert"):
        postgres_storage.open(sslmode="verify-full", sslrootcert=str(wrong)).holder()


def _certificate(port: int) -> str:
    """The server's certificate, by the protocol's own way to ask for TLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(bytes([0, 0, 0, 8, 4, 210, 22, 47]))
        assert plain.recv(1) == b"S"
        with context.wrap_socket(plain) as wrapped:
            return ssl.DER_cert_to_PEM_cert(wrapped.getpeercert(binary_form=True))


@pytest.mark.server
def test_a_read_only_server_is_said_and_can_be_read(postgres_storage, monkeypatch):
    writer = postgres_storage.open()
    lease = writer.lease(ALICE)
    writer.append(lease, [kept("a")])
    writer.release(lease)
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    standby = postgres_storage.open()
    assert sorted(standby.latest().resources) == ["a"]
    with pytest.raises(StateError, match=r"read-only.*set state.host to the primary; nothing was written"):
        standby.lease(BOB)


@pytest.mark.server
def test_a_user_without_rights_is_told_what_to_grant(postgres_storage, server):
    postgres_storage.ask("DROP ROLE IF EXISTS guest_of_tests")
    postgres_storage.ask("CREATE ROLE guest_of_tests LOGIN PASSWORD 'guest'")
    try:
        guest = postgres_storage.open(user="guest_of_tests", password=Secret("guest", "env:X", ""))
        with pytest.raises(StateError, match=r"permission denied.*grant it CREATE"):
            guest.lease(ALICE)
    finally:
        postgres_storage.ask("DROP ROLE guest_of_tests")


@pytest.mark.server
def test_a_dropped_connection_is_made_again(postgres_storage):
    """Between two appends the server ends the session."""
    backend = postgres_storage.open()
    lease = backend.lease(ALICE)
    for number in range(1, 4):
        postgres_storage.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'opsctl'"
        )
        assert backend.append(lease, [kept(f"r{number}")]) == number


@pytest.mark.server
def test_a_commit_whose_answer_got_lost_is_not_written_twice(through, proxy, postgres_storage):
    """Cut behind COMMIT: it took effect. The next try finds its own rows and says so."""
    backend = through()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("first")])
    for number in range(5):
        proxy.cut_after = b"COMMIT"
        assert backend.append(lease, [kept(f"a{number}"), kept(f"b{number}")]) == 3 + 2 * number
    assert proxy.cuts == 5
    proxy.cut_after = b"COMMIT"
    backend.release(lease)
    assert backend.holder() is None
    proxy.cut_after = b"COMMIT"
    second = backend.lease(BOB)
    assert second.epoch == lease.epoch + 1
    assert len(postgres_storage.open().history()) == 11


@pytest.mark.server
def test_a_transaction_that_was_cut_before_its_commit_is_run_again(through, proxy):
    backend = through()
    lease = backend.lease(ALICE)
    for number in range(1, 4):
        proxy.cut_after = b"INSERT INTO journal"
        assert backend.append(lease, [kept(f"r{number}")]) == number
    assert proxy.cuts == 3
    assert sorted(backend.latest().resources) == ["r1", "r2", "r3"]


@pytest.mark.server
def test_a_server_that_dies_in_the_middle_is_said_and_nothing_is_lost(through, proxy, postgres_storage):
    backend = through()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    proxy.refusing = True
    proxy.drop()
    with pytest.raises(StateError, match=r"postgresql://127\.0\.0\.1:\d+/postgres: .*server closed"):
        backend.append(lease, [kept("b")])
    proxy.refusing = False
    assert sorted(postgres_storage.open().latest().resources) == ["a"]
    assert backend.append(lease, [kept("c")]) == 2


@pytest.mark.server
def test_a_connection_on_which_nothing_comes_any_more_is_given_up(through, proxy, postgres_storage):
    """It stays open, as behind a gateway that forgot it; new ones are no better. What was durable is there."""
    backend = through(timeout=0.4)
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    proxy.silent = True
    with pytest.raises(
        StateError, match=r"postgresql://127\.0\.0\.1:\d+/postgres: .*does not answer: check both"
    ):
        backend.append(lease, [kept("b")])
    proxy.silent = False
    assert sorted(postgres_storage.open().latest().resources) == ["a"]
    assert backend.append(lease, [kept("c")]) == 2


@pytest.mark.server
def test_one_silent_connection_costs_only_time(through, proxy):
    """The next one answers: the write is made once."""
    backend = through(timeout=0.4)
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    proxy.silence()
    assert backend.append(lease, [kept("b")]) == 2
    assert len(backend.history()) == 2


@pytest.mark.server
def test_a_statement_that_takes_too_long_is_said_by_the_server(through, postgres_storage):
    """Somebody holds the stack's row: the server's own word comes before our patience ends."""
    backend = through(timeout=0.4)
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a")])
    postgres_storage.freeze(backend)
    with postgres_storage.connected() as other:
        other.execute("SELECT * FROM stack FOR UPDATE")
        with pytest.raises(StateError, match=r"statement timeout.*somebody holds the stack's row"):
            backend.append(lease, [kept("b")])


@pytest.mark.server
def test_a_slow_server_only_takes_longer(through, proxy):
    proxy.delay = 0.05
    backend = through()
    lease = backend.lease(ALICE, ttl=3)
    assert backend.append(lease, [kept("a")]) == 1
    assert backend.compact(lease).sequence == 1


@pytest.mark.server
def test_a_client_that_stops_in_the_middle_of_a_transaction_holds_nobody_up(postgres_storage):
    """The server ends its session after a few seconds, so that the stack can be taken over."""
    stopped, next_ = postgres_storage.open(), postgres_storage.open()
    lease = stopped.lease(ALICE, ttl=0.5)
    postgres_storage.freeze(stopped)
    inside, go_on = threading.Event(), threading.Event()

    def stall(rows):
        rows.head()
        inside.set()
        go_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        stalled = pool.submit(stopped._do, stall, write=True)
        assert inside.wait(10)
        taken = next_.lease(BOB)
        go_on.set()
        stalled.result()
    with pytest.raises(LeaseLostError, match=r"taken over by bob@two"):
        stopped.append(lease, [kept("late")])
    assert next_.append(taken, [kept("b")]) == 1


@pytest.mark.server
def test_sixteen_stacks_in_one_database_do_not_meet(postgres_storage):
    """All write at once, compact, and give back: no update is lost, nobody waits for ever."""
    barrier = threading.Barrier(16)

    def work(number: int) -> tuple[int, list[int]]:
        backend = postgres_storage.open(stack=StackId(f"stack-{number}"))
        barrier.wait()
        lease = backend.lease(ALICE)
        for turn in range(20):
            backend.append(lease, [kept(f"r{turn}", value=number), kept("last", value=turn)])
            if turn % 7 == 6:
                backend.compact(lease)
        backend.release(lease)
        values = {
            record.spec["value"] for name, record in backend.latest().resources.items() if name != "last"
        }
        return len(backend.history()), sorted(values)

    with ThreadPoolExecutor(16) as pool:
        ended = list(pool.map(work, range(16)))
    assert ended == [(40, [number]) for number in range(16)]


@pytest.mark.server
def test_tables_are_made_once_by_whoever_comes_first(postgres_storage):
    barrier = threading.Barrier(8)

    def take(number: int) -> int:
        backend = postgres_storage.open(stack=StackId(f"stack-{number}"))
        barrier.wait()
        return backend.lease(ALICE).epoch

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(take, range(8))) == [1] * 8
    assert postgres_storage.ask("SELECT version FROM format") == [(1,)]


@pytest.mark.server
def test_a_changed_row_is_found(postgres_storage):
    """Of the head, and of the journal behind the snapshot; each is named."""
    backend = postgres_storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a"), kept("b")])
    backend.compact(lease)
    backend.append(lease, [kept("c")])
    backend.release(lease)
    for damage, undo, named in (
        ("UPDATE stack SET last = last + 1", "UPDATE stack SET last = last - 1", "head of the stack"),
        (
            "UPDATE journal SET epoch = 9 WHERE sequence = 3",
            "UPDATE journal SET epoch = 1 WHERE sequence = 3",
            "entry 3",
        ),
    ):
        postgres_storage.ask(damage)
        with pytest.raises(StateError, match=rf"is damaged: .*{named}"):
            postgres_storage.open().latest()
        postgres_storage.ask(undo)
    assert len(postgres_storage.open().latest().resources) == 3


@pytest.mark.server
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE part SET key = 'z' WHERE key = 'b'",
        "UPDATE part SET body = 'x'",
        "DELETE FROM part WHERE key = 'a'",
    ],
)
def test_a_damaged_snapshot_is_folded_again_and_written_anew(postgres_storage, statement):
    """The journal says the same: the reader is told, and the next compaction mends the rows."""
    backend = postgres_storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a"), kept("b")])
    whole = backend.compact(lease)
    backend.release(lease)
    postgres_storage.ask(statement)
    reader = postgres_storage.open()
    assert reader.latest() == whole
    assert reader.mended
    lease = reader.lease(BOB)
    assert reader.compact(lease) == whole
    reader.release(lease)
    again = postgres_storage.open()
    assert again.latest() == whole
    assert not [*again.mended, *again.damage()]


@pytest.mark.server
def test_a_damaged_entry_below_the_snapshot_is_shown_and_stops_nothing(postgres_storage):
    backend = postgres_storage.open()
    lease = backend.lease(ALICE)
    backend.append(lease, [kept("a"), kept("b")])
    backend.compact(lease)
    postgres_storage.ask("UPDATE journal SET body = 'x' WHERE sequence = 1")
    reader = postgres_storage.open()
    assert sorted(reader.latest().resources) == ["a", "b"]
    assert [isinstance(logged.entry, Damaged) for logged in reader.history()] == [True, False]
    assert backend.append(lease, [kept("c")]) == 3


STACK_FILE = """\
apiVersion: opsctl.dev/v1
kind: Stack
metadata: {{name: s{number}, id: stack-{number}}}
state: {{backend: postgresql, url: "env:STATE_URL", schema: {schema}}}
"""
VALUES = """\
apiVersion: opsctl.dev/v1
kind: Resource
type: Local::Value
metadata: {{name: v{name}}}
spec: {{value: {value}}}
"""


@pytest.mark.server
def test_sixteen_processes_that_apply_sixteen_stacks_at_once_do_not_meet(postgres_storage, tmp_path):
    """The real command, each in a process of its own, from tables that nobody has made yet: no update is lost."""
    started = []
    for number in range(16):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "opsctl.yaml").write_text(STACK_FILE.format(number=number, schema=postgres_storage.schema))
        documents = (VALUES.format(name=name, value=number) for name in range(5))
        (folder / "values.yaml").write_text("---\n".join(documents))
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "orchestrator", "apply", "--auto-approve"],
                cwd=folder,
                env=os.environ | {"STATE_URL": postgres_storage.address},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * 16, said
    for number in range(16):
        state = postgres_storage.open(stack=StackId(f"stack-{number}"))
        values = [record.spec["value"] for record in state.latest().resources.values()]
        assert values == [number] * 5
        assert not state.damage()
        assert state.holder() is None
    assert postgres_storage.ask("SELECT count(*) FROM stack") == [(16,)]
