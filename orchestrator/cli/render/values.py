"""Values of a spec as a person reads them: quoted where quotes matter, unknown and sensitive ones by name."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.model.values import Secret, Unknown

UNKNOWN_TEXT: Final = "(known after apply)"
SENSITIVE_TEXT: Final = "(sensitive)"
_SECRET: Final = re.compile(r"""\$\{\s*secret\(\s*["']([^"']*)["']\s*\)\s*\}""")
_LONGEST: Final = 160
_MOST_LINES: Final = 40


def inline(value: Any) -> str:
    """A value in one line."""
    match value:
        case Unknown():
            return UNKNOWN_TEXT
        case Secret():
            return f"(sensitive, {_source(value.reference)})" if value.reference else SENSITIVE_TEXT
        case None:
            return "null"
        case str():
            return _quoted(value)
        case Mapping():
            return "{" + ", ".join(f"{_key(k)}: {inline(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(inline(v) for v in value) + "]"
        case _ if getattr(value, "is_template", False):
            return str(value.text)
        case _:
            return json.dumps(value, default=str)


def _source(reference: str) -> str:
    """Where a secret comes from, without the expression around it."""
    found = _SECRET.fullmatch(reference)
    return found[1] if found else reference


def _quoted(text: str) -> str:
    if len(text) > _LONGEST:
        return f"{json.dumps(text[:_LONGEST], ensure_ascii=False)}… ({len(text)} characters)"
    return json.dumps(text, ensure_ascii=False)


def _key(key: Any) -> str:
    text = str(key)
    return (
        text if text.replace("_", "a").replace("-", "a").isalnum() else json.dumps(text, ensure_ascii=False)
    )


def block(name: str, value: Any) -> Iterator[str]:
    """A named value in as many lines as it needs, indented like YAML."""
    if isinstance(value, Mapping) and value:
        yield f"{_key(name)}:"
        for key, inner in value.items():
            yield from _indented(block(str(key), inner))
    elif isinstance(value, list | tuple) and any(isinstance(v, Mapping | list | tuple) for v in value):
        yield f"{_key(name)}:"
        for item in value:
            yield from _indented(_item(item))
    elif isinstance(value, str) and "\n" in value:
        yield f"{_key(name)}: |"
        yield from _indented(_shortened(value.splitlines()))
    else:
        yield f"{_key(name)}: {inline(value)}"


def _item(value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping) or not value:
        yield f"- {inline(value)}"
        return
    lines = [line for key, inner in value.items() for line in block(str(key), inner)]
    yield f"- {lines[0]}"
    yield from _indented(lines[1:])


def _indented(lines: Any) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _shortened(lines: list[str]) -> Iterator[str]:
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"… ({len(lines) - _MOST_LINES} more lines)"


def line_diff(before: Any, after: Any) -> list[str]:
    """Two texts of several lines as the lines that differ; empty where one line tells it better."""
    if (
        not isinstance(before, str)
        or not isinstance(after, str)
        or "\n" not in before.strip() + after.strip()
    ):
        return []
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return list(_shortened([line for line in lines if not line.startswith(("---", "+++"))]))


def addressed(message: str, address: str) -> str:
    """A message that begins with the address it is about."""
    if not address or message.startswith((f"{address}:", f"{address} ", f"{address}.")):
        return message
    return f"{address}: {message}"


def ago(seconds: float) -> str:
    """A duration in words that fit a line: ``0.4s``, ``12s``, ``3m05s``, ``2h10m``."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < 60:
        return f"{seconds:.0f}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 call``, ``3 calls``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
