"""Plain scalars as YAML 1.2's core schema reads them: ``no`` is text, ``012`` is refused."""

from __future__ import annotations

import math
import re
from typing import Any, Final

_SUSPECTS: Final = frozenset("-+.0123456789tTfFnN~")
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_DIGITS: Final = 400


class ScalarError(Exception):
    """A plain scalar that could be read in two ways, or not at all: what it is, and what to type."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def plain(text: str) -> Any:
    """The value of an unquoted scalar; raises ScalarError."""
    if text and text[0] not in _SUSPECTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return _finite(text)
    if _INFINITE.fullmatch(text):
        raise ScalarError(f"{text} is not a number that a spec can hold", f'quote it if it is text: "{text}"')
    return text


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0":
        message = f"{text} could be text, a decimal or an octal number"
        raise ScalarError(message, f'quote it: "{text}"; as a decimal number write {int(text[:_DIGITS])}')
    if len(digits) > _DIGITS:
        raise ScalarError(f"this number has {len(digits)} digits", "quote it if it is text")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ScalarError(f"{text} is too large for a number", f'quote it if it is text: "{text}"')
    return value
