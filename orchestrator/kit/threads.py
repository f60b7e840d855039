"""Threads that start, or say that they cannot.

CPython waits for a new thread to report itself, for ever where it dies of a lack of memory before that: there must
be room for its stack and its first steps before it is asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

_ROOM: Final = 24 << 20
"""Bytes of address space: a stack of 8 MiB, and as much again for what the thread allocates first, twice."""


def start(work: Callable[[], None], name: str) -> threading.Thread:
    """A daemon thread that runs ``work``. Raises MemoryError where there is no room for it."""
    bytearray(_ROOM)  # never touched: only asked for
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # the system's word for no memory, or for too many threads
        raise MemoryError(str(error)) from error
    return thread
