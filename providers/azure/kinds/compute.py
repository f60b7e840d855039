"""Managed disks and virtual machines."""

from __future__ import annotations

from orchestrator.kit.shapes import flag, growing, many, number, obj, one_of, text
from orchestrator.model.schema import Property

from .kind import Facts
from .shape import identifier, link

DISK_SKUS = "Standard_LRS, StandardSSD_LRS, Premium_LRS, …"
CACHING = ("None", "ReadOnly", "ReadWrite")
DELETE_OPTION = ("Delete", "Detach")
STATE = {"provisioningState": text(), "timeCreated": text(stable=True)}
ZONES = many(text(), "The availability zones.", create_only=True, unordered=True)
MANAGED = obj({"id": identifier(), "storageAccountType": text(DISK_SKUS)})

IMAGE = obj(
    {name: text() for name in ("publisher", "offer", "sku", "version")}
    | {"id": identifier(), "communityGalleryImageId": text(), "sharedGalleryImageId": text()},
    description="What the OS disk is made from.",
    create_only=True,
)
OS_DISK = obj(
    {
        "name": text(create_only=True),
        "osType": one_of("Linux", "Windows", create_only=True),
        "createOption": one_of("FromImage", "Attach", "Empty", create_only=True),
        "caching": one_of(*CACHING),
        "diskSizeGB": number(minimum=1),
        "deleteOption": one_of(*DELETE_OPTION, default="Detach"),
        "managedDisk": obj({"id": identifier(), "storageAccountType": text(DISK_SKUS, create_only=True)}),
    }
)
DATA_DISK = obj(
    {
        "lun": number(required=True, minimum=0),
        "name": text(),
        "createOption": one_of("Attach", "Empty", "FromImage", required=True),
        "caching": one_of(*CACHING),
        "diskSizeGB": number(minimum=1),
        "deleteOption": one_of(*DELETE_OPTION),
        "managedDisk": MANAGED,
    }
)
LINUX = obj(
    {
        "disablePasswordAuthentication": flag(create_only=True),
        "provisionVMAgent": flag(create_only=True),
        "ssh": obj(
            {"publicKeys": many(obj({"path": text(required=True), "keyData": text(required=True)}))},
            create_only=True,
        ),
        "patchSettings": obj({"patchMode": text(), "assessmentMode": text()}),
    }
)
WINDOWS = obj(
    {
        "provisionVMAgent": flag(create_only=True),
        "enableAutomaticUpdates": flag(),
        "timeZone": text(create_only=True),
        "patchSettings": obj({"patchMode": text(), "assessmentMode": text()}),
    }
)
OS_PROFILE = obj(
    {
        "computerName": text(create_only=True),
        "adminUsername": text(create_only=True),
        "adminPassword": text(write_only=True, secret=True, create_only=True),
        "customData": text("Base64; read once, at the first boot.", write_only=True, create_only=True),
        "linuxConfiguration": LINUX,
        "windowsConfiguration": WINDOWS,
        "allowExtensionOperations": flag(default=True),
    }
)
NICS = many(
    obj(
        {
            "id": identifier(required=True),
            "properties": obj({"primary": flag(), "deleteOption": one_of(*DELETE_OPTION)}),
        }
    ),
    required=True,
)

FACTS = (
    Facts(
        type="Microsoft.Compute/disks",
        version="2026-03-02",
        summary="A managed disk",
        stateful=True,
        needs_properties=True,
        name=r"^\w[\w.-]{0,79}$",
        top={"sku": obj({"name": text(DISK_SKUS)}), "zones": ZONES},
        properties={
            "creationData": obj(
                {
                    "createOption": text("Empty, FromImage, Copy, …", required=True),
                    "sourceResourceId": identifier(),
                    "imageReference": obj({"id": identifier()}),
                    "logicalSectorSize": number(),
                },
                required=True,
                create_only=True,
            ),
            "diskSizeGB": growing(minimum=1),
            "osType": one_of("Linux", "Windows", create_only=True),
            "hyperVGeneration": one_of("V1", "V2", create_only=True),
            "diskIOPSReadWrite": number(),
            "diskMBpsReadWrite": number(),
            "tier": text(),
            "maxShares": number(minimum=1),
            "burstingEnabled": flag(),
            "networkAccessPolicy": one_of("AllowAll", "AllowPrivate", "DenyAll", default="AllowAll"),
            "publicNetworkAccess": one_of("Enabled", "Disabled", default="Enabled"),
            "encryption": obj(
                {"type": text(default="EncryptionAtRestWithPlatformKey"), "diskEncryptionSetId": identifier()}
            ),
        },
        shown=STATE | {"diskState": text(), "uniqueId": text(stable=True), "diskSizeBytes": number()},
        shown_top={"managedBy": identifier()},
    ),
    Facts(
        type="Microsoft.Compute/virtualMachines",
        version="2026-04-01",
        summary="A virtual machine",
        joins=(
            "Microsoft.Network/networkInterfaces/join/action",
            "Microsoft.Compute/disks/read",
            "Microsoft.Compute/disks/write",
            "Microsoft.Compute/disks/delete",
        ),
        conditional=True,
        needs_properties=True,
        readiness=True,
        instance_view=True,
        name=r"^[A-Za-z0-9](?:[\w.-]{0,62}\w)?$",
        top={
            "zones": ZONES,
            "identity": obj(
                {
                    "type": text(required=True),
                    "userAssignedIdentities": Property("object", additional=Property()),
                }
            ),
        },
        properties={
            "hardwareProfile": obj({"vmSize": text("Standard_B1s, …", required=True)}, required=True),
            "storageProfile": obj(
                {
                    "imageReference": IMAGE,
                    "osDisk": OS_DISK,
                    "dataDisks": many(DATA_DISK, unordered=True, default=[]),
                },
                required=True,
            ),
            "osProfile": OS_PROFILE,
            "networkProfile": obj({"networkInterfaces": NICS}, required=True),
            "diagnosticsProfile": obj({"bootDiagnostics": obj({"enabled": flag(), "storageUri": text()})}),
            "securityProfile": obj(
                {
                    "securityType": text(create_only=True),
                    "encryptionAtHost": flag(),
                    "uefiSettings": obj({"secureBootEnabled": flag(), "vTpmEnabled": flag()}),
                }
            ),
            "availabilitySet": link(create_only=True),
            "licenseType": text(),
            "priority": one_of("Regular", "Low", "Spot", create_only=True),
            "evictionPolicy": one_of("Deallocate", "Delete", create_only=True),
            "userData": text("Base64.", write_only=True),
        },
        shown=STATE | {"vmId": text(stable=True)},
        shown_top={"powerState": text("running, stopped, deallocated, …")},
    ),
)
