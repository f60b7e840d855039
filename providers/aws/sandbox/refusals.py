"""What a service says when it will not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error in the words of the real service."""

    code: str
    message: str
    status: int = 400
