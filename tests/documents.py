"""Documents of a stack as text: the heads that every one of them begins with have their home here."""

from __future__ import annotations

from typing import Final

API: Final = "apiVersion: opsctl.dev/v1\n"


def resource(name: str, type: str, spec: str, more: str = "") -> str:
    """A resource; ``more`` are lines between its metadata and its spec, each with its end."""
    return f"{API}kind: Resource\ntype: {type}\nmetadata: {{name: {name}}}\n{more}spec: {spec}\n"


def other(kind: str, spec: str) -> str:
    """A document without a name: Moved, Removed, Import."""
    return f"{API}kind: {kind}\nspec: {spec}\n"


def stack(name: str, more: str = "") -> str:
    """An opsctl.yaml; ``more`` is what stands below its name."""
    return f"{API}kind: Stack\nmetadata: {{name: {name}, id: {name}}}\n{more}"


def file(*documents: str) -> str:
    """All in one file."""
    return "---\n".join(documents)
