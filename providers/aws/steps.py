"""What is left to do of a change, as JSON that is journalled between its calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from orchestrator.model.values import Secret, contains
from providers.aws.kind import Call, Step, Wait

THERE: Final = "there"
GONE: Final = "gone"


@dataclass(frozen=True, slots=True)
class Rest:
    """The steps to come, on which object, how it ends, and how often it was looked for in vain."""

    id: str
    steps: tuple[Step, ...]
    end: str = THERE
    looks: int = 0

    def handle(self) -> dict[str, Any]:
        """As JSON."""
        steps = [_encode(step) for step in self.steps]
        return {"id": self.id, "steps": steps, "end": self.end, "looks": self.looks}

    def tail(self) -> Rest:
        """Without the first step."""
        return replace(self, steps=self.steps[1:], looks=0)

    def looked(self) -> Rest:
        """After one more look in vain."""
        return replace(self, looks=self.looks + 1)


def rest_of(handle: Mapping[str, Any]) -> Rest:
    """The inverse of :meth:`Rest.handle`."""
    steps = tuple(_decode(step) for step in handle["steps"])
    return Rest(handle["id"], steps, handle["end"], handle["looks"])


def secret_steps(steps: Sequence[Step]) -> int:
    """How many leading steps must be taken at once, because one of them carries a secret."""
    bearing = [i for i, step in enumerate(steps) if isinstance(step, Call) and contains(step.params, Secret)]
    return bearing[-1] + 1 if bearing else 0


def _encode(step: Step) -> dict[str, Any]:
    if isinstance(step, Wait):
        return {"wait": list(step.states)}
    return {
        "service": step.service,
        "call": step.operation,
        "params": dict(step.params),
        "ignore": list(step.ignore),
    }


def _decode(step: Mapping[str, Any]) -> Step:
    if "wait" in step:
        return Wait(tuple(step["wait"]))
    return Call(step["service"], step["call"], step["params"], tuple(step["ignore"]))
