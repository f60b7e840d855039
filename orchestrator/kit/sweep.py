"""Reading many objects of a collection: pages as long as they are cheaper than asking for each, then the rest one by one.

How many objects there are is not known before the last page. So a list is gone through until what is still missing
costs no more than what was spent on pages: of few wanted among many, at most twice the calls of the better way are
made; of many wanted, no call is made for each, and none for a page behind the last that was needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

T = TypeVar("T")


def sweep(
    wanted: Collection[str],
    pages: Iterable[Iterable[T]],
    *,
    key: Callable[[T], str],
    get: Callable[[str], T | None],
) -> dict[str, T]:
    """What is there of ``wanted``, by key. ``pages`` makes one call a page, when the page is asked for.

    What no page shows is asked for by itself before it counts as absent: a list may be behind.
    """
    found: dict[str, T] = {}
    left = set(wanted)
    spent = 0
    turning = iter(pages)
    while len(left) > spent and (page := next(turning, None)) is not None:
        spent += 1
        for item in page:
            if (name := key(item)) in left:
                found[name] = item
                left.discard(name)
    for name in sorted(left):
        one = get(name)
        if one is not None:
            found[name] = one
    return found
