"""Values that are not there yet, and values that must not be shown.

A spec is JSON-like data with two more leaves: ``UNKNOWN`` (known only after apply) and ``Secret``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from orchestrator.model.ids import Path


class Unknown:
    """A value that is known only after apply. There is one instance, ``UNKNOWN``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        """An Unknown has no truth: whoever asks has forgotten to check."""
        raise TypeError("an Unknown has no truth value")

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


class Secret:
    """A secret's plain value, in memory only, with where it came from and which version it is.

    ``version`` identifies the value without telling it (the source's version id, or a keyed digest); two
    secrets are equal when reference and version are, and without a version changes are not tracked. It is no
    dataclass on purpose: an encoder that walks fields must not find the value.
    """

    __slots__ = ("reference", "value", "version")

    def __init__(self, value: Any, reference: str = "", version: str = "") -> None:
        self.value = value
        self.reference = reference
        self.version = version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.reference, self.version) == (
            other.reference,
            other.version,
        )

    def __hash__(self) -> int:
        return hash((self.reference, self.version))

    def __repr__(self) -> str:
        return f"Secret({self.reference!r}, version={self.version!r})"

    def __str__(self) -> str:
        return "(sensitive)"

    def __reduce__(self) -> str:
        """Never pickled: the value would rest somewhere."""
        raise TypeError("a secret is never serialised")


def texts_in(value: Any) -> Iterator[str]:
    """Every string in ``value``, but keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_in(inner)


def contains(value: Any, leaf: type) -> bool:
    """Whether a leaf of the given class stands anywhere in ``value``."""
    if isinstance(value, leaf):
        return True
    if isinstance(value, Mapping):
        return any(contains(v, leaf) for v in value.values())
    if isinstance(value, list | tuple):
        return any(contains(v, leaf) for v in value)
    return False


def replace_leaves(value: Any, leaf: type, with_: Callable[[Any], Any]) -> Any:
    """A copy of ``value`` in which every leaf of the given class is replaced."""
    if isinstance(value, leaf):
        return with_(value)
    if isinstance(value, Mapping):
        return {k: replace_leaves(v, leaf, with_) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [replace_leaves(v, leaf, with_) for v in value]
    return value


def reveal(value: Any) -> Any:
    """``value`` with every secret in plain: for the provider's call and nothing else."""
    return replace_leaves(value, Secret, lambda s: s.value) if contains(value, Secret) else value


def find_leaves(value: Any, leaf: type, at: Path = ()) -> Iterator[Path]:
    """The paths at which a leaf of the given class stands."""
    if isinstance(value, leaf):
        yield at
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from find_leaves(inner, leaf, (*at, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from find_leaves(inner, leaf, (*at, index))
