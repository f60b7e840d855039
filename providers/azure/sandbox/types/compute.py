"""Managed disks."""

from __future__ import annotations

import uuid
from typing import Any

from providers.azure.sandbox import documents
from providers.azure.sandbox.answers import RefusedError
from providers.azure.sandbox.rules import Answer, Draft, Hooks, InUse, Resource, Rules
from providers.azure.sandbox.world import World, timestamp

GIB = 1024**3
IOPS_PER_GB, LEAST_IOPS = 3, 120


def _validate(_world: World, draft: Draft) -> None:
    size = documents.value(draft.body, "properties.diskSizeGB")
    if size is None and documents.value(draft.body, "properties.creationData.createOption") == "Empty":
        raise RefusedError(400, "InvalidParameter", "Required parameter 'disk.diskSizeGB' is missing (null).")
    before = documents.value(draft.existing.body, "properties.diskSizeGB") if draft.existing else None
    if before is not None and size is not None and int(size) < int(before):
        message = f"Shrinking the managed disk from {before} GB to {size} GB is not allowed."
        raise RefusedError(400, "BadRequest", message)


def _store(_world: World, resource: Resource) -> None:
    properties = resource.body["properties"]
    properties.setdefault("timeCreated", timestamp())
    properties.setdefault("uniqueId", str(uuid.uuid4()))
    size = int(properties.setdefault("diskSizeGB", 30))
    properties["diskSizeBytes"] = size * GIB
    properties.setdefault("diskIOPSReadWrite", max(LEAST_IOPS, size * IOPS_PER_GB))
    properties.setdefault("diskMBpsReadWrite", 25)
    resource.body["sku"]["tier"] = str(resource.body["sku"]["name"]).split("_", 1)[0]


def _view(world: World, resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    body["properties"]["diskState"] = "Unattached"
    for machine, _path in world.users(resource.id):
        body["managedBy"] = machine.id
        stopped = machine.hidden.get("power") == "deallocated"
        body["properties"]["diskState"] = "Reserved" if stopped else "Attached"
    return body


DISK = Rules(
    type="Microsoft.Compute/disks",
    put=Answer(202, 202),
    patch=Answer(202, 202),
    defaults={
        "sku": {"name": "Standard_LRS"},
        "properties": {
            "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
            "networkAccessPolicy": "AllowAll",
            "publicNetworkAccess": "Enabled",
        },
    },
    required=("properties.creationData.createOption",),
    read_only=(
        "managedBy",
        "sku.tier",
        "properties.timeCreated",
        "properties.uniqueId",
        "properties.diskState",
        "properties.diskSizeBytes",
    ),
    create_only=("properties.creationData", "properties.osType", "zones"),
    in_use=InUse(409, "OperationNotAllowed", "Disk {name} is attached to VM {by}."),
    hooks=Hooks(validate=_validate, stored=_store, view=_view),
)

RULES = (DISK,)
