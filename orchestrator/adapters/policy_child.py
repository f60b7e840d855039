"""Run one function in a forked child, with a deadline and a memory limit.

Enters: a function that returns bytes. Leaves: its bytes, or :class:`ChildFailedError` with a plain reason.
Holds: whatever native code does in there (panic, abort, stack overflow, a loop without end, memory without
end), this process goes on, and nothing of it reaches our stdout or stderr.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import resource
import select
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

_GOOD: Final = b"+"
_BAD: Final = b"-"
_CHUNK: Final = 1 << 20


class ChildFailedError(Exception):
    """The function raised, died or took too long; the message is one for people."""


def in_child(function: Callable[[], bytes], *, seconds: float, memory: int) -> bytes:
    """What ``function`` returns, computed in a child that may use ``memory`` more bytes for ``seconds``.

    Raises :class:`ChildFailedError`. The child inherits everything by copy-on-write, so nothing is serialised
    on the way in.
    """
    read, write = os.pipe()
    try:
        pid = _fork()
    except OSError as error:
        os.close(read)
        os.close(write)
        raise ChildFailedError(f"no process could be started for it: {error.strerror}") from error
    if pid == 0:
        _child(function, write, seconds, memory)
    os.close(write)
    try:
        answer = _read_all(read, time.monotonic() + seconds)
    finally:
        os.close(read)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    if answer is None:
        raise ChildFailedError(f"it ran for more than {seconds:g} seconds")
    if answer[:1] == _GOOD:
        return answer[1:]
    raise ChildFailedError(answer[1:].decode(errors="replace") if answer else _cause_of_death(status))


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads: the child starts none
        return os.fork()


def _child(function: Callable[[], bytes], write: int, seconds: float, memory: int) -> None:
    """Never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
        faulthandler.disable()  # a crash is reported by us, in one line
        gc.disable()  # a collection would copy the parent's pages
        _limit(seconds, memory)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            answer = _GOOD + function()
        except BaseException as error:  # noqa: BLE001 - a panic is a BaseException, and nobody is above us
            answer = _BAD + _describe(error).encode()
        _write_all(write, answer)
    finally:
        os._exit(0)


def _describe(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "it needs more memory than it may have"
    return str(error) or type(error).__name__


def _limit(seconds: float, memory: int) -> None:
    """CPU time is limited too, so that a child whose parent was killed does not run for ever."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cpu = int(seconds) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    with contextlib.suppress(OSError, ValueError):  # no /proc, or a harder limit is set already
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _read_all(fd: int, deadline: float) -> bytes | None:
    """Everything until the other side closes, or None when the deadline passed first."""
    chunks: list[bytes] = []
    poller = select.poll()
    poller.register(fd, select.POLLIN | select.POLLHUP)
    while (left := deadline - time.monotonic()) > 0:
        if poller.poll(left * 1000):
            chunk = os.read(fd, _CHUNK)
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
    return None


def _cause_of_death(status: int) -> str:
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    match number:
        case signal.SIGSEGV | signal.SIGBUS:
            return "it crashed (a stack overflow: does it recurse without end?)"
        case signal.SIGABRT:
            return "it crashed or ran out of memory"
        case signal.SIGXCPU:
            return "it used up its CPU time"
        case _:
            return "the process that ran it was ended"
