"""The clouds' own words on readiness, as levels: one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrator.model.health import Health, Level
from orchestrator.model.provision import Observed

WORDS: Final[Mapping[str, Level]] = {
    # Nova
    "ACTIVE": Level.HEALTHY,
    "BUILD": Level.PROGRESSING,
    "REBUILD": Level.PROGRESSING,
    "RESIZE": Level.PROGRESSING,
    "VERIFY_RESIZE": Level.PROGRESSING,
    "REVERT_RESIZE": Level.PROGRESSING,
    "REBOOT": Level.PROGRESSING,
    "HARD_REBOOT": Level.PROGRESSING,
    "PASSWORD": Level.PROGRESSING,
    "MIGRATING": Level.PROGRESSING,
    "SHUTOFF": Level.DEGRADED,
    "PAUSED": Level.DEGRADED,
    "SUSPENDED": Level.DEGRADED,
    "SHELVED": Level.DEGRADED,
    "SHELVED_OFFLOADED": Level.DEGRADED,
    "RESCUE": Level.DEGRADED,
    "ERROR": Level.FAILED,
    "DELETED": Level.FAILED,
    # Neutron
    "DOWN": Level.DEGRADED,
    "ALLOCATING": Level.PROGRESSING,
    # Octavia
    "PENDING_CREATE": Level.PROGRESSING,
    "PENDING_UPDATE": Level.PROGRESSING,
    "PENDING_DELETE": Level.PROGRESSING,
    # Cinder
    "available": Level.HEALTHY,
    "in-use": Level.HEALTHY,
    "creating": Level.PROGRESSING,
    "downloading": Level.PROGRESSING,
    "reserved": Level.PROGRESSING,
    "attaching": Level.PROGRESSING,
    "detaching": Level.PROGRESSING,
    "extending": Level.PROGRESSING,
    "retyping": Level.PROGRESSING,
    "maintenance": Level.PROGRESSING,
    "error": Level.FAILED,
    "error_extending": Level.FAILED,
    "error_deleting": Level.FAILED,
    "error_restoring": Level.FAILED,
}


def assess(observed: Observed, *, reports: bool) -> Health:
    """Judge what was read; what a kind does not report is healthy, a word that nobody listed is unknown."""
    if not reports:
        return Health(Level.HEALTHY, "it is there")
    word = str(observed.status.get("status", ""))
    level = WORDS.get(word, Level.UNKNOWN)
    fault = observed.status.get("fault")
    reason = f": {fault['message']}" if isinstance(fault, Mapping) and "message" in fault else ""
    return Health(level, f"status is {word or 'not told'}{reason}")
