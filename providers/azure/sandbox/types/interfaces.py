"""Network interfaces: addresses leased from their subnet, back references to machine and public address."""

from __future__ import annotations

import ipaddress
from typing import Any

from providers.azure.sandbox import documents, ids
from providers.azure.sandbox.answers import RefusedError
from providers.azure.sandbox.rules import Draft, Hooks, InUse, Reference, Resource, Rules
from providers.azure.sandbox.world import World

from .network import TAGS_ONLY, identify, network_of, prefixes

RESERVED = 4  # network, gateway and two for name resolution
CONFIGURATIONS = "properties.ipConfigurations[]"
MACHINES = "Microsoft.Compute/virtualMachines"
STATUS_TAG = "opsctl-sandbox-http-status"


def _validate(world: World, draft: Draft) -> None:
    configurations = documents.value(draft.body, "properties.ipConfigurations")
    if not configurations:
        message = f"Network interface {draft.id} must have at least one IP configuration."
        raise RefusedError(400, "NetworkInterfaceMustHaveIpConfiguration", message)
    for each in configurations:
        subnet = documents.value(each, "properties.subnet.id")
        if not each.get("name") or subnet is None:
            message = f"Subnet reference is required for ipconfiguration {draft.id}/ipConfigurations/{each.get('name')}."
            raise RefusedError(400, "SubnetIsRequired", message)
        wanted = documents.value(each, "properties.privateIPAddress")
        if documents.value(each, "properties.privateIPAllocationMethod") == "Static" and wanted:
            _check_static(world, draft, str(subnet), str(wanted))


def _check_static(world: World, draft: Draft, subnet: str, wanted: str) -> None:
    found = world.get(subnet)
    inside = found is not None and any(
        ipaddress.ip_address(wanted) in network_of(each, "") for each in prefixes(found.body)
    )
    if not inside:
        message = f"Private static IP address {wanted} does not belong to the range of subnet {ids.name_of(subnet)}."
        raise RefusedError(400, "PrivateIPAddressNotInSubnet", message)
    if wanted in _taken(world, subnet, draft.id):
        message = f"Private static IP address {wanted} is already allocated to another resource."
        raise RefusedError(400, "PrivateIPAddressIsAllocated", message)


def _taken(world: World, subnet: str, but: str) -> set[str]:
    return {
        str(documents.value(each, "properties.privateIPAddress"))
        for nic in world.of_type(NIC.type)
        if nic.key != but.lower()
        for each in nic.body["properties"]["ipConfigurations"]
        if str(documents.value(each, "properties.subnet.id")).lower() == subnet.lower()
    }


def _store(world: World, resource: Resource) -> None:
    identify(world, resource)
    leases = resource.hidden.setdefault("leases", {})
    for index, each in enumerate(resource.body["properties"]["ipConfigurations"]):
        each["id"] = f"{resource.id}/ipConfigurations/{each['name']}"
        each["type"] = f"{NIC.type}/ipConfigurations"
        properties = each["properties"]
        properties["provisioningState"] = "Succeeded"
        properties.setdefault("privateIPAllocationMethod", "Dynamic")
        properties.setdefault("privateIPAddressVersion", "IPv4")
        properties.setdefault("primary", index == 0)
        _lease(world, resource, each, leases)
    refresh_reachability(world)


def _lease(world: World, resource: Resource, configuration: dict[str, Any], leases: dict[str, Any]) -> None:
    """A dynamic address stays with its configuration while the subnet is the same."""
    properties = configuration["properties"]
    subnet = str(properties["subnet"]["id"])
    if properties["privateIPAllocationMethod"] != "Static" or not properties.get("privateIPAddress"):
        known = leases.get(configuration["name"])
        kept = known[1] if known and known[0] == subnet.lower() else None
        properties["privateIPAddress"] = kept or _free(world, subnet, resource.id)
    leases[configuration["name"]] = (subnet.lower(), properties["privateIPAddress"])


def _free(world: World, subnet: str, owner: str) -> str:
    found, taken = world.get(subnet), _taken(world, subnet, owner)
    for text in prefixes(found.body) if found else ():
        for index, address in enumerate(network_of(text, "").hosts(), start=1):
            if index >= RESERVED and str(address) not in taken:
                return str(address)
    raise RefusedError(400, "SubnetIsFull", f"Subnet {ids.name_of(subnet)} has no free address.")


def _view(world: World, resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    for each in body["properties"]["ipConfigurations"]:
        each["etag"] = resource.etag
    for user, _path in world.users(resource.id):
        body["properties"]["virtualMachine"] = {"id": user.id}
        body["properties"]["primary"] = True
        tail = int(str(documents.value(resource.body, "properties.resourceGuid")).split("-", 1)[0], 16)
        body["properties"]["macAddress"] = (
            f"00-0D-3A-{tail >> 16 & 255:02X}-{tail >> 8 & 255:02X}-{tail & 255:02X}"
        )
    return body


def refresh_reachability(world: World) -> None:
    """A public address answers as the running machine behind it says (200), and 503 without one."""
    statuses: dict[str, int] = {}
    for machine in world.of_type(MACHINES):
        if machine.hidden.get("power") != "running":
            continue
        for nic in documents.values(machine.body, "properties.networkProfile.networkInterfaces[].id"):
            statuses |= dict.fromkeys(_public(world, str(nic)), _answer_of(machine))
    for address in world.of_type("Microsoft.Network/publicIPAddresses"):
        status = statuses.get(address.key, 503)
        if address.hidden.get("status") != status and "address" in address.hidden:
            address.hidden["status"] = status
            world.addresses.set_status(address.hidden["address"], status)


def _public(world: World, nic: str) -> list[str]:
    found = world.get(nic)
    path = f"{CONFIGURATIONS}.properties.publicIPAddress.id"
    return [str(each).lower() for each in documents.values(found.body, path)] if found else []


def _answer_of(machine: Resource) -> int:
    """What the pretended application answers: the machine's tag says so where it has one."""
    told = str((machine.body.get("tags") or {}).get(STATUS_TAG, ""))
    return int(told) if told.isdigit() else 200


NIC = Rules(
    type="Microsoft.Network/networkInterfaces",
    patch=TAGS_ONLY,
    patch_tags_only=True,
    etag=True,
    conditional=True,
    defaults={
        "kind": "Regular",
        "properties": {
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "enableAcceleratedNetworking": False,
            "enableIPForwarding": False,
            "disableTcpStateTracking": False,
            "vnetEncryptionSupported": False,
            "nicType": "Standard",
            "auxiliaryMode": "None",
            "auxiliarySku": "None",
            "hostedWorkloads": [],
            "tapConfigurations": [],
        },
    },
    read_only=(
        "properties.resourceGuid",
        "properties.macAddress",
        "properties.virtualMachine",
        "properties.primary",
        "properties.hostedWorkloads",
        "properties.tapConfigurations",
        "properties.vnetEncryptionSupported",
        f"{CONFIGURATIONS}.id",
        f"{CONFIGURATIONS}.type",
        f"{CONFIGURATIONS}.etag",
        f"{CONFIGURATIONS}.properties.provisioningState",
    ),
    references=(
        Reference(f"{CONFIGURATIONS}.properties.subnet.id"),
        Reference(f"{CONFIGURATIONS}.properties.publicIPAddress.id"),
        Reference("properties.networkSecurityGroup.id"),
    ),
    in_use=InUse(
        400,
        "NicInUse",
        "Network Interface {id} is used by existing resource {by}. In order to delete the network interface, it "
        "must be dissociated from the resource. To learn more, see aka.ms/deletenic.",
    ),
    hooks=Hooks(validate=_validate, stored=_store, view=_view),
)

RULES = (NIC,)
