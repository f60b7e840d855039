"""What stands between our bytes and where they rest."""

from __future__ import annotations

from typing import Protocol


class Cipher(Protocol):
    """Seals what a backend or a plan file keeps, for one stack. Safe to use from several threads.

    ``about`` is the place that the bytes stand at, such as ``journal/3/17``: sealed bytes open there alone, so that
    rows cannot be swapped. Sealed bytes are JSON as the plain ones are, so that they can stand wherever those can.
    No key is asked for before the first call.
    """

    def seal(self, plain: bytes, about: str) -> bytes:
        """The bytes to store. Raises StateError where the key cannot be had."""

    def open(self, stored: bytes, about: str) -> bytes:
        """The plain bytes.

        Raises StateError where they were changed or moved, or are not sealed although they must be; KeyNeededError
        where the key that sealed them is not configured.
        """
