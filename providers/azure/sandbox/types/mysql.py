"""MySQL flexible servers, their databases and firewall rules."""

from __future__ import annotations

import ipaddress
from typing import Any

from providers.azure.sandbox import documents
from providers.azure.sandbox.answers import RefusedError
from providers.azure.sandbox.rules import STATELESS, Answer, Draft, Hooks, Reference, Resource, Rules, Words
from providers.azure.sandbox.world import World

PORT = 3306
# the database service shows the display name of a region, the others its short name
REGIONS = {
    "eastus": "East US",
    "eastus2": "East US 2",
    "westus2": "West US 2",
    "westus3": "West US 3",
    "centralus": "Central US",
    "northeurope": "North Europe",
    "westeurope": "West Europe",
    "uksouth": "UK South",
    "francecentral": "France Central",
    "germanywestcentral": "Germany West Central",
    "swedencentral": "Sweden Central",
    "switzerlandnorth": "Switzerland North",
    "southeastasia": "Southeast Asia",
    "japaneast": "Japan East",
    "australiaeast": "Australia East",
}


def _validate_server(_world: World, draft: Draft) -> None:
    password = documents.value(draft.given, "properties.administratorLoginPassword")
    mode = documents.value(draft.given, "properties.createMode") or "Default"
    if draft.existing is None and mode == "Default" and not password:
        message = (
            "Invalid value given for parameter AdministratorLoginPassword. Specify a valid parameter value."
        )
        raise RefusedError(400, "InvalidParameterValue", message)
    size = int(documents.value(draft.body, "properties.storage.storageSizeGB"))
    before = (
        documents.value(draft.existing.body, "properties.storage.storageSizeGB") if draft.existing else None
    )
    if before is not None and size < int(before):
        message = "The storage size of a server cannot be reduced."
        raise RefusedError(400, "InvalidParameterValue", message)


def _store_server(world: World, resource: Resource) -> None:
    if "address" not in resource.hidden:
        resource.hidden["address"] = world.addresses.open(resource.name, ports=(PORT,), status=200)
    properties = resource.body["properties"]
    properties["fullyQualifiedDomainName"] = resource.hidden["address"]
    enabled = properties["highAvailability"]["mode"] != "Disabled"
    properties["highAvailability"]["state"] = "Healthy" if enabled else "NotEnabled"
    properties.setdefault("availabilityZone", "1")


def _close(world: World, resource: Resource) -> None:
    world.addresses.close(resource.hidden["address"])


def _view_server(_world: World, _resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    body["location"] = REGIONS.get(body["location"], body["location"])
    return body


def _validate_rule(_world: World, draft: Draft) -> None:
    ends = []
    for name in ("startIpAddress", "endIpAddress"):
        try:
            ends.append(ipaddress.IPv4Address(str(documents.value(draft.body, f"properties.{name}"))))
        except ValueError as error:
            message = f"Invalid value given for parameter {name}. Specify a valid parameter value."
            raise RefusedError(400, "InvalidParameterValue", message) from error
    if ends[0] > ends[1]:
        message = "Invalid value given for parameter startIpAddress. It is above endIpAddress."
        raise RefusedError(400, "InvalidParameterValue", message)


SERVER = Rules(
    type="Microsoft.DBforMySQL/flexibleServers",
    put=Answer(202, 202, body=False),
    patch=Answer(202, 202, body=False),
    words=Words("properties.state", "Starting", "Updating", "Dropping", "Ready", "Disabled"),
    name_pattern=r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    name_taken="ServerNameAlreadyExists",
    required=("properties.administratorLogin", "sku.name", "sku.tier"),
    defaults={
        "properties": {
            "version": "8.0.21",
            "storage": {
                "storageSizeGB": 32,
                "iops": 396,
                "autoGrow": "Enabled",
                "autoIoScaling": "Disabled",
                "logOnDisk": "Disabled",
                "storageSku": "Premium_LRS",
            },
            "backup": {"backupRetentionDays": 7, "backupIntervalHours": 24, "geoRedundantBackup": "Disabled"},
            "highAvailability": {"mode": "Disabled"},
            "network": {"publicNetworkAccess": "Enabled"},
            "maintenanceWindow": {
                "customWindow": "Disabled",
                "dayOfWeek": 0,
                "startHour": 0,
                "startMinute": 0,
            },
            "replicationRole": "None",
            "replicaCapacity": 10,
        }
    },
    read_only=(
        "properties.fullyQualifiedDomainName",
        "properties.highAvailability.state",
        "properties.storage.storageSku",
        "properties.replicaCapacity",
    ),
    write_only=("properties.administratorLoginPassword", "properties.createMode"),
    create_only=(
        "properties.administratorLogin",
        "properties.availabilityZone",
        "properties.network.delegatedSubnetResourceId",
    ),
    references=(Reference("properties.network.delegatedSubnetResourceId"),),
    hooks=Hooks(validate=_validate_server, stored=_store_server, view=_view_server, removed=_close),
)

DATABASE = Rules(
    type="Microsoft.DBforMySQL/flexibleServers/databases",
    put=Answer(202, 202, body=False),
    words=STATELESS,
    located=False,
    tagged=False,
    defaults={"properties": {"charset": "utf8mb4", "collation": "utf8mb4_0900_ai_ci"}},
)

FIREWALL_RULE = Rules(
    type="Microsoft.DBforMySQL/flexibleServers/firewallRules",
    put=Answer(202, 202, body=False),
    words=STATELESS,
    located=False,
    tagged=False,
    name_pattern=r"[A-Za-z0-9_-]{1,128}",
    hooks=Hooks(validate=_validate_rule),
)

RULES = (SERVER, DATABASE, FIREWALL_RULE)
