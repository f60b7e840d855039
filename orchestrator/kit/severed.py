"""Answers that ended in the middle of their head.

Python's http.client takes a connection that ends among the headers for the end of the head: what is left looks like a
success without a body, and a list that was cut off looks like an empty one. RFC 9112, section 8, calls it an
incomplete message, and what it would have said is not known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MESSAGE: Final = "the answer ended in the middle of its headers"
_FRAMING: Final = frozenset(("content-length", "transfer-encoding"))
_BODILESS: Final = frozenset((204, 304))


def is_severed(method: str, status: int, headers: Iterable[str], *, empty: bool) -> bool:
    """Whether an answer has lost the end of its head; ``headers`` are the names of those that arrived.

    Over connections that stay open a body has a length or comes in chunks (RFC 9112, section 6.3); answers to HEAD
    and those of 204 and 304 need neither, and nobody can tell.
    """
    if not empty or method == "HEAD" or status in _BODILESS:
        return False
    return _FRAMING.isdisjoint(name.lower() for name in headers)
