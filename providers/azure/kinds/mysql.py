"""MySQL flexible servers, their databases and firewall rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.kit.shapes import growing, number, obj, one_of, text
from orchestrator.model.health import Level

from .kind import Facts
from .shape import identifier

VERSION = "2023-12-30"
SERVER = "Microsoft.DBforMySQL/flexibleServers"
SWITCH = ("Enabled", "Disabled")
ADDRESS = r"^\d{1,3}(?:\.\d{1,3}){3}$"

STATES: Mapping[str, Level] = {
    "Ready": Level.HEALTHY,
    "Starting": Level.PROGRESSING,
    "Updating": Level.PROGRESSING,
    "Provisioning": Level.PROGRESSING,
    "Stopping": Level.DEGRADED,
    "Stopped": Level.DEGRADED,
    "Disabled": Level.FAILED,
    "Dropping": Level.FAILED,
}


def _login(spec: Mapping[str, Any]) -> list[str]:
    properties = spec.get("properties")
    if not isinstance(properties, Mapping) or properties.get("createMode", "Default") != "Default":
        return []
    missing = [
        name for name in ("administratorLogin", "administratorLoginPassword") if name not in properties
    ]
    return [f"properties.{name} is required for a new server" for name in missing]


FACTS = (
    Facts(
        type=SERVER,
        version=VERSION,
        summary="A MySQL flexible server",
        joins=("Microsoft.Network/virtualNetworks/subnets/join/action",),
        stateful=True,
        readiness=True,
        needs_properties=True,
        patches=True,
        state="state",
        levels=STATES,
        name=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$",
        top={
            "sku": obj(
                {
                    "name": text("Standard_B1ms, …", required=True),
                    "tier": one_of("Burstable", "GeneralPurpose", "MemoryOptimized", required=True),
                },
                required=True,
            )
        },
        properties={
            "administratorLogin": text(create_only=True),
            "administratorLoginPassword": text(write_only=True, secret=True),
            "version": text("5.7, 8.0.21, …"),
            "createMode": one_of(
                "Default", "GeoRestore", "PointInTimeRestore", "Replica", write_only=True, create_only=True
            ),
            "sourceServerResourceId": identifier(write_only=True, create_only=True),
            "restorePointInTime": text(write_only=True, create_only=True),
            "availabilityZone": text(create_only=True),
            "storage": obj(
                {
                    "storageSizeGB": growing(minimum=20, maximum=16384),
                    "iops": number(),
                    "autoGrow": one_of(*SWITCH, default="Enabled"),
                    "autoIoScaling": one_of(*SWITCH),
                    "logOnDisk": one_of(*SWITCH),
                }
            ),
            "backup": obj(
                {
                    "backupRetentionDays": number(minimum=1, maximum=35, default=7),
                    "backupIntervalHours": number(),
                    "geoRedundantBackup": one_of(*SWITCH, create_only=True),
                }
            ),
            "highAvailability": obj(
                {
                    "mode": one_of("Disabled", "SameZone", "ZoneRedundant", default="Disabled"),
                    "standbyAvailabilityZone": text(),
                }
            ),
            "network": obj(
                {
                    "publicNetworkAccess": one_of(*SWITCH, default="Enabled"),
                    "delegatedSubnetResourceId": identifier(create_only=True),
                    "privateDnsZoneResourceId": identifier(create_only=True),
                }
            ),
            "maintenanceWindow": obj(
                {
                    "customWindow": one_of(*SWITCH, default="Disabled"),
                    "dayOfWeek": number(minimum=0, maximum=6),
                    "startHour": number(minimum=0, maximum=23),
                    "startMinute": number(minimum=0, maximum=59),
                }
            ),
        },
        shown={
            "state": text(),
            "fullyQualifiedDomainName": text("Where clients connect to.", stable=True),
            "replicationRole": text(),
        },
        refine=_login,
    ),
    Facts(
        type=f"{SERVER}/databases",
        version=VERSION,
        summary="A database on a MySQL flexible server",
        parent=SERVER,
        located=False,
        tagged=False,
        stateful=True,
        state="",
        name=r"^[A-Za-z0-9_$-]{1,64}$",
        properties={"charset": text(create_only=True), "collation": text(create_only=True)},
    ),
    Facts(
        type=f"{SERVER}/firewallRules",
        version=VERSION,
        summary="A firewall rule of a MySQL flexible server",
        parent=SERVER,
        located=False,
        tagged=False,
        needs_properties=True,
        state="",
        name=r"^[A-Za-z0-9_-]{1,128}$",
        properties={
            "startIpAddress": text(required=True, pattern=ADDRESS),
            "endIpAddress": text(required=True, pattern=ADDRESS),
        },
    ),
)
