"""The two streams when what they lead to is broken: a closed pipe, a full disk, a terminal that is gone.

Holds: what cannot be said on standard error stops nothing; what cannot be written to standard output is a
ResultLostError, and never the error of whatever was done.
"""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from typing import Any, TextIO


class ResultLostError(Exception):
    """Standard output takes no more. ``pipe``: its reader went away, as in ``| head -1``, and need not be told."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"the result cannot be written to standard output: {error.strerror or error}")
        self.pipe = isinstance(error, BrokenPipeError)


class _Stream(ABC):
    """A stream whose writes end in our own way; all else is the stream's."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As the stream does."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._failed(error)
            return len(text)

    def flush(self) -> None:
        """As the stream does."""
        try:
            self._stream.flush()
        except OSError as error:
            self._failed(error)

    @abstractmethod
    def _failed(self, error: OSError) -> None:
        """The stream has not taken what was written."""


class Results(_Stream):
    """Standard output."""

    def _failed(self, error: OSError) -> None:
        raise ResultLostError(error) from error


class Remarks(_Stream):
    """Standard error: there is nobody left to tell."""

    def _failed(self, error: OSError) -> None:
        del error


def opened() -> tuple[TextIO, TextIO]:
    """Standard output and error; one that was closed (``>&-``) is a stream that takes nothing.

    Its number must not be given to a file that is opened later: what is printed would be written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest free number, which is this one
    out = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the process's life
    err = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    return out, err


def settle(err: TextIO) -> None:
    """Leave nothing in standard error that cannot be written."""
    try:
        err.flush()
    except OSError:
        discard(err)


def discard(stream: TextIO) -> None:
    """Forget what could not be written, so that Python's own flush at exit does not complain."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, stream.fileno())
    os.close(sink)
