"""Keeps known secrets out of what others say: a cloud's error, a program's output, a status, a crash report.

Enters: the plain values that are known. Leaves: text without them, whether they stand in it as they are, in JSON, in a
URL, or in Base64. Holds: a value shorter than ``SHORTEST`` is no secret that could be told from other words.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

from orchestrator.model.ids import Path
from orchestrator.model.values import Secret, find_leaves

SHORTEST: Final = 6
HIDDEN: Final = "(sensitive)"


def forms(value: str) -> Iterator[str]:
    """The ways in which a value is written elsewhere, the longest-lived ones of them."""
    yield value
    for ascii_only in (True, False):
        escaped = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield json.dumps(escaped)[1:-1]
    yield repr(value)[1:-1]
    yield quote(value, safe="")
    yield quote(value)
    yield quote_plus(value)
    raw = value.encode("utf-8", "surrogatepass")
    for shift in range(3):  # inside of a longer text, its bytes begin at any of three places of a group
        coded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        inner = coded[(0, 2, 3)[shift] : len(coded) - (1 if (shift + len(raw)) % 3 else 0)]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def redacted(text: str, plain: Iterable[str]) -> str:
    """``text`` without the values, in whichever form."""
    for value in plain:
        if len(value) >= SHORTEST:
            for form in sorted(set(forms(value)), key=len, reverse=True):
                if len(form) >= SHORTEST:
                    text = text.replace(form, HIDDEN)
    return text


def redacted_leaves(value: Any, plain: Iterable[str]) -> Any:
    """Data without the values: a text that holds one is a Secret without its value."""
    if isinstance(value, str):
        return value if redacted(value, plain) == value else Secret(None)
    if isinstance(value, Mapping):
        return {key: redacted_leaves(inner, plain) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_leaves(inner, plain) for inner in value]
    return value


def without_secrets(seen: Mapping[str, Any], applied: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was read, without what stands where a Secret was applied: every item of a list, for lists change order."""
    for path in set(find_leaves(applied, Secret)):
        seen = _hidden(seen, path)
    return seen


def _hidden(value: Any, path: Path) -> Any:
    if not path:
        return value if isinstance(value, Secret) or value is None else Secret(None)
    head, rest = path[0], path[1:]
    if isinstance(value, Mapping) and head in value:
        return {**value, head: _hidden(value[str(head)], rest)}
    if isinstance(value, list | tuple) and isinstance(head, int):
        return [_hidden(item, rest) for item in value]
    return value
