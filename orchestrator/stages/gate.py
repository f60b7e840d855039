"""A gate: look until a verdict or the deadline.

Enters: gates with resolved settings and something that looks. Leaves: the last Health. Holds: a gate passes
only after the wanted number of successes in a row; an unknown health never counts as one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from orchestrator.model.change import Gate
from orchestrator.model.errors import PermanentError, ProviderError
from orchestrator.model.health import Health, Level
from orchestrator.model.ids import ProviderName
from orchestrator.seams.clock import Clock
from orchestrator.seams.executor import Call, Effect, Sleep

Look = Callable[[], Health]


def watch(gate: Gate, look: Look, provider: ProviderName, clock: Clock) -> Generator[Effect, Any, Health]:
    """Look every ``interval`` seconds until it passes, cannot pass any more, or ``within`` is over."""
    deadline = clock.monotonic() + gate.within
    in_a_row = 0
    while True:
        try:
            health: Health = yield Call(look, provider, f"{gate.kind} gate", budget=gate.within)
        except PermanentError as error:
            return Health(Level.FAILED, str(error))
        except ProviderError as error:
            health = Health(Level.UNKNOWN, str(error))
        in_a_row = in_a_row + 1 if health.passes else 0
        if in_a_row >= gate.successes or health.level is Level.FAILED:
            return health
        left = deadline - clock.monotonic()
        if left <= 0:
            return Health(
                Level.DEGRADED, f"not healthy within {gate.within:g} s: {health.message or health.level}"
            )
        yield Sleep(min(gate.interval, left), f"{gate.kind} gate: {health.message or health.level}")
