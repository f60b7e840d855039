"""Samples of disks and machines."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.sample import Of, Parent, Sample, Unique
from orchestrator.model.values import Secret
from providers.azure.conformance.hands import GROUPS, IN_GROUP, MOVED, SAID, UNKNOWN, tagged, written
from providers.azure.conformance.network import INTERFACE, WIRED

DISK: Final = "Microsoft.Compute/disks"
VM: Final = "Microsoft.Compute/virtualMachines"
_EMPTY: Final[dict[str, Any]] = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 10}
_SPARE: Final = Parent(DISK, {"name": Unique(), **IN_GROUP, "properties": _EMPTY})

_DISK = Sample(
    type=DISK,
    minimal={"name": Unique(), **IN_GROUP, "properties": _EMPTY},
    more={
        "tags": {"a": "b"},
        "sku": {"name": "Standard_LRS"},
        "properties": {
            "diskIOPSReadWrite": 500,
            "diskMBpsReadWrite": 60,
            "tier": "P1",
            "maxShares": 1,
            "burstingEnabled": False,
            "encryption": {"type": "EncryptionAtRestWithPlatformAndCustomerKeys"},
        },
    },
    parents={**GROUPS, "source": _SPARE},
    updates={
        "tags": {"b": "c"},
        "sku.name": "Premium_LRS",
        "properties.diskSizeGB": 20,
        "properties.diskIOPSReadWrite": 700,
        "properties.diskMBpsReadWrite": 70,
        "properties.tier": "P2",
        "properties.maxShares": 2,
        "properties.burstingEnabled": True,
        "properties.networkAccessPolicy": "DenyAll",
        "properties.publicNetworkAccess": "Disabled",
        "properties.encryption.type": "EncryptionAtRestWithCustomerKey",
    },
    replaces={
        **MOVED,
        "zones": ["1"],
        "properties.creationData": {"createOption": "Copy", "sourceResourceId": Of("source")},
        "properties.diskSizeGB": 5,
        "properties.osType": "Linux",
        "properties.hyperVGeneration": "V2",
    },
    write=written,
    behind={"tags": tagged},
    untried={**SAID, "properties.encryption.diskEncryptionSetId": UNKNOWN},
)

_LINUX: Final = "properties.osProfile.linuxConfiguration"
_OS_DISK: Final = "properties.storageProfile.osDisk"
_FIRMWARE: Final = "properties.securityProfile.uefiSettings"
_FIXED: Final[dict[str, Any]] = {
    **MOVED,
    "zones": ["1"],
    "properties.storageProfile.imageReference": {"publisher": "Debian", "offer": "debian-11", "sku": "11"},
    f"{_OS_DISK}.name": "other",
    f"{_OS_DISK}.osType": "Windows",
    f"{_OS_DISK}.createOption": "Empty",
    f"{_OS_DISK}.managedDisk.storageAccountType": "Premium_LRS",
    "properties.osProfile.computerName": "other",
    "properties.osProfile.adminUsername": "root2",
    "properties.osProfile.adminPassword": Secret("plain-text-3!", "env:PASSWORD", "v2"),
    "properties.osProfile.customData": "b3RoZXI=",
    f"{_LINUX}.disablePasswordAuthentication": True,
    f"{_LINUX}.provisionVMAgent": False,
    f"{_LINUX}.ssh": {"publicKeys": [{"path": "/home/ops/.ssh/authorized_keys", "keyData": "ssh-rsa AAAA"}]},
    "properties.securityProfile.securityType": "TrustedLaunch",
    "properties.priority": "Spot",
    "properties.evictionPolicy": "Deallocate",
}
_MACHINE = Sample(
    type=VM,
    minimal={
        "name": Unique(),
        **IN_GROUP,
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_B1s"},
            "storageProfile": {
                "imageReference": {
                    "publisher": "Debian",
                    "offer": "debian-12",
                    "sku": "12",
                    "version": "latest",
                },
                "osDisk": {"createOption": "FromImage", "deleteOption": "Delete"},
            },
            "osProfile": {
                "computerName": "vm",
                "adminUsername": "ops",
                "adminPassword": Secret("plain-text-1!", "env:PASSWORD", "v1"),
            },
            "networkProfile": {
                "networkInterfaces": [
                    {"id": Of("nic"), "properties": {"primary": True, "deleteOption": "Detach"}}
                ]
            },
        },
    },
    more={
        "tags": {"role": "web"},
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "storageProfile": {"osDisk": {"caching": "ReadWrite", "diskSizeGB": 30}},
            "osProfile": {
                "customData": "aGVsbG8=",
                "linuxConfiguration": {
                    "patchSettings": {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"}
                },
            },
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": True, "storageUri": "https://a/"}},
            "securityProfile": {
                "encryptionAtHost": False,
                "uefiSettings": {"secureBootEnabled": False, "vTpmEnabled": False},
            },
            "licenseType": "None",
            "userData": "aGVsbG8=",
        },
    },
    parents={**WIRED, "nic": INTERFACE, "disk": _SPARE},
    updates={
        "tags": {"role": "db"},
        "identity.type": "None",
        "properties.hardwareProfile.vmSize": "Standard_B4ms",
        f"{_OS_DISK}.caching": "ReadOnly",
        f"{_OS_DISK}.diskSizeGB": 64,
        f"{_OS_DISK}.deleteOption": "Detach",
        "properties.storageProfile.dataDisks": [
            {"lun": 0, "createOption": "Attach", "managedDisk": {"id": Of("disk")}}
        ],
        "properties.osProfile.allowExtensionOperations": False,
        f"{_LINUX}.patchSettings.patchMode": "AutomaticByPlatform",
        f"{_LINUX}.patchSettings.assessmentMode": "AutomaticByPlatform",
        "properties.networkProfile.networkInterfaces.0.properties.primary": False,
        "properties.networkProfile.networkInterfaces.0.properties.deleteOption": "Delete",
        "properties.diagnosticsProfile.bootDiagnostics.enabled": False,
        "properties.diagnosticsProfile.bootDiagnostics.storageUri": "https://b/",
        "properties.securityProfile.encryptionAtHost": True,
        f"{_FIRMWARE}.secureBootEnabled": True,
        f"{_FIRMWARE}.vTpmEnabled": True,
        "properties.licenseType": "RHEL_BYOS",
        "properties.userData": "b3RoZXI=",
    },
    replaces=_FIXED,
    planned=dict.fromkeys(_FIXED, "the plan says enough: a machine takes its time"),
    write=written,
    behind={"tags": tagged},
    untried={
        **SAID,
        "identity.userAssignedIdentities": UNKNOWN,
        "properties.availabilitySet": UNKNOWN,
        f"{_OS_DISK}.managedDisk.id": "it follows from the image",
        "properties.networkProfile.networkInterfaces.0.id": "interfaces change while a machine is stopped",
        "properties.osProfile.windowsConfiguration": "a machine is of Linux or of Windows; the shape is the same",
    },
)

SAMPLES: Final = (_DISK, _MACHINE)
