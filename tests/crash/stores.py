"""Where a machine's stack keeps its state, and how the way there is disturbed."""

from __future__ import annotations

import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import boto3

from orchestrator.adapters.system_clock import SystemClock
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.ids import StackId
from orchestrator.model.snapshot import Snapshot
from orchestrator.model.values import Secret
from tests.crash.command import Sandbox
from tests.crash.director import Act, Boundary, Director, Order
from tests.crash.watch import Appends
from tests.crash.wire import Asked, Cut, Point, Wire

LEASE: Final = "1s"
SERVERS: Final = Path(__file__).parents[1] / "servers"
AT: Final = "127.0.0.8"
"""Where the wire to a state listens: not where those to the clouds do."""
_SAID: Final = re.compile(rb"[A-Z]{4,}(?: [A-Za-z_]+)*")


class Watch(Protocol):
    """The way to the state while one process runs."""

    @property
    def count(self) -> int:
        """How many boundaries there were."""

    @property
    def struck(self) -> str:
        """At which of them the order was carried out; empty where at none."""

    def watch(self, pid: int) -> None:
        """The process is there."""

    def close(self) -> None:
        """It has ended."""


class Store(Protocol):
    """One place to keep state in."""

    acts: Mapping[Point, tuple[Act, ...]]
    """What can be done at the boundaries on the way there."""
    director: Director | None
    """Who does it, where it is done on a wire."""
    settings: Mapping[str, Any]
    """The stack's block ``state``."""
    environ: Mapping[str, str]
    waits: tuple[str, ...]
    """What whoever comes after a killed run has to type to wait for the lease's end."""

    def watch(self, boundary: Boundary | None, act: Act, seconds: float) -> Watch:
        """Before a run: what is to happen on its way to the state."""

    def latest(self, stack: StackId) -> Snapshot:
        """The state, past the wire."""

    def renew(self) -> None:
        """Remember nothing."""

    def close(self) -> None:
        """End what was started."""


class Sqlite:
    """A file in the stack's folder: the kernel tells of each write, and the process is killed after it."""

    acts: Final = {Point.APPEND: (Act.KILL,)}
    director = None
    settings: Final = {"backend": "sqlite", "lease": LEASE}
    environ: Final[Mapping[str, str]] = {}
    waits = ()
    """A dead run's stack is free at once."""
    written: Final = (b"-wal", b".db", b"-journal")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.journal = folder / ".opsctl"

    def watch(self, boundary: Boundary | None, act: Act, seconds: float) -> Watch:
        """See the protocol."""
        del act, seconds
        return Appends(self.journal, boundary, self.written)

    def latest(self, stack: StackId) -> Snapshot:
        """See the protocol."""
        return _latest("orchestrator.adapters.state_sqlite", {}, stack, self._folder)

    def renew(self) -> None:
        """See the protocol."""
        shutil.rmtree(self.journal, ignore_errors=True)

    def close(self) -> None:
        """Nothing was started."""


def _latest(module: str, settings: Mapping[str, Any], stack: StackId, folder: Path = Path()) -> Snapshot:
    backend = import_module(module).open_backend(
        settings, stack=stack, folder=folder, clock=SystemClock(), cipher=PLAIN
    )
    try:
        return backend.latest()
    finally:
        backend.close()


class OnWire:
    """What one run says to a server of state."""

    def __init__(self, director: Director, order: Order) -> None:
        self._director, self._order = director, order
        director.start(order)

    @property
    def count(self) -> int:
        """See the protocol."""
        return len(self._order.seen)

    @property
    def struck(self) -> str:
        """See the protocol."""
        return self._order.struck and f"on the way to the state: {self._order.struck}"

    def watch(self, pid: int) -> None:
        """See the protocol."""
        self._director.runs(pid)

    def close(self) -> None:
        """The wire stays."""


class _Served:
    """A state behind a wire."""

    waits = ("--lock-timeout", "30s")

    def __init__(self) -> None:
        self.director = Director()

    def watch(self, boundary: Boundary | None, act: Act, seconds: float) -> Watch:
        """See the protocol."""
        return OnWire(self.director, Order(boundary, act, seconds=seconds))


class S3(_Served):
    """A bucket of the sandbox, by HTTP."""

    acts: Final = {
        Point.BEFORE: (Act.KILL, Act.LATE, Act.CUT, Act.STOP),
        Point.AFTER: (Act.KILL, Act.CUT, Act.STOP),
        Point.MIDDLE: (Act.KILL, Act.CUT),
    }

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        told = sandbox.settings("aws")
        self._keys = {name: told[name] for name in ("accessKeyId", "secretAccessKey")}
        self._endpoint = told["endpoint"]
        port = urlsplit(self._endpoint).port or 80
        self._wire = Wire(port, self.director.reached, self.director.number, host=AT)
        self._through = f"http://{AT}:{port}"
        self.environ = {
            "AWS_ACCESS_KEY_ID": told["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": told["secretAccessKey"],
        }
        self.renew()

    def latest(self, stack: StackId) -> Snapshot:
        """See the protocol."""
        past = {**self.settings, **self._keys, "endpoint": self._endpoint}
        settings = {name: value for name, value in past.items() if name not in ("backend", "lease")}
        return _latest("providers.aws.backend", settings, stack)

    def renew(self) -> None:
        """See the protocol."""
        place = {"bucket": f"state-{uuid.uuid4().hex}", "region": "eu-west-1"}
        self.settings = {"backend": "s3", "lease": LEASE, **place, "endpoint": self._through}
        client = boto3.client(
            "s3",
            endpoint_url=self._endpoint,
            region_name=place["region"],
            aws_access_key_id=self._keys["accessKeyId"],
            aws_secret_access_key=self._keys["secretAccessKey"],
        )
        client.create_bucket(
            Bucket=place["bucket"], CreateBucketConfiguration={"LocationConstraint": place["region"]}
        )
        client.close()

    def close(self) -> None:
        """See the protocol."""
        self._wire.close()


class Postgres(_Served):
    """A schema in a real server: the one of ``OPSCTL_TEST_POSTGRES``, or one that is started for this."""

    acts: Final = {
        Point.BEFORE: (Act.KILL, Act.CUT, Act.STOP),
        Point.AFTER: (Act.KILL, Act.CUT, Act.STOP),
        Point.MIDDLE: (Act.KILL, Act.CUT),
    }
    """Nothing arrives late: the kernel of a dead run ends its connection, and the server the transaction."""

    def __init__(self) -> None:
        super().__init__()
        self._started = ""
        self._address = os.environ.get("OPSCTL_TEST_POSTGRES") or self._start()
        at = urlsplit(self._address)
        self._wire = Exchanges(at.port or 5432, self.director)
        through = self._address.replace(f"{at.hostname}:{at.port}", f"{AT}:{at.port}")
        self.environ = {"STATE_URL": f"{through}?sslmode=disable"}
        self.renew()

    def _start(self) -> str:
        self._started = tempfile.mkdtemp(prefix="crash-postgres-")
        Path(self._started).chmod(0o711)
        command = [str(SERVERS / "postgres"), "start", f"{self._started}/server"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def latest(self, stack: StackId) -> Snapshot:
        """See the protocol."""
        settings = {"url": Secret(self._address, "env:STATE_URL", ""), "schema": self.settings["schema"]}
        return _latest("orchestrator.adapters.state_postgres", settings, stack)

    def renew(self) -> None:
        """See the protocol."""
        schema = f"crash{uuid.uuid4().hex}"
        self.settings = {
            "backend": "postgresql", "lease": LEASE, "url": "env:STATE_URL", "schema": schema,
        }  # fmt: skip

    def close(self) -> None:
        """See the protocol."""
        self._wire.close()
        if self._started:
            subprocess.run([str(SERVERS / "postgres"), "stop", f"{self._started}/server"], check=True)
            shutil.rmtree(self._started, ignore_errors=True)


class Exchanges(Wire):
    """A wire for a protocol in which the client speaks, and waits for an answer: PostgreSQL's."""

    def __init__(self, port: int, director: Director) -> None:
        super().__init__(port, director.reached, director.number, host=AT)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, Cut), self.upstream() as server:
            while True:
                ready = select.select([connection, server], [], [])[0]
                if server in ready:
                    if not (data := server.recv(1 << 16)):
                        return
                    connection.sendall(data)
                elif not (data := connection.recv(1 << 16)):
                    return
                else:
                    self._exchange_bytes(connection, server, data)

    def _exchange_bytes(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        said = _SAID.search(data)
        asked = Asked("SQL", said[0].decode() if said else "…", b"", data)
        number = self._number(asked)
        self._reached(asked, number, Point.BEFORE)
        answer = self._answered(client, server, data)
        self._reached(asked, number, Point.AFTER)
        half = len(answer) // 2
        client.sendall(answer[:half])
        self._reached(asked, number, Point.MIDDLE)
        client.sendall(answer[half:])

    def _answered(self, client: socket.socket, server: socket.socket, data: bytes) -> bytes:
        """The beginning of the answer, which may not come before the client has said more."""
        while data:
            server.sendall(data)
            if server in select.select([client, server], [], [])[0]:
                break
            data = client.recv(1 << 16)
        if not data or not (answer := server.recv(1 << 16)):
            raise Cut
        return answer


STORES: Final = ("sqlite", "s3", "postgres")


def open_store(name: str, sandbox: Sandbox | None) -> Store | None:
    """The named one; None for SQLite, which is the stack's own. S3 is the sandbox's."""
    match name:
        case "s3" if sandbox is not None:
            return S3(sandbox)
        case "postgres":
            return Postgres()
        case "sqlite":
            return None
        case _:
            raise ValueError(f"there is no {name} beside this cloud")
