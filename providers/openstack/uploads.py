"""Data on its way to the cloud: read piece by piece, hashed as it goes, and sent again from the start where it must be.

Holds: memory stays at one piece, whatever the size. A request that is made again (a token that ended in the middle)
reads the data anew, which a plain iterator could not.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.model.errors import PermanentError

PIECE: Final = 1 << 20
"""Bytes that are held at once."""


@dataclass(slots=True)
class Upload:
    """Bytes of a file from `start` on, or of a text. The digests are those of what was last read in full."""

    source: Path | bytes
    start: int = 0
    length: int = -1
    md5: str = ""
    sha512: str = ""

    def __len__(self) -> int:
        if isinstance(self.source, bytes):
            return len(self.source)
        rest = self.source.stat().st_size - self.start
        return rest if self.length < 0 else min(rest, self.length)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[bytes]:
        short, long = hashlib.md5(usedforsecurity=False), hashlib.sha512()
        for piece in self._pieces():
            short.update(piece)
            long.update(piece)
            yield piece
        self.md5, self.sha512 = short.hexdigest(), long.hexdigest()

    def _pieces(self) -> Iterator[bytes]:
        if isinstance(self.source, bytes):
            yield self.source
            return
        left = len(self)
        with self.source.open("rb") as file:
            file.seek(self.start)
            while left and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece

    def read_through(self) -> Upload:
        """Read it all, for its digests alone."""
        for _ in self:
            pass
        return self


def opened(folder: Path, name: str, what: str) -> Path:
    """Give the file that a spec names, counted from the stack's folder. Raises PermanentError where there is none."""
    path = folder / name
    if not path.is_file():
        raise PermanentError(
            f"{what}: there is no file {name!r} (looked for at {path})", "read file", "NoFile"
        )
    return path


def etag_of(path: Path, segment: int) -> str:
    """Say what Swift's ETag of a file is: its MD5; of one in segments, the MD5 of their MD5s."""
    stat = path.stat()
    return _etag(path, stat.st_size, stat.st_mtime_ns, segment)


@functools.lru_cache(maxsize=1024)
def _etag(path: Path, size: int, changed: int, segment: int) -> str:
    del changed
    if size <= segment:
        return Upload(path).read_through().md5
    parts = (Upload(path, start, segment).read_through().md5 for start in range(0, size, segment))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def sha512_of(path: Path) -> str:
    """Say what Glance's hash of a file is."""
    stat = path.stat()
    return _sha512(path, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _sha512(path: Path, size: int, changed: int) -> str:
    del size, changed
    return Upload(path).read_through().sha512
