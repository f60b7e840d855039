"""How a reference to a secret is written, and what one field of a secret is.

``scheme:name#path@version``: the name is the store's own, ``path`` leads into a secret that is a JSON object, and
``version`` pins one. Holds: an error names the reference and never a part of the content.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import PermanentError, ProviderError
from orchestrator.model.values import Secret
from orchestrator.seams.secrets import Answers

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


def unpinned(text: str, versions: re.Pattern[str], what: str = "a version") -> Reference:
    """The reference that something is stored under: whoever stores gets a version, and cannot choose one."""
    at = read(text, versions)
    if at.version:
        raise refusal(text, f"{what} is made by storing, and cannot be chosen", doing=STORING)
    return at


def nowhere(at: Reference, place: str, names: Callable[[], Iterable[str]], what: str = "version") -> str:
    """There is none; the nearest name is told where ``names`` may be listed."""
    version = f" with the {what} {at.version}" if at.version else ""
    try:
        known = list(names())
    except ProviderError:
        known = []
    near = "" if at.name in known else did_you_mean(at.name, known)
    return f"there is no such secret{version} in {place}{f'; {near}' if near else ''}"


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


class OneByOne(ABC, Generic[T]):
    """A source whose store is asked for one secret a call: each once, however many of its fields are wanted."""

    warnings: Sequence[str] = ()
    versions: ClassVar[re.Pattern[str]]
    """What a pinned version looks like."""

    def resolve(self, references: Sequence[str]) -> Answers:
        """Every secret once, at the same time."""
        parts = {text: read(text, self.versions) for text in references}
        wanted = {(at.name, at.version): at for at in reversed(parts.values())}
        self.prepare([name for name, _ in wanted])
        bodies = dict(zip(wanted, together(self.body, list(wanted.values())), strict=True))

        def one(text: str) -> Secret:
            at = parts[text]
            body = bodies[at.name, at.version]
            if isinstance(body, ProviderError):
                raise self.told(at, body, RESOLVING)
            value, version = self.value(at, *body)
            return Secret(value, text, version)

        return answered(references, one)

    def prepare(self, names: Sequence[str]) -> None:
        """What must be known before secrets of these names can be read."""
        del names

    @abstractmethod
    def body(self, at: Reference) -> tuple[T, str] | ProviderError:
        """A whole secret and its version, or why it is not to be had."""

    @abstractmethod
    def value(self, at: Reference, body: T, version: str) -> tuple[Any, str]:
        """What the reference means of the whole, with its version. Raises PermanentError."""

    @abstractmethod
    def told(self, at: Reference, error: ProviderError, doing: str) -> ProviderError:
        """The store's word in ours, with the reference."""
