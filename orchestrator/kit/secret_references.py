"""How a reference to a secret is written, and what one field of a secret is.

``scheme:name#path@version``: the name is the store's own, ``path`` leads into a secret that is a JSON object, and
``version`` pins one. Holds: an error names the reference and never a part of the content.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from orchestrator.model.errors import PermanentError, ProviderError
from orchestrator.model.values import Secret

RESOLVING: Final = "resolve secrets"
STORING: Final = "store a secret"
MISSING: Final = "NotFound"
FORBIDDEN: Final = "Forbidden"
EXPIRED: Final = "Expired"
_WORKERS: Final = 8
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference in its parts; ``path`` and ``version`` may be empty."""

    text: str
    name: str
    path: str = ""
    version: str = ""


def read(text: str, versions: re.Pattern[str]) -> Reference:
    """The parts of a reference; what stands behind the last ``@`` counts where it looks like a version."""
    rest = text.partition(":")[2]
    before, at, version = rest.rpartition("@")
    if at and versions.fullmatch(version):
        rest = before
    else:
        version = ""
    name, _, path = rest.partition("#")
    return Reference(text, name, path, version)


def refusal(reference: str, reason: str, code: str = "", *, doing: str = RESOLVING) -> PermanentError:
    """Why one reference is not to be had."""
    return PermanentError(f"{reference}: {reason}", doing, code)


def missing(reference: str, reason: str) -> PermanentError:
    """There is none of that name, or nothing in it."""
    return refusal(reference, reason, MISSING)


def field(reference: Reference, text: str) -> Any:
    """What a secret's text holds at the reference's path; the text itself without one. Raises PermanentError."""
    value: Any = text
    if reference.path:
        value = _at(_parsed(reference, text), reference.path)
        if value is None:
            raise missing(reference.text, f"it has no field {reference.path!r}")
    if value == "":
        raise missing(reference.text, "it is empty")
    return value


def with_field(reference: Reference, text: str | None, value: str) -> str:
    """A secret's text with ``value`` at the reference's path; the other fields stay. Raises PermanentError."""
    if not reference.path:
        return value
    body = {} if text is None else dict(_parsed(reference, text))
    parts = [reference.path] if reference.path in body else reference.path.split(".")
    inner = body
    for part in parts[:-1]:
        below = inner.get(part)
        inner[part] = inner = dict(below) if isinstance(below, Mapping) else {}
    inner[parts[-1]] = value
    return json.dumps(body, ensure_ascii=False, indent=1)


def _parsed(reference: Reference, text: str) -> Mapping[str, Any]:
    """A JSON object. The parser's own words would show a part of the content."""
    try:
        body = json.loads(text)
    except ValueError:
        raise refusal(reference.text, f"it is not JSON, so it has no field {reference.path!r}") from None
    if not isinstance(body, Mapping):
        raise refusal(reference.text, f"it is no JSON object, so it has no field {reference.path!r}")
    return body


def _at(body: Mapping[str, Any], path: str) -> Any:
    """A field by its whole name, else by the names between the dots; None where there is none."""
    if path in body:
        return body[path]
    value: Any = body
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Mapping) and part in value:
            value = value[part]
        else:
            return None
    return value


def answered(references: Sequence[str], one: Callable[[str], Secret]) -> dict[str, Secret | ProviderError]:
    """Every reference with what ``one`` gives or raises for it, many at the same time."""

    def answer(reference: str) -> Secret | ProviderError:
        try:
            return one(reference)
        except ProviderError as error:
            return error

    return dict(zip(references, together(answer, references), strict=True))


def together(function: Callable[[U], T], items: Sequence[U]) -> list[T]:
    """The function of every item, in order, many at the same time."""
    if len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(max_workers=min(_WORKERS, len(items))) as pool:
        return list(pool.map(function, items))
