"""Virtual machines: their OS disk, power state, instance view and actions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from providers.azure.sandbox import documents, ids
from providers.azure.sandbox.answers import RefusedError
from providers.azure.sandbox.rules import Answer, Draft, Hooks, InUse, Reference, Resource, Rules
from providers.azure.sandbox.world import World, timestamp

from .compute import DISK
from .interfaces import refresh_reachability

NICS = "properties.networkProfile.networkInterfaces[]"
DATA_DISKS = "properties.storageProfile.dataDisks[]"
SIZE = re.compile(r"(Standard|Basic)_[A-Z]+\d+[A-Za-z0-9_-]*")
SHOWN = {
    "starting": "VM starting",
    "running": "VM running",
    "stopped": "VM stopped",
    "deallocated": "VM deallocated",
}


def _validate(world: World, draft: Draft) -> None:
    size = str(documents.value(draft.body, "properties.hardwareProfile.vmSize"))
    if not SIZE.fullmatch(size):
        message = f"The value {size} provided for the VM size is not valid. The valid sizes in the current region are listed by the sizes API."
        raise RefusedError(400, "InvalidParameter", message)
    for held in (
        *documents.values(draft.body, f"{NICS}.id"),
        *documents.values(draft.body, f"{DATA_DISKS}.managedDisk.id"),
    ):
        _check_free(world, draft, str(held))


def _check_free(world: World, draft: Draft, held: str) -> None:
    for user, _path in world.users(held):
        if user.key != draft.id.lower() and user.rules.type == VM.type:
            if "/networkinterfaces/" in held.lower():
                message = f"Network Interface {held} is used by existing resource {user.id}."
                raise RefusedError(400, "NicInUse", message)
            message = f"Disk '{ids.name_of(held)}' cannot be attached as the disk is already owned by VM '{user.id}'."
            raise RefusedError(409, "ConflictingUserInput", message)


def _store(world: World, resource: Resource) -> None:
    properties = resource.body["properties"]
    properties.setdefault("vmId", str(uuid.uuid4()))
    properties.setdefault("timeCreated", timestamp())
    resource.hidden.setdefault("power", "starting")
    _store_os_disk(world, resource, properties.setdefault("storageProfile", {}))
    if "osProfile" in properties:
        properties["osProfile"].setdefault("secrets", [])
        properties["osProfile"].setdefault("allowExtensionOperations", True)
        properties["osProfile"].setdefault("requireGuestProvisionSignal", True)


def _store_os_disk(world: World, resource: Resource, storage: dict[str, Any]) -> None:
    """The OS disk is a managed disk of its own, named by the service where nobody names it."""
    disk = storage.setdefault("osDisk", {"createOption": "FromImage"})
    storage.setdefault("dataDisks", [])
    made = resource.hidden.setdefault(
        "os_disk", disk.get("name") or f"{resource.name}_OsDisk_1_{uuid.uuid4().hex}"
    )
    disk["name"] = made
    disk.setdefault("osType", "Linux")
    disk.setdefault("caching", "ReadWrite")
    disk.setdefault("deleteOption", "Detach")
    managed = disk.setdefault("managedDisk", {})
    managed.setdefault("storageAccountType", "Standard_LRS")
    managed["id"] = f"{ids.parent_id(resource.id)}/providers/{DISK.type}/{made}"
    if world.get(managed["id"]) is None:
        _make_os_disk(world, resource, disk)


def _make_os_disk(world: World, machine: Resource, disk: dict[str, Any]) -> None:
    body = {
        "location": machine.body["location"],
        "sku": {"name": disk["managedDisk"]["storageAccountType"]},
        "properties": {
            "osType": disk["osType"],
            "diskSizeGB": disk.get("diskSizeGB", 30),
            "creationData": {"createOption": disk.get("createOption", "FromImage")},
            "provisioningState": "Succeeded",
        },
    }
    made = Resource(
        disk["managedDisk"]["id"], DISK, documents.with_defaults(DISK.defaults, body), world.now()
    )
    world.resources[made.key] = made
    DISK.hooks.stored(world, made)


def _ready(world: World, resource: Resource) -> None:
    if resource.hidden["power"] == "starting":
        resource.hidden["power"] = "running"
    refresh_reachability(world)


def _removed(world: World, resource: Resource) -> None:
    """What was attached with deleteOption Delete goes with the machine."""
    storage = resource.body["properties"]["storageProfile"]
    doomed = [
        each["managedDisk"]["id"]
        for each in (storage["osDisk"], *storage["dataDisks"])
        if each.get("deleteOption") == "Delete"
    ]
    nics = documents.values(resource.body, NICS)
    doomed += [each["id"] for each in nics if documents.value(each, "properties.deleteOption") == "Delete"]
    for each in doomed:
        found = world.get(each)
        if found is not None:
            world.remove(found)
    refresh_reachability(world)


def instance_view(_world: World, resource: Resource) -> dict[str, Any]:
    """The statuses of a machine: how its provisioning goes, and its power."""
    state = str(resource.body["properties"]["provisioningState"])
    power = resource.hidden["power"]
    return {
        "statuses": [
            {
                "code": f"ProvisioningState/{state.lower()}",
                "level": "Info",
                "displayStatus": f"Provisioning {state.lower()}",
            },
            {"code": f"PowerState/{power}", "level": "Info", "displayStatus": SHOWN[power]},
        ]
    }


def _to(power: str) -> Callable[[World, Resource], Callable[[bool], None]]:
    """An action that ends in the given power state."""

    def start(world: World, resource: Resource) -> Callable[[bool], None]:
        def finish(succeeded: bool) -> None:  # noqa: FBT001 - the world calls it by position
            if succeeded:
                resource.hidden["power"] = power
            refresh_reachability(world)

        return finish

    return start


VM = Rules(
    type="Microsoft.Compute/virtualMachines",
    patch=Answer(200, 200),
    etag=True,
    conditional=True,
    required=("properties.hardwareProfile.vmSize", "properties.networkProfile.networkInterfaces"),
    read_only=("properties.vmId", "properties.timeCreated", "properties.instanceView", "resources"),
    write_only=(
        "properties.osProfile.adminPassword",
        "properties.osProfile.customData",
        "properties.userData",
    ),
    create_only=(
        "zones",
        "properties.osProfile.adminUsername",
        "properties.osProfile.computerName",
        "properties.storageProfile.imageReference",
        "properties.storageProfile.osDisk.name",
        "properties.storageProfile.osDisk.createOption",
        "properties.storageProfile.osDisk.managedDisk.storageAccountType",
        "properties.availabilitySet.id",
    ),
    references=(
        Reference(f"{NICS}.id"),
        Reference(f"{DATA_DISKS}.managedDisk.id"),
        Reference("properties.storageProfile.osDisk.managedDisk.id"),
    ),
    in_use=InUse(409, "OperationNotAllowed", "VM {name} is in use by {by}."),
    name_pattern=r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?",
    name_code="InvalidParameter",
    actions={
        "powerOff": _to("stopped"),
        "deallocate": _to("deallocated"),
        "start": _to("running"),
        "restart": _to("running"),
    },
    views={"instanceView": instance_view},
    hooks=Hooks(validate=_validate, stored=_store, ready=_ready, removed=_removed),
)

RULES = (VM,)
