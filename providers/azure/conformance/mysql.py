"""Samples of MySQL servers, their databases and firewall rules."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.sample import Of, Parent, Sample, Unique
from orchestrator.model.values import Secret
from providers.azure.conformance.hands import GROUPS, IN_GROUP, MOVED, SAID, tagged, written
from providers.azure.kinds.mysql import SERVER

_LOGIN: Final[dict[str, Any]] = {
    "administratorLogin": "ops",
    "administratorLoginPassword": Secret("plain-text-2!", "env:PASSWORD", "v1"),
}
_SMALL: Final = {
    "name": Unique(),
    **IN_GROUP,
    "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
    "properties": _LOGIN,
}
_PARENT: Final = Parent(SERVER, _SMALL)
_AT_CREATION: Final = "said at creation alone, and never told"

_SERVER = Sample(
    type=SERVER,
    minimal=_SMALL,
    more={
        "tags": {"a": "b"},
        "properties": {
            "version": "8.0.21",
            "storage": {
                "storageSizeGB": 32,
                "iops": 400,
                "autoIoScaling": "Disabled",
                "logOnDisk": "Disabled",
            },
            "backup": {"backupIntervalHours": 24},
            "highAvailability": {"standbyAvailabilityZone": "2"},
            "network": {"publicNetworkAccess": "Enabled"},
            "maintenanceWindow": {
                "customWindow": "Enabled",
                "dayOfWeek": 1,
                "startHour": 2,
                "startMinute": 0,
            },
        },
    },
    parents=GROUPS,
    updates={
        "tags": {"b": "c"},
        "sku.name": "Standard_B2s",
        "sku.tier": "GeneralPurpose",
        "properties.administratorLoginPassword": Secret("plain-text-4!", "env:PASSWORD", "v2"),
        "properties.version": "8.4",
        "properties.storage.storageSizeGB": 64,
        "properties.storage.iops": 900,
        "properties.storage.autoGrow": "Disabled",
        "properties.storage.autoIoScaling": "Enabled",
        "properties.storage.logOnDisk": "Enabled",
        "properties.backup.backupRetentionDays": 20,
        "properties.backup.backupIntervalHours": 12,
        "properties.highAvailability.mode": "SameZone",
        "properties.highAvailability.standbyAvailabilityZone": "3",
        "properties.network.publicNetworkAccess": "Disabled",
        "properties.maintenanceWindow.customWindow": "Disabled",
        "properties.maintenanceWindow.dayOfWeek": 5,
        "properties.maintenanceWindow.startHour": 5,
        "properties.maintenanceWindow.startMinute": 5,
    },
    replaces={
        **MOVED,
        "properties.administratorLogin": "root2",
        "properties.availabilityZone": "2",
        "properties.storage.storageSizeGB": 20,
        "properties.backup.geoRedundantBackup": "Enabled",
        "properties.network.delegatedSubnetResourceId": "/other",
        "properties.network.privateDnsZoneResourceId": "/other",
    },
    planned={
        "properties.network.delegatedSubnetResourceId": "there is no such subnet",
        "properties.network.privateDnsZoneResourceId": "there is no such zone",
    },
    write=written,
    behind={"tags": tagged},
    untried={
        **SAID,
        "properties.createMode": _AT_CREATION,
        "properties.sourceServerResourceId": _AT_CREATION,
        "properties.restorePointInTime": _AT_CREATION,
    },
)

_DATABASE = Sample(
    type=f"{SERVER}/databases",
    minimal={"name": Unique(), "parent": Of("server")},
    more={"properties": {"charset": "utf8mb4", "collation": "utf8mb4_unicode_ci"}},
    parents={**GROUPS, "server": _PARENT, "other": _PARENT},
    replaces={
        "name": Unique("{}-other"),
        "parent": Of("other"),
        "properties.charset": "latin1",
        "properties.collation": "utf8mb4_bin",
    },
    untried=SAID,
)

_FIREWALL_RULE = Sample(
    type=f"{SERVER}/firewallRules",
    minimal={
        "name": Unique(),
        "parent": Of("server"),
        "properties": {"startIpAddress": "10.0.0.1", "endIpAddress": "10.0.0.9"},
    },
    parents={**GROUPS, "server": _PARENT, "other": _PARENT},
    updates={"properties.startIpAddress": "10.0.0.0", "properties.endIpAddress": "10.0.0.10"},
    replaces={"name": Unique("{}-other"), "parent": Of("other")},
    write=written,
    untried=SAID,
)

SAMPLES: Final = (_SERVER, _DATABASE, _FIREWALL_RULE)
