"""Every kind from create to delete, and every property that can change behind our back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
import urllib3

from orchestrator.model.change import Action, Cause
from orchestrator.model.kind import How
from orchestrator.model.schema import check
from orchestrator.model.values import Secret
from providers.azure.kinds import all_kinds

HERE = "westeurope"
NET = "Microsoft.Network/"
VNET, SUBNET, NSG = f"{NET}virtualNetworks", f"{NET}virtualNetworks/subnets", f"{NET}networkSecurityGroups"
PIP, NIC = f"{NET}publicIPAddresses", f"{NET}networkInterfaces"
DISK, VM = "Microsoft.Compute/disks", "Microsoft.Compute/virtualMachines"
ACCOUNT = "Microsoft.Storage/storageAccounts"
CONTAINER = f"{ACCOUNT}/blobServices/containers"
SERVER = "Microsoft.DBforMySQL/flexibleServers"
GROUP = "Microsoft.Resources/resourceGroups"
ROOT = "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/rg"


def at(type, name):
    return f"{ROOT}/providers/{type}/{name}"


def nested(parent, name, segment, child):
    return f"{at(parent, name)}/{segment}/{child}"


RULE = {
    "description": "web",
    "protocol": "Tcp",
    "access": "Allow",
    "direction": "Inbound",
    "priority": 100,
    "sourcePortRange": "*",
    "sourceAddressPrefix": "10.0.0.0/8",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "80",
}


@dataclass
class Case:
    """A kind: what must be there first, a spec, what to change behind our back, and what replaces."""

    type: str
    spec: dict
    needs: tuple = ()
    changes: dict = field(default_factory=dict)
    replaces: dict = field(default_factory=dict)


def placed(name, **more):
    return {"name": name, "parent": ROOT, "location": HERE, **more}


NETWORK = placed("net", tags={"a": "b"}, properties={"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}})
SPACE = {"name": "web", "parent": at(VNET, "net"), "properties": {"addressPrefix": "10.0.1.0/24"}}
CONFIGURATION = {"name": "one", "properties": {"subnet": {"id": nested(VNET, "net", "subnets", "web")}}}
INTERFACE = placed("nic", properties={"ipConfigurations": [CONFIGURATION]})
GUARD = placed("nsg", properties={"securityRules": [{"name": "web", "properties": RULE}]})
EMPTY = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 10}
MACHINE = placed(
    "vm",
    tags={"role": "web"},
    identity={"type": "SystemAssigned"},
    properties={
        "hardwareProfile": {"vmSize": "Standard_B1s"},
        "storageProfile": {
            "imageReference": {"publisher": "Debian", "offer": "debian-12", "sku": "12", "version": "latest"},
            "osDisk": {
                "createOption": "FromImage",
                "caching": "ReadWrite",
                "diskSizeGB": 30,
                "deleteOption": "Delete",
            },
        },
        "osProfile": {
            "computerName": "vm",
            "adminUsername": "ops",
            "adminPassword": Secret("plain-text-1!", "env:PASSWORD", "v1"),
            "linuxConfiguration": {
                "patchSettings": {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"}
            },
        },
        "networkProfile": {
            "networkInterfaces": [
                {"id": at(NIC, "nic"), "properties": {"primary": True, "deleteOption": "Detach"}}
            ]
        },
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": True, "storageUri": "https://a/"}},
        "securityProfile": {
            "encryptionAtHost": False,
            "uefiSettings": {"secureBootEnabled": False, "vTpmEnabled": False},
        },
        "licenseType": "None",
    },
)
LAKE = placed(
    "lake0001",
    kind="StorageV2",
    sku={"name": "Standard_LRS"},
    properties={
        "minimumTlsVersion": "TLS1_2",
        "allowSharedKeyAccess": True,
        "defaultToOAuthAuthentication": False,
        "isSftpEnabled": False,
        "isLocalUserEnabled": False,
        "largeFileSharesState": "Disabled",
        "networkAcls": {"bypass": "None"},
    },
)
DATABASE_SERVER = placed(
    "shop-db",
    sku={"name": "Standard_B1ms", "tier": "Burstable"},
    tags={"a": "b"},
    properties={
        "administratorLogin": "ops",
        "administratorLoginPassword": Secret("plain-text-2!", "env:PASSWORD", "v1"),
        "version": "8.0.21",
        "storage": {"storageSizeGB": 32, "iops": 400, "autoIoScaling": "Disabled", "logOnDisk": "Disabled"},
        "backup": {"backupIntervalHours": 24},
        "highAvailability": {"standbyAvailabilityZone": "2"},
        "network": {"publicNetworkAccess": "Enabled"},
        "maintenanceWindow": {"customWindow": "Enabled", "dayOfWeek": 1, "startHour": 2, "startMinute": 0},
    },
)
FOREST = (VNET, SUBNET, NIC)

CASES = [
    Case(
        GROUP, {"name": "own", "location": HERE, "tags": {"a": "b"}}, (), {"tags.a": "c"}, {"name": "other"}
    ),
    Case(
        VNET,
        NETWORK
        | {
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "dhcpOptions": {"dnsServers": ["10.0.0.9"]},
                "flowTimeoutInMinutes": 10,
            }
        },
        (),
        {
            "tags.a": "c",
            "properties.addressSpace.addressPrefixes": ["10.0.0.0/16", "10.9.0.0/16"],
            "properties.dhcpOptions.dnsServers": ["10.0.0.8"],
            "properties.enableDdosProtection": True,
            "properties.flowTimeoutInMinutes": 20,
            "properties.privateEndpointVNetPolicies": "Basic",
        },
        {"location": "northeurope"},
    ),
    Case(
        SUBNET,
        SPACE | {"properties": {"addressPrefix": "10.0.1.0/24", "defaultOutboundAccess": True}},
        (VNET, NSG),
        {
            "properties.addressPrefix": "10.0.7.0/24",
            "properties.networkSecurityGroup": {"id": at(NSG, "nsg")},
            "properties.serviceEndpoints": [{"service": "Microsoft.Storage"}],
            "properties.delegations": [{"name": "d", "properties": {"serviceName": SERVER}}],
            "properties.privateEndpointNetworkPolicies": "Enabled",
            "properties.privateLinkServiceNetworkPolicies": "Disabled",
            "properties.defaultOutboundAccess": False,
        },
        {"name": "other"},
    ),
    Case(
        NSG,
        GUARD,
        (),
        {
            "tags": {"x": "y"},
            "properties.securityRules": [],
            **{
                f"properties.securityRules.0.properties.{name}": value
                for name, value in {
                    "description": "all",
                    "protocol": "Udp",
                    "access": "Deny",
                    "direction": "Outbound",
                    "priority": 200,
                    "sourcePortRange": "1",
                    "sourceAddressPrefix": "*",
                    "destinationAddressPrefix": "10.0.0.1",
                    "destinationPortRange": "22",
                    "sourcePortRanges": ["1"],
                    "destinationPortRanges": ["22"],
                    "sourceAddressPrefixes": ["10.1.0.0/16"],
                    "destinationAddressPrefixes": ["10.1.0.0/16"],
                }.items()
            },
        },
        {"location": "northeurope"},
    ),
    Case(
        PIP,
        placed(
            "ip",
            sku={"name": "Standard"},
            properties={
                "publicIPAllocationMethod": "Static",
                "dnsSettings": {"domainNameLabel": "shop", "reverseFqdn": "a."},
                "ddosSettings": {},
            },
        ),
        (),
        {
            "tags": {"x": "y"},
            "properties.publicIPAllocationMethod": "Dynamic",
            "properties.idleTimeoutInMinutes": 9,
            "properties.dnsSettings.domainNameLabel": "other",
            "properties.dnsSettings.reverseFqdn": "b.",
            "properties.ddosSettings.protectionMode": "Disabled",
        },
        {"sku": {"name": "Basic"}},
    ),
    Case(
        NIC,
        placed(
            "nic",
            properties={
                "ipConfigurations": [
                    {
                        "name": "one",
                        "properties": CONFIGURATION["properties"]
                        | {
                            "privateIPAddress": "10.0.1.9",
                            "privateIPAllocationMethod": "Static",
                            "primary": True,
                        },
                    }
                ],
                "dnsSettings": {"internalDnsNameLabel": "a"},
            },
        ),
        (VNET, SUBNET, NSG, PIP),
        {
            "tags": {"x": "y"},
            "properties.ipConfigurations.0.properties.privateIPAddress": "10.0.1.77",
            "properties.ipConfigurations.0.properties.privateIPAllocationMethod": "Dynamic",
            "properties.ipConfigurations.0.properties.privateIPAddressVersion": "IPv6",
            "properties.ipConfigurations.0.properties.primary": False,
            "properties.ipConfigurations.0.properties.publicIPAddress": {"id": at(PIP, "ip")},
            "properties.networkSecurityGroup": {"id": at(NSG, "nsg")},
            "properties.dnsSettings.dnsServers": ["10.0.0.8"],
            "properties.dnsSettings.internalDnsNameLabel": "b",
            "properties.enableAcceleratedNetworking": True,
            "properties.enableIPForwarding": True,
            "properties.disableTcpStateTracking": True,
        },
        {"location": "northeurope"},
    ),
    Case(
        DISK,
        placed(
            "data",
            sku={"name": "Standard_LRS"},
            properties=EMPTY
            | {
                "diskIOPSReadWrite": 500,
                "diskMBpsReadWrite": 60,
                "tier": "P1",
                "maxShares": 1,
                "burstingEnabled": False,
                "encryption": {},
            },
        ),
        (),
        {
            "tags": {"x": "y"},
            "sku.name": "Premium_LRS",
            "properties.diskIOPSReadWrite": 700,
            "properties.diskMBpsReadWrite": 70,
            "properties.tier": "P2",
            "properties.maxShares": 2,
            "properties.burstingEnabled": True,
            "properties.networkAccessPolicy": "DenyAll",
            "properties.publicNetworkAccess": "Disabled",
            "properties.encryption.type": "EncryptionAtRestWithCustomerKey",
        },
        {"properties.creationData.createOption": "Copy", "properties.diskSizeGB": 5},
    ),
    Case(
        VM,
        MACHINE,
        FOREST,
        {
            "tags.role": "db",
            "identity.type": "None",
            "properties.hardwareProfile.vmSize": "Standard_B4ms",
            "properties.storageProfile.osDisk.caching": "ReadOnly",
            "properties.storageProfile.osDisk.diskSizeGB": 64,
            "properties.storageProfile.osDisk.deleteOption": "Detach",
            "properties.storageProfile.dataDisks": [
                {"lun": 0, "createOption": "Empty", "name": "x", "diskSizeGB": 5}
            ],
            "properties.osProfile.allowExtensionOperations": False,
            "properties.osProfile.linuxConfiguration.patchSettings.patchMode": "AutomaticByPlatform",
            "properties.osProfile.linuxConfiguration.patchSettings.assessmentMode": "AutomaticByPlatform",
            "properties.networkProfile.networkInterfaces.0.properties.primary": False,
            "properties.networkProfile.networkInterfaces.0.properties.deleteOption": "Delete",
            "properties.diagnosticsProfile.bootDiagnostics.enabled": False,
            "properties.diagnosticsProfile.bootDiagnostics.storageUri": "https://b/",
            "properties.securityProfile.encryptionAtHost": True,
            "properties.securityProfile.uefiSettings.secureBootEnabled": True,
            "properties.securityProfile.uefiSettings.vTpmEnabled": True,
            "properties.licenseType": "RHEL_BYOS",
        },
        {
            "properties.osProfile.adminUsername": "root2",
            "properties.storageProfile.imageReference.sku": "11",
            "properties.osProfile.adminPassword": Secret("plain-text-3!", "env:PASSWORD", "v2"),
        },
    ),
    Case(
        ACCOUNT,
        LAKE,
        (),
        {
            "tags": {"x": "y"},
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
        {"kind": "BlobStorage"},
    ),
    Case(
        CONTAINER,
        {"name": "raw", "parent": at(ACCOUNT, "lake0001"), "properties": {"metadata": {"a": "b"}}},
        (ACCOUNT,),
        {"properties.publicAccess": "Blob", "properties.metadata.a": "c"},
        {"name": "other"},
    ),
    Case(
        SERVER,
        DATABASE_SERVER,
        (),
        {
            "tags.a": "c",
            "sku.name": "Standard_B2s",
            "sku.tier": "GeneralPurpose",
            "properties.version": "8.4",
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
        {"properties.administratorLogin": "root2", "properties.storage.storageSizeGB": 20},
    ),
    Case(
        f"{SERVER}/databases",
        {"name": "shop", "parent": at(SERVER, "shop-db"), "properties": {"charset": "utf8mb4"}},
        (SERVER,),
        {},
        {"properties.charset": "latin1"},
    ),
    Case(
        f"{SERVER}/firewallRules",
        {
            "name": "office",
            "parent": at(SERVER, "shop-db"),
            "properties": {"startIpAddress": "10.0.0.1", "endIpAddress": "10.0.0.9"},
        },
        (SERVER,),
        {"properties.startIpAddress": "10.0.0.0", "properties.endIpAddress": "10.0.0.10"},
        {"parent": at(SERVER, "other-db")},
    ),
]
BASIS = {
    VNET: NETWORK,
    SUBNET: SPACE,
    NSG: GUARD,
    NIC: INTERFACE,
    ACCOUNT: LAKE,
    SERVER: DATABASE_SERVER,
    PIP: placed("ip"),
}
# A writable property that no case changes behind our back, and why.
UNTRIED = {
    "properties.subnets": "listed in the network or documents of their own: test_sandbox_clients",
    "properties.ddosProtectionPlan": "a type that the simulator does not know",
    "properties.routeTable": "a type that the simulator does not know",
    "properties.natGateway": "a type that the simulator does not know",
    "properties.addressPrefixes": "another way to write addressPrefix",
    "properties.flushConnection": "an instruction, not a state",
    "properties.encryption.diskEncryptionSetId": "a type that the simulator does not know",
    "properties.diskSizeGB": "grows only: tried apart",
    "properties.storage.storageSizeGB": "grows only: tried apart",
    "properties.osProfile.windowsConfiguration": "a machine is of Linux or of Windows; the shape is the same",
    "properties.storageProfile.osDisk.managedDisk": "belongs to the disk",
    "properties.ipConfigurations.0.properties.subnet": "an interface does not change its network",
    "properties.networkProfile.networkInterfaces.0.id": "a machine's interfaces change while it is stopped",
    "identity.userAssignedIdentities": "a type that the simulator does not know",
    "properties.ipConfigurations.0.name": "another item",
    "properties.securityRules.0.name": "another item",
}
by_type = pytest.mark.parametrize("case", CASES, ids=lambda each: each.type)


def copied(value):
    """A deep copy that leaves secrets alone: they cannot be copied, on purpose."""
    if isinstance(value, dict):
        return {name: copied(each) for name, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


def put_at(document, path, value):
    changed = copied(document)
    inner = changed
    *steps, last = path.split(".")
    for step in steps:
        inner = inner[int(step)] if isinstance(inner, list) else inner.setdefault(step, {})
    inner[int(last) if isinstance(inner, list) else last] = value
    return changed


def made(desk, case):
    for needed in case.needs:
        desk.create(needed, BASIS[needed])
    return desk.create(case.type, case.spec)


def behind_our_back(desk, identity, type, path, value):
    """A write by plain HTTP, of the whole body as it stands with one property changed."""
    url = f"{desk.cloud.server.url}{identity}?api-version={all_kinds()[type].version}"
    headers = {"Authorization": "Bearer x"}
    body = json.loads(urllib3.request("GET", url, headers=headers, retries=False).data)
    if type == CONTAINER and path.endswith("publicAccess"):
        behind_our_back(desk, at(ACCOUNT, "lake0001"), ACCOUNT, "properties.allowBlobPublicAccess", True)  # noqa: FBT003
    method = "PATCH" if all_kinds()[type].patches else "PUT"
    answer = urllib3.request(method, url, headers=headers, json=put_at(body, path, value), retries=False)
    assert answer.status < 300, answer.data


def names(proposal):
    return {".".join(map(str, each.path)) for each in proposal.changes}


@by_type
def test_a_spec_fits_its_schema(case):
    """The specs of these tests are such as a user may write."""
    assert list(check(case.spec, all_kinds()[case.type].schema.spec)) == []


@by_type
def test_what_was_made_needs_no_change_however_it_is_read(desk, case):
    """Create, then read by every way of the kind: no-op each time; the marker is in the tags."""
    created = made(desk, case)
    kind = all_kinds()[case.type].schema
    assert desk.provider.propose(case.type, created, case.spec, case.spec).changes == ()
    assert created.status["id"] == created.id
    assert (created.marker == desk.marker) is all_kinds()[case.type].tagged
    for way in kind.reads:
        seen = desk.read(case.type, case.spec, way.how)
        assert desk.provider.propose(case.type, seen, case.spec, case.spec).action is Action.NOOP
        assert seen.id == created.id


@by_type
def test_no_secret_is_in_a_body_read_back(desk, case):
    """Neither the spec nor the status of what was made holds a password."""
    created = made(desk, case)
    assert "plain-text" not in repr(created)


@by_type
def test_each_change_behind_our_back_is_named_and_healed(desk, case):
    """One property at a time: drift names it, with the cause drift; an update heals it and leaves nothing to do."""
    created = made(desk, case)
    for path, value in case.changes.items():
        behind_our_back(desk, created.id, case.type, path, value)
        seen = desk.read(case.type, case.spec)
        proposal = desk.provider.propose(case.type, seen, case.spec, case.spec)
        assert proposal.action is Action.UPDATE, path
        assert any(path.startswith(name) or name.startswith(path) for name in names(proposal)), path
        assert {each.cause for each in proposal.changes} == {Cause.DRIFT}, path
        healed = desk.update(case.type, case.spec, seen)
        assert desk.provider.propose(case.type, healed, case.spec, case.spec).changes == (), path


@by_type
def test_a_create_only_property_replaces(desk, case):
    """A change of what is fixed at creation, or a size that shrinks, is a replacement and says which property."""
    created = made(desk, case)
    for path, value in case.replaces.items():
        want = put_at(case.spec, path, value)
        proposal = desk.provider.propose(case.type, created, want, case.spec)
        assert proposal.action is Action.REPLACE, path
        assert any(
            each.replaces and ".".join(map(str, each.path)).startswith(path) for each in proposal.changes
        )


@by_type
def test_a_delete_is_done_twice_without_complaint(desk, case):
    """The second finds nothing and is done."""
    created = made(desk, case)
    assert desk.delete(case.type, created, case.spec) is None
    assert desk.read(case.type, case.spec) is None
    assert desk.delete(case.type, created, case.spec) is None


@by_type
def test_what_is_there_is_discovered(desk, case):
    """Discovery walks parents where there is no list of all."""
    created = made(desk, case)
    assert created.id.lower() in {each.id.lower() for each in desk.provider.discover(case.type)}


@by_type
def test_creating_what_is_there_and_not_ours_is_refused(desk, case):
    """Another marker, or an untagged object that differs: AlreadyExists, and it stays as it is."""
    created = made(desk, case)
    path, value = next(iter({**case.changes, **case.replaces}.items()))
    want = put_at(case.spec, path, value) if path not in ("name", "parent") else case.spec
    stranger = type(desk.marker)("other", desk.marker.address, "u2")
    with pytest.raises(Exception, match="AlreadyExists"):
        desk.create(case.type, want, marker=stranger)
    assert desk.read(case.type, case.spec) == created or all_kinds()[case.type].instance_view


def leaves(schema, at=""):
    for name, inner in schema.properties.items():
        here = f"{at}.{name}" if at else name
        if inner.read_only or inner.write_only or inner.create_only:
            continue
        if inner.items is not None and inner.items.properties:
            yield from leaves(inner.items, f"{here}.0")
        elif inner.properties:
            yield from leaves(inner, here)
        else:
            yield here


@by_type
def test_every_updatable_property_was_tried_or_is_listed(case):
    """Drift is seen everywhere, or it is said where it was not tried."""
    tried = [*case.changes, *UNTRIED]
    missing = [
        leaf
        for leaf in leaves(all_kinds()[case.type].schema.spec)
        if leaf not in ("apiVersion", "location")
        and not any(
            leaf == each or leaf.startswith(f"{each}.") or each.startswith(f"{leaf}.") for each in tried
        )
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("type", "path", "more"),
    [(DISK, "properties.diskSizeGB", 20), (SERVER, "properties.storage.storageSizeGB", 64)],
)
def test_a_size_grows_in_place(desk, type, path, more):
    """A larger disk is an update, a smaller one a replacement (above)."""
    case = next(each for each in CASES if each.type == type)
    created = made(desk, case)
    want = put_at(case.spec, path, more)
    grown = desk.update(type, want, created, case.spec)
    assert desk.provider.propose(type, grown, want, want).changes == ()


def test_a_list_reads_a_hundred_with_few_calls(desk):
    """One list for all, or one a parent, against one call each."""
    for index in range(5):
        desk.create(PIP, placed(f"ip{index}"))
    before = desk.provider.calls.get(f"LIST {PIP}", 0)
    desk.read(PIP, placed("ip0"), How.LIST)
    assert desk.provider.calls[f"LIST {PIP}"] == before + 1
