"""A TCP proxy between a client and one HTTP endpoint, which stops at every boundary of every exchange.

A request has three: ``before`` it is passed on, ``after`` it took effect and before the client hears of it, and in
the ``middle`` of the answer. At each one a director is asked what to do. The proxy listens on the endpoint's own
port at another loopback address of the same length, and rewrites the one to the other in answers, so that links
and service catalogues lead through it too.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HOST: Final = "127.0.0.9"
_UPSTREAM: Final = "127.0.0.1"
_CHUNK: Final = 1 << 16
_EMPTY: Final = frozenset({b"204", b"304"})


class Point(StrEnum):
    """Where in an exchange."""

    BEFORE = "before the request"
    AFTER = "before the answer"
    MIDDLE = "in the middle of the answer"
    APPEND = "after an append to the journal"
    """Not on the wire of the cloud, but on the way to the state."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, whole."""

    method: str
    path: str
    head: bytes
    body: bytes

    @property
    def whole(self) -> bytes:
        """As it goes on."""
        return self.head + self.body


class Cut(Exception):  # noqa: N818 - a verdict, not an error
    """The connection ends here."""


Reached = Callable[[Asked, int, Point], None]
"""Asked at every boundary with the number of the request; returns to go on, raises Cut to hang up."""


class Stream:
    """Reads messages of HTTP/1.1 from a socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._heard = b""

    def _more(self) -> bool:
        data = self.connection.recv(_CHUNK)
        self._heard += data
        return bool(data)

    def _until(self, end: bytes) -> bytes:
        """Everything up to and with ``end``; empty where the other side is gone."""
        while end not in self._heard:
            if not self._more():
                return b""
        head, _, self._heard = self._heard.partition(end)
        return head + end

    def _exactly(self, length: int) -> bytes:
        while len(self._heard) < length:
            if not self._more():
                break
        data, self._heard = self._heard[:length], self._heard[length:]
        return data

    def _chunks(self) -> bytes:
        data = b""
        while True:
            line = self._until(b"\r\n")
            size = int(line.split(b";")[0] or b"0", 16)
            data += line + self._exactly(size + 2)
            if size == 0:
                return data

    def request(self) -> Asked | None:
        """The next request; None at the end. A client that waits for leave to send its body gets it."""
        head = self._until(b"\r\n\r\n")
        if not head:
            return None
        if b"100-continue" in head.lower():
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        method, path, *_ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
        return Asked(method, path, head, self._body(head, otherwise=0))

    def answer(self, method: str) -> bytes:
        """The next final answer; empty where the other side hung up."""
        while True:
            head = self._until(b"\r\n\r\n")
            code = head[9:12]
            if not head or not code.startswith(b"1"):
                break
        if not head or method == "HEAD" or code in _EMPTY:
            return head
        return head + self._body(head, otherwise=None)

    def _body(self, head: bytes, *, otherwise: int | None) -> bytes:
        fields = dict(_field(line) for line in head.split(b"\r\n")[1:] if line)
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            return self._chunks()
        length = fields.get(b"content-length")
        if length is not None or otherwise is not None:
            return self._exactly(int(length or 0))
        while self._more():
            pass
        data, self._heard = self._heard, b""
        return data


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip().lower()


class Wire:
    """The proxy of one endpoint. Close it when done."""

    def __init__(
        self, port: int, reached: Reached, number: Callable[[Asked], int], *, host: str = HOST
    ) -> None:
        self._port = port
        self._reached = reached
        self._number = number
        self._swap = (f"{_UPSTREAM}:{port}".encode(), f"{host}:{port}".encode())
        self._listener = socket.create_server((host, port), backlog=128)
        self._thread = threading.Thread(target=self._accept, name=f"wire-{port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """Pass on one request after the other. A client that is gone, or is cut off, ends it."""
        stream = Stream(connection)
        with connection, suppress(OSError, Cut):
            while (asked := stream.request()) is not None:
                self._exchange(connection, asked)

    def _exchange(self, connection: socket.socket, asked: Asked) -> None:
        number = self._number(asked)
        self._reached(asked, number, Point.BEFORE)
        answer = self.forward(asked)
        self._reached(asked, number, Point.AFTER)
        if not answer:
            raise Cut
        half = len(answer) // 2
        connection.sendall(answer[:half])
        self._reached(asked, number, Point.MIDDLE)
        connection.sendall(answer[half:])

    def upstream(self) -> socket.socket:
        """A new connection to the endpoint."""
        upstream = socket.create_connection((_UPSTREAM, self._port))
        upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return upstream

    def forward(self, asked: Asked) -> bytes:
        """The endpoint's answer to a request, on a connection of its own: none is stale."""
        with self.upstream() as upstream:
            upstream.sendall(asked.whole)
            return Stream(upstream).answer(asked.method).replace(*self._swap)
