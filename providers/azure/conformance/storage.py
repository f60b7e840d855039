"""Samples of storage accounts and containers."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Of, Parent, Sample, Unique
from providers.azure.conformance.hands import ELSEWHERE, GROUPS, IN_GROUP, SAID, tagged, written
from providers.azure.kinds.storage import ACCOUNT

_PLAIN: Final = {"name": Unique(plain=True), **IN_GROUP, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
_PUBLIC: Final = Parent(ACCOUNT, {**_PLAIN, "properties": {"allowBlobPublicAccess": True}})

_ACCOUNT = Sample(
    type=ACCOUNT,
    minimal=_PLAIN,
    more={
        "tags": {"a": "b"},
        "properties": {
            "minimumTlsVersion": "TLS1_2",
            "allowSharedKeyAccess": True,
            "defaultToOAuthAuthentication": False,
            "isSftpEnabled": False,
            "isLocalUserEnabled": False,
            "largeFileSharesState": "Disabled",
            "networkAcls": {"bypass": "None"},
        },
    },
    parents=GROUPS,
    updates={
        "tags": {"b": "c"},
        "sku.name": "Standard_GRS",
        "properties.accessTier": "Cool",
        "properties.allowBlobPublicAccess": True,
        "properties.allowSharedKeyAccess": False,
        "properties.allowCrossTenantReplication": True,
        "properties.defaultToOAuthAuthentication": True,
        "properties.isSftpEnabled": True,
        "properties.isLocalUserEnabled": True,
        "properties.largeFileSharesState": "Enabled",
        "properties.minimumTlsVersion": "TLS1_0",
        "properties.publicNetworkAccess": "Disabled",
        "properties.supportsHttpsTrafficOnly": False,
        "properties.networkAcls.bypass": "Logging",
        "properties.networkAcls.defaultAction": "Deny",
        "properties.networkAcls.ipRules": [{"value": "1.2.3.4"}],
        "properties.networkAcls.virtualNetworkRules": [{"id": "/x"}],
    },
    replaces={
        "name": Unique("{}other", plain=True),
        "parent": Of("elsewhere"),
        "location": ELSEWHERE,
        "kind": "BlobStorage",
        "properties.isHnsEnabled": True,
        "properties.isNfsV3Enabled": True,
    },
    write=written,
    behind={"tags": tagged},
    untried=SAID,
)

_CONTAINER = Sample(
    type=f"{ACCOUNT}/blobServices/containers",
    minimal={"name": Unique(), "parent": Of("account")},
    more={"properties": {"metadata": {"a": "b"}}},
    parents={**GROUPS, "account": _PUBLIC, "other": _PUBLIC},
    updates={"properties.publicAccess": "Blob", "properties.metadata": {"b": "c"}},
    replaces={
        "name": Unique("{}-other"),
        "parent": Of("other"),
        "properties.defaultEncryptionScope": "other",
        "properties.denyEncryptionScopeOverride": True,
    },
    write=written,
    untried=SAID,
)

SAMPLES: Final = (_ACCOUNT, _CONTAINER)
