"""Storage accounts, their blob service and its containers."""

from __future__ import annotations

from providers.azure.sandbox import documents, ids
from providers.azure.sandbox.answers import RefusedError
from providers.azure.sandbox.rules import STATELESS, Answer, Draft, Hooks, Resource, Rules, Style
from providers.azure.sandbox.world import World, timestamp

SYNC = Answer(201, 200, Style.SYNC)
SERVICES = ("blob", "dfs", "file", "queue", "table", "web")


def _store_account(world: World, resource: Resource) -> None:
    properties = resource.body["properties"]
    properties.setdefault("creationTime", timestamp())
    properties["primaryLocation"] = resource.body["location"]
    properties["statusOfPrimary"] = "available"
    properties["primaryEndpoints"] = {
        each: f"https://{resource.name}.{each}.core.windows.net/" for each in SERVICES
    }
    resource.body["sku"]["tier"] = str(resource.body["sku"]["name"]).split("_", 1)[0]
    service = Resource(
        f"{resource.id}/blobServices/default", BLOBS, documents.with_defaults(BLOBS.defaults, {}), world.now()
    )
    world.resources.setdefault(service.key, service)


def _store_container(_world: World, resource: Resource) -> None:
    resource.body["properties"]["lastModifiedTime"] = timestamp()


def _validate_container(world: World, draft: Draft) -> None:
    account = world.get(ids.parent_id(ids.parent_id(draft.id)))
    public = documents.value(draft.body, "properties.publicAccess")
    allowed = account is not None and documents.value(account.body, "properties.allowBlobPublicAccess")
    if public != "None" and not allowed:
        message = "Public access is not permitted on this storage account."
        raise RefusedError(409, "PublicAccessNotPermitted", message)


ACCOUNT = Rules(
    type="Microsoft.Storage/storageAccounts",
    put=Answer(202, 200, Style.LOCATION, body=False),
    patch=Answer(200, 200, Style.SYNC),
    delete=Answer(200, 200, Style.SYNC),
    name_pattern=r"[a-z0-9]{3,24}",
    name_code="AccountNameInvalid",
    name_taken="StorageAccountAlreadyTaken",
    required=("sku.name", "kind"),
    create_only=("kind", "properties.isHnsEnabled"),
    read_only=(
        "sku.tier",
        "properties.creationTime",
        "properties.primaryEndpoints",
        "properties.primaryLocation",
        "properties.statusOfPrimary",
        "properties.privateEndpointConnections",
    ),
    defaults={
        "properties": {
            "accessTier": "Hot",
            "allowBlobPublicAccess": False,
            "allowCrossTenantReplication": False,
            "minimumTlsVersion": "TLS1_0",
            "supportsHttpsTrafficOnly": True,
            "publicNetworkAccess": "Enabled",
            "networkAcls": {
                "bypass": "AzureServices",
                "defaultAction": "Allow",
                "ipRules": [],
                "virtualNetworkRules": [],
            },
            "encryption": {
                "keySource": "Microsoft.Storage",
                "services": {
                    "blob": {"enabled": True, "keyType": "Account"},
                    "file": {"enabled": True, "keyType": "Account"},
                },
            },
            "privateEndpointConnections": [],
        }
    },
    hooks=Hooks(stored=_store_account),
)

BLOBS = Rules(
    type="Microsoft.Storage/storageAccounts/blobServices",
    put=Answer(200, 200, Style.SYNC),
    patch=Answer(200, 200, Style.SYNC),
    words=STATELESS,
    located=False,
    tagged=False,
    name_pattern="default",
    defaults={
        "properties": {
            "cors": {"corsRules": []},
            "deleteRetentionPolicy": {"allowPermanentDelete": False, "enabled": False},
        }
    },
)

CONTAINER = Rules(
    type="Microsoft.Storage/storageAccounts/blobServices/containers",
    put=SYNC,
    patch=Answer(200, 200, Style.SYNC),
    delete=Answer(200, 200, Style.SYNC),
    words=STATELESS,
    located=False,
    tagged=False,
    etag=True,
    name_pattern=r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]|\$root|\$web|\$logs",
    name_code="ContainerNameInvalid",
    defaults={
        "properties": {
            "publicAccess": "None",
            "defaultEncryptionScope": "$account-encryption-key",
            "denyEncryptionScopeOverride": False,
            "hasImmutabilityPolicy": False,
            "hasLegalHold": False,
            "deleted": False,
            "remainingRetentionDays": 0,
            "leaseState": "Available",
            "leaseStatus": "Unlocked",
        }
    },
    read_only=(
        "properties.hasImmutabilityPolicy",
        "properties.hasLegalHold",
        "properties.deleted",
        "properties.remainingRetentionDays",
        "properties.leaseState",
        "properties.leaseStatus",
        "properties.lastModifiedTime",
    ),
    create_only=("properties.defaultEncryptionScope",),
    hooks=Hooks(validate=_validate_container, stored=_store_container),
)

RULES = (ACCOUNT, BLOBS, CONTAINER)
