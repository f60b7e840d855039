"""Loopback addresses on which something really answers, for the machines that a simulator pretends to run.

In: a name and ports. Out: an address 127.64.x.y of its own. Ports 80 and 8080 speak HTTP and answer a status that
can be changed; other ports accept a connection, say nothing and close it. One thread serves them all.
"""

from __future__ import annotations

import errno
import selectors
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

HTTP_PORTS: Final = frozenset({80, 8080})
OWN: Final = 40009
"""Held on every address, so that no other process hands out the same one; it says nothing."""
_LIMIT: Final = 64 * 1024


@dataclass(slots=True)
class _Machine:
    name: str
    status: int
    listeners: dict[int, socket.socket] = field(default_factory=dict)


@dataclass(slots=True)
class _Conversation:
    connection: socket.socket
    machine: _Machine
    heard: bytes = b""


class Responders:
    """The addresses handed out so far. Safe to share between threads; close it when done."""

    def __init__(self, network: str = "127.64.0.0") -> None:
        self._lock = threading.Lock()
        self._machines: dict[str, _Machine] = {}
        self._next = int.from_bytes(socket.inet_aton(network), "big") + 1
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._selector.register(self._wake_out, selectors.EVENT_READ, None)
        self._closing = False
        self._thread: threading.Thread | None = None

    def open(self, name: str, *, ports: Sequence[int], status: int = 200) -> str:
        """A fresh address where ``ports`` answer; one that may not be bound here is left out.

        An address of which another process holds a port is passed over. Raises OSError where the system has no
        such loopback addresses.
        """
        with self._lock:
            while True:
                address = socket.inet_ntoa(self._next.to_bytes(4, "big"))
                self._next += 1
                machine = _Machine(name, status)
                if self._listen(machine, address, (OWN, *ports)):
                    break
            self._machines[address] = machine
            for listener in machine.listeners.values():
                self._selector.register(listener, selectors.EVENT_READ, machine)
            self._start()
        self._wake()
        return address

    def ports(self, address: str) -> list[int]:
        """The ports that answer at an address; none where it was never opened or is closed."""
        machine = self._machines.get(address)
        return sorted(set(machine.listeners) - {OWN}) if machine else []

    def set_status(self, address: str, code: int) -> None:
        """What HTTP answers there from now on. Raises KeyError for an address that is not open."""
        self._machines[address].status = code

    def set_ports(self, address: str, ports: Sequence[int]) -> None:
        """Answer there on exactly these ports from now on; one that may not be bound, or is taken, is left out.

        Raises KeyError for an address that is not open.
        """
        with self._lock:
            machine = self._machines[address]
            for port in set(machine.listeners) - {OWN, *ports}:
                listener = machine.listeners.pop(port)
                self._selector.unregister(listener)
                listener.close()
            for port in set(ports) - set(machine.listeners):
                with suppress(OSError):
                    listener = _listener(address, port)
                    machine.listeners[port] = listener
                    self._selector.register(listener, selectors.EVENT_READ, machine)
        self._wake()

    def close(self, address: str) -> None:
        """Stop answering there; an unknown address is closed already."""
        with self._lock:
            machine = self._machines.pop(address, None)
            for listener in machine.listeners.values() if machine else ():
                self._selector.unregister(listener)
                listener.close()
        self._wake()

    def close_all(self) -> None:
        """Stop answering everywhere, and end the thread."""
        for address in list(self._machines):
            self.close(address)
        self._closing = True
        self._wake()
        if self._thread is not None:
            self._thread.join()
        for key in list(self._selector.get_map().values()):
            _hang_up(key.fileobj)
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="responders", daemon=True)
            self._thread.start()

    def _wake(self) -> None:
        with suppress(OSError):
            self._wake_in.send(b"x")

    @staticmethod
    def _listen(machine: _Machine, address: str, ports: Sequence[int]) -> bool:
        for port in ports:
            try:
                machine.listeners[port] = _listener(address, port)
            except PermissionError:
                continue
            except OSError as error:
                for listener in machine.listeners.values():
                    listener.close()
                if error.errno == errno.EADDRINUSE:
                    return False
                raise
        return True

    def _run(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select():
                with suppress(OSError, KeyError, ValueError):  # closed meanwhile by another thread
                    self._turn(key.fileobj, key.data)

    def _turn(self, source: object, data: object) -> None:
        match data:
            case _Machine():
                assert isinstance(source, socket.socket)  # noqa: S101 - listeners are sockets
                self._greet(source, data)
            case _Conversation():
                self._hear(data)
            case _:
                self._wake_out.recv(4096)

    def _greet(self, listener: socket.socket, machine: _Machine) -> None:
        connection, _ = listener.accept()
        if listener.getsockname()[1] not in HTTP_PORTS:
            connection.close()
            return
        connection.settimeout(0)
        self._selector.register(connection, selectors.EVENT_READ, _Conversation(connection, machine))

    def _hear(self, talk: _Conversation) -> None:
        heard = b""
        with suppress(ConnectionError):
            heard = talk.connection.recv(4096)
        talk.heard += heard
        if heard and b"\r\n\r\n" not in talk.heard and len(talk.heard) < _LIMIT:
            return
        self._selector.unregister(talk.connection)
        if heard:
            with suppress(OSError):
                talk.connection.sendall(_answer(talk.machine.status))
        _hang_up(talk.connection)


def _listener(address: str, port: int) -> socket.socket:
    listener = socket.create_server((address, port), backlog=16)
    listener.settimeout(0)
    return listener


def _answer(status: int) -> bytes:
    reason = HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Status"
    body = b"" if status in {204, 304} else b"ok"
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def _hang_up(source: object) -> None:
    if isinstance(source, socket.socket):
        with suppress(OSError):
            source.shutdown(socket.SHUT_WR)
        source.close()
