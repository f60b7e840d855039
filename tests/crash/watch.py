"""Kills around journal appends, seen from outside: the kernel tells (inotify) when the state's files are written."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.crash.director import Boundary

_MODIFY: Final = 0x2
_EVENT: Final = struct.Struct("iIII")
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class Appends:
    """The writes to the files of a state while one process runs, and perhaps its end at one of them.

    ``written`` is how the names of these files end: not those of a lock or an index beside them.
    """

    def __init__(self, folder: Path, boundary: Boundary | None, written: tuple[bytes, ...]) -> None:
        self.count = 0
        self.struck = ""
        self._folder, self._written = folder, written
        self._at = boundary.request if boundary is not None else 0
        self._file = -1
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, pid: int) -> None:
        """Count from now on, and kill ``pid`` (a group of processes where it is negative) where it is due."""
        self._folder.mkdir(exist_ok=True)
        self._file = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if _LIBC.inotify_add_watch(self._file, os.fsencode(self._folder), _MODIFY) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")
        self._thread = threading.Thread(target=self._run, args=(pid,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The run has ended."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            os.close(self._file)

    def _run(self, pid: int) -> None:
        while not self._ended.is_set():
            if not select.select([self._file], [], [], 0.05)[0]:
                continue
            for _ in range(_number(os.read(self._file, 1 << 16), self._written)):
                self.count += 1
                if self.count == self._at:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    self.struck = f"kill, after write {self.count} to the state"


def _number(events: bytes, written: tuple[bytes, ...]) -> int:
    """How many of the events are of files whose names end so."""
    number, place = 0, 0
    while place < len(events):
        *_, length = _EVENT.unpack_from(events, place)
        name = events[place + _EVENT.size : place + _EVENT.size + length].rstrip(b"\0")
        number += name.endswith(written)
        place += _EVENT.size + length
    return number
