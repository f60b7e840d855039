"""A wire between a backend and its server that a test can cut, slow down, silence or keep from opening."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress


class Proxy:
    """Forwards to a port on loopback. ``cut_after``: once these bytes went to the server, both ends are closed."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cut_after: bytes | None = None
        self.cuts = 0
        self.delay = 0.0
        self.refusing = False
        self.silent = False
        self._sockets: list[socket.socket] = []
        self._muted: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refusing:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, server]
            for source, sink, watched in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=(source, sink, watched), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, watched: bool) -> None:  # noqa: FBT001
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self.delay)
                if self.silent or source in self._muted:
                    continue  # taken, and never heard of again
                cut = watched and self.cut_after is not None and self.cut_after in data
                if cut:
                    # The answer has nowhere to go: the client's side closes first.
                    self.cut_after, self.cuts = None, self.cuts + 1
                    sink.sendall(data)
                    _close(source)
                    time.sleep(0.2)
                    break
                sink.sendall(data)
        _close(source)
        _close(sink)

    def silence(self) -> None:
        """Nothing passes any more on what is open now; new connections are fine."""
        self._muted |= set(self._sockets)

    def drop(self) -> None:
        """Cut every connection, and let new ones come."""
        for each in self._sockets:
            _close(each)
        self._sockets.clear()

    def close(self) -> None:
        """No way through any more."""
        _close(self._listener)
        self.drop()


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
