"""An object store in memory: what a log needs of a real one, and nothing more."""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.kit.object_blocks import Stored


class MemoryStore:
    """Objects shared by all who hold it; one operation at a time."""

    place = "memory://state"

    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}
        self._written: dict[str, float] = {}
        self._guard = threading.Lock()
        self._versions = itertools.count()

    def get(self, key: str) -> Stored | None:
        """The object, or None."""
        with self._guard:
            stored = self.objects.get(key)
            # Whole seconds, as HTTP tells them: rounded as the worst store would.
            return stored and replace(stored, age=max(0.0, int(time.monotonic()) - int(self._written[key])))

    def put_if_absent(self, key: str, data: bytes) -> str | None:
        """Write a new object; None where the key was taken."""
        with self._guard:
            return None if key in self.objects else self._put(key, data)

    def put_if_match(self, key: str, data: bytes, etag: str) -> str | None:
        """Overwrite that version; None where there is another."""
        with self._guard:
            current = self.objects.get(key)
            return self._put(key, data) if current is not None and current.etag == etag else None

    def list(self, prefix: str, *, after: str = "") -> Sequence[str]:
        """The keys with a prefix, in order, behind ``after``."""
        with self._guard:
            return sorted(key for key in self.objects if key.startswith(prefix) and key > after)

    def delete(self, key: str) -> None:
        """Remove the object, if it is there."""
        with self._guard:
            self.objects.pop(key, None)

    def _put(self, key: str, data: bytes) -> str:
        etag = hashlib.sha256(b"%d:%s" % (next(self._versions), data)).hexdigest()
        self.objects[key] = Stored(data, etag, 0.0)
        self._written[key] = time.monotonic()
        return etag
