"""What AWS says of readiness, as health. A state that nobody listed is unknown, which passes no gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrator.model.health import Health, Level

_INSTANCE: Final[Mapping[str, Level]] = {
    "pending": Level.PROGRESSING,
    "running": Level.HEALTHY,
    "stopping": Level.DEGRADED,
    "stopped": Level.DEGRADED,
    "shutting-down": Level.FAILED,
    "terminated": Level.FAILED,
}

_DATABASE: Final[Mapping[str, Level]] = {
    "available": Level.HEALTHY,
    "storage-optimization": Level.HEALTHY,
    "backing-up": Level.HEALTHY,
    **dict.fromkeys(
        (
            "creating",
            "configuring-enhanced-monitoring",
            "configuring-iam-database-auth",
            "configuring-log-exports",
            "converting-to-vpc",
            "maintenance",
            "modifying",
            "moving-to-vpc",
            "rebooting",
            "renaming",
            "resetting-master-credentials",
            "starting",
            "storage-config-upgrade",
            "upgrading",
        ),
        Level.PROGRESSING,
    ),
    **dict.fromkeys(("stopped", "stopping", "storage-full", "insufficient-capacity"), Level.DEGRADED),
    **dict.fromkeys(
        (
            "deleting",
            "failed",
            "inaccessible-encryption-credentials",
            "incompatible-create",
            "incompatible-network",
            "incompatible-option-group",
            "incompatible-parameters",
            "incompatible-restore",
            "restore-error",
        ),
        Level.FAILED,
    ),
}
"""Source: the Amazon RDS User Guide, "Viewing Amazon RDS DB instance status"."""


def instance(state: str, wanted: str = "running") -> Health:
    """Of an instance by its state."""
    if state == wanted == "stopped":
        return Health(Level.HEALTHY, "instance is stopped, as wanted")
    return Health(_INSTANCE.get(state, Level.UNKNOWN), f"instance is {state}")


def database(status: str) -> Health:
    """Of a database by its status."""
    return Health(_DATABASE.get(status, Level.UNKNOWN), f"database is {status}")
