"""The cloud's own word on readiness, from what was read. Pure.

Enters: a kind and an observation. Leaves: a `Health`. Holds: a state that no table lists is unknown, which
never passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.health import Health, Level, worst
from orchestrator.model.provision import Observed

from .kinds.kind import ArmKind

POWER: Mapping[str, Level] = {
    "running": Level.HEALTHY,
    "starting": Level.PROGRESSING,
    "stopping": Level.DEGRADED,
    "stopped": Level.DEGRADED,
    "deallocating": Level.DEGRADED,
    "deallocated": Level.DEGRADED,
}


def assess(kind: ArmKind, observed: Observed) -> Health:
    """The worst of the service's state and, for a machine, its power."""
    looks = []
    if kind.state:
        looks.append(_state(kind, observed.status))
    if kind.instance_view:
        looks.append(_power(observed.status))
    return worst(looks)


def _state(kind: ArmKind, status: Mapping[str, Any]) -> Health:
    told = str((status.get("properties") or {}).get(kind.state, ""))
    return Health(kind.levels.get(told, Level.UNKNOWN), f"{kind.state} is {told or 'not told'}")


def _power(status: Mapping[str, Any]) -> Health:
    told = str(status.get("powerState", ""))
    return Health(POWER.get(told, Level.UNKNOWN), f"the machine is {told or 'of unknown power state'}")


def power_state(body: Mapping[str, Any]) -> str:
    """The power state in a body that was read with its instance view; "" where it has none."""
    view = (body.get("properties") or {}).get("instanceView") or {}
    codes = [str(each.get("code", "")) for each in view.get("statuses") or ()]
    return next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), "")
