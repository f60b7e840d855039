"""What a simulator claims, and who outside this repository says that the real cloud does the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

KINDS = ("vendor-doc:", "sdk:", "recorded:", "botocore-shape", "none")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing that a simulator does, and its evidence.

    ``evidence`` is ``vendor-doc:<title or URL path>``, ``sdk:<typed client call that accepts it>``,
    ``recorded:<real service, version>``, ``botocore-shape``, or ``none``.
    """

    name: str
    evidence: str

    def __post_init__(self) -> None:
        if not self.evidence.startswith(KINDS):
            raise ValueError(f"{self.name}: {self.evidence!r} is no kind of evidence ({', '.join(KINDS)})")

    @property
    def proved(self) -> bool:
        """Whether somebody outside says so."""
        return self.evidence != "none"


def share(behaviours: Iterable[Behaviour]) -> tuple[int, int]:
    """How many behaviours have outside evidence, and how many there are."""
    known = list(behaviours)
    return sum(b.proved for b in known), len(known)
