"""Storage accounts and blob containers."""

from __future__ import annotations

from typing import Any

from orchestrator.kit.shapes import flag, many, obj, one_of, pairs, text

from .kind import Facts
from .shape import identifier, same_id

VERSION = "2026-09-01"
ACCOUNT = "Microsoft.Storage/storageAccounts"
SERVICE = "/blobServices/default"
SWITCH = ("Enabled", "Disabled")
ENDPOINTS = {name: text(stable=True) for name in ("blob", "dfs", "file", "queue", "table", "web")}


def same_service(value: Any) -> Any:
    """A container's parent is the account or its blob service, of which there is one."""
    short = same_id(value)
    return short.removesuffix(SERVICE.lower()) if isinstance(short, str) else short


FACTS = (
    Facts(
        type=ACCOUNT,
        version=VERSION,
        summary="A storage account",
        stateful=True,
        patches=True,
        name=r"^[a-z0-9]{3,24}$",
        top={
            "sku": obj(
                {"name": text("Standard_LRS, Standard_GRS, Premium_LRS, …", required=True)}, required=True
            ),
            "kind": one_of(
                "StorageV2",
                "BlobStorage",
                "BlockBlobStorage",
                "FileStorage",
                "Storage",
                required=True,
                create_only=True,
            ),
        },
        properties={
            "accessTier": one_of("Hot", "Cool", "Cold", "Premium", default="Hot"),
            "allowBlobPublicAccess": flag(default=False),
            "allowSharedKeyAccess": flag(),
            "allowCrossTenantReplication": flag(default=False),
            "defaultToOAuthAuthentication": flag(),
            "isHnsEnabled": flag(create_only=True),
            "isSftpEnabled": flag(),
            "isLocalUserEnabled": flag(),
            "isNfsV3Enabled": flag(create_only=True),
            "largeFileSharesState": one_of(*SWITCH),
            "minimumTlsVersion": one_of("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"),
            "publicNetworkAccess": one_of("Enabled", "Disabled", "SecuredByPerimeter", default="Enabled"),
            "supportsHttpsTrafficOnly": flag(default=True),
            "networkAcls": obj(
                {
                    "bypass": text(default="AzureServices"),
                    "defaultAction": one_of("Allow", "Deny", default="Allow"),
                    "ipRules": many(
                        obj({"value": text(required=True), "action": text(default="Allow")}),
                        unordered=True,
                        default=[],
                    ),
                    "virtualNetworkRules": many(
                        obj({"id": identifier(required=True), "action": text(default="Allow")}),
                        unordered=True,
                        default=[],
                    ),
                }
            ),
        },
        shown={
            "provisioningState": text(),
            "creationTime": text(stable=True),
            "primaryEndpoints": obj(ENDPOINTS, stable=True),
            "primaryLocation": text(stable=True),
            "statusOfPrimary": text(),
        },
    ),
    Facts(
        type=f"{ACCOUNT}/blobServices/containers",
        version=VERSION,
        summary="A blob container",
        parent=ACCOUNT,
        parent_id=(
            r"(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Storage/storageAccounts/[^/]+"
            r"(?:/blobServices/default)?$"
        ),
        same_parent=same_service,
        collection="blobServices/default/containers",
        located=False,
        tagged=False,
        stateful=True,
        patches=True,  # a PUT on a container that is there leaves it as it is
        state="",
        name=r"^(?:[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]|\$root|\$web)$",
        properties={
            "publicAccess": one_of("None", "Blob", "Container", default="None"),
            "metadata": pairs(),
            "defaultEncryptionScope": text(create_only=True),
            "denyEncryptionScopeOverride": flag(create_only=True),
        },
        shown={"lastModifiedTime": text(), "leaseState": text(), "hasLegalHold": flag()},
    ),
)
