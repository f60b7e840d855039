"""Patterns that people write for addresses and rules: ``*`` is any text, ``?`` one character, all else is itself.

Brackets are no character class: ``web["a"]`` is an address.
"""

from __future__ import annotations

import re
from functools import lru_cache


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of ``text`` fits the pattern."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in pattern), re.DOTALL)
