"""Virtual networks, subnets and public addresses."""

from __future__ import annotations

import ipaddress
import uuid
from typing import Any

from providers.azure.sandbox import documents, ids
from providers.azure.sandbox.answers import RefusedError
from providers.azure.sandbox.rules import Answer, Draft, Hooks, InUse, Reference, Resource, Rules, Style
from providers.azure.sandbox.world import World

from . import inline

TAGS_ONLY = Answer(200, 200, Style.SYNC)
PORTS = (22, 80, 8080)
Net = ipaddress.IPv4Network | ipaddress.IPv6Network


def identify(_world: World, resource: Resource) -> None:
    """The guid that the network service gives to what it makes."""
    guid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{resource.key}@{resource.created}"))
    documents.put(resource.body, "properties.resourceGuid", guid)


def prefixes(body: dict[str, Any]) -> list[str]:
    """A subnet's address ranges, in whichever of its two properties they stand."""
    properties = body.get("properties", {})
    single = properties.get("addressPrefix")
    return [single] if single else list(properties.get("addressPrefixes") or ())


def network_of(text: str, name: str) -> Net:
    """The range, or ARM's 400 about its notation."""
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        message = f"The address prefix {text} for resource {name} has an invalid CIDR notation."
        raise RefusedError(400, "InvalidCIDRNotation", message) from error


def _within(inner: Net, outer: Net) -> bool:
    return inner.version == outer.version and outer.supernet_of(inner)  # type: ignore[arg-type]


def _validate_vnet(world: World, draft: Draft) -> None:
    space = draft.body["properties"]["addressSpace"]["addressPrefixes"]
    ranges = [network_of(each, ids.name_of(draft.id)) for each in space]
    listed = documents.value(draft.given, "properties.subnets")
    kept = listed if listed is not None else [each.body for each in world.children(draft.id, SUBNET.type)]
    for subnet in kept:
        for text in prefixes(subnet):
            if not any(_within(network_of(text, "subnet"), each) for each in ranges):
                raise _outside(str(subnet.get("name", "")), ids.name_of(draft.id))
    inline.validate(world, draft, "subnets", SUBNET)


def _outside(subnet: str, vnet: str) -> RefusedError:
    message = (
        f"Subnet '{subnet}' is not valid because its IP address range is outside the IP address range of "
        f"virtual network '{vnet}'."
    )
    return RefusedError(400, "NetcfgSubnetRangeOutsideVnet", message)


def _store_vnet(world: World, resource: Resource) -> None:
    identify(world, resource)
    inline.store(world, resource, "subnets", SUBNET)


def _view_vnet(world: World, resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    return inline.view(world, resource, body, "subnets", SUBNET)


def _validate_subnet(world: World, draft: Draft) -> None:
    name, vnet = ids.name_of(draft.id), world.get(ids.parent_id(draft.id))
    if not prefixes(draft.body):
        message = f"Address prefix string for resource {draft.id} cannot be null or empty."
        raise RefusedError(400, "InvalidAddressPrefixFormat", message)
    ranges = [network_of(each, name) for each in prefixes(draft.body)]
    space = (
        [
            network_of(each, "")
            for each in documents.value(vnet.body, "properties.addressSpace.addressPrefixes")
        ]
        if vnet
        else []
    )
    for inner in ranges:
        if not any(_within(inner, outer) for outer in space):
            raise _outside(name, ids.name_of(ids.parent_id(draft.id)))
    _check_overlap(world, draft, ranges)
    _check_moved(world, draft)


def _check_overlap(world: World, draft: Draft, ranges: list[Net]) -> None:
    for other in world.children(ids.parent_id(draft.id), SUBNET.type):
        taken = (
            [network_of(each, "") for each in prefixes(other.body)] if other.key != draft.id.lower() else []
        )
        if any(mine.overlaps(theirs) for mine in ranges for theirs in taken):
            message = (
                f"Subnet '{ids.name_of(draft.id)}' is not valid because its IP address range overlaps with that "
                f"of an existing subnet in virtual network '{ids.name_of(ids.parent_id(draft.id))}'."
            )
            raise RefusedError(400, "NetcfgSubnetRangesOverlap", message)


def _check_moved(world: World, draft: Draft) -> None:
    if draft.existing is None or prefixes(draft.existing.body) == prefixes(draft.body):
        return
    for user, _path in world.users(draft.id):
        message = f"Subnet {draft.existing.name} is in use by {user.id} and cannot be updated."
        raise RefusedError(400, "InUseSubnetCannotBeUpdated", message)


def _view_subnet(world: World, resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    used = [
        {"id": each["id"]}
        for user, path in world.users(resource.id)
        if "ipConfigurations" in path
        for each in user.body["properties"]["ipConfigurations"]
        if str(documents.value(each, "properties.subnet.id")).lower() == resource.key
    ]
    if used:
        body["properties"]["ipConfigurations"] = used
    for each in body["properties"].get("delegations", ()):
        each.setdefault("id", f"{resource.id}/delegations/{each.get('name', '')}")
        each.setdefault("type", f"{SUBNET.type}/delegations")
        each.setdefault("properties", {}).setdefault("provisioningState", "Succeeded")
    return body


def _store_address(world: World, resource: Resource) -> None:
    identify(world, resource)
    if "address" not in resource.hidden:
        resource.hidden["address"] = world.addresses.open(resource.name, ports=PORTS, status=503)
    documents.put(resource.body, "properties.ipAddress", resource.hidden["address"])


def _close_address(world: World, resource: Resource) -> None:
    world.addresses.close(resource.hidden["address"])


def _view_address(world: World, resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    for user, _path in world.users(resource.id):
        for each in user.body["properties"]["ipConfigurations"]:
            if str(documents.value(each, "properties.publicIPAddress.id")).lower() == resource.key:
                body["properties"]["ipConfiguration"] = {"id": each["id"]}
    return body


SUBNET = Rules(
    type="Microsoft.Network/virtualNetworks/subnets",
    located=False,
    tagged=False,
    etag=True,
    conditional=True,
    busy_with_parent=True,
    defaults={
        "properties": {
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
        }
    },
    read_only=("properties.ipConfigurations", "properties.purpose"),
    references=(
        Reference("properties.networkSecurityGroup.id"),
        Reference("properties.routeTable.id"),
        Reference("properties.natGateway.id"),
    ),
    in_use=InUse(
        400,
        "InUseSubnetCannotBeDeleted",
        "Subnet {name} is in use by {by} and cannot be deleted. In order to delete the subnet, delete all the "
        "resources within the subnet. See aka.ms/deletesubnet.",
    ),
    hooks=Hooks(validate=_validate_subnet, view=_view_subnet),
)

VNET = Rules(
    type="Microsoft.Network/virtualNetworks",
    patch=TAGS_ONLY,
    patch_tags_only=True,
    etag=True,
    conditional=True,
    defaults={
        "properties": {
            "addressSpace": {"addressPrefixes": []},
            "enableDdosProtection": False,
            "privateEndpointVNetPolicies": "Disabled",
            "virtualNetworkPeerings": [],
        }
    },
    required=("properties.addressSpace.addressPrefixes",),
    read_only=("properties.resourceGuid",),
    hooks=Hooks(validate=_validate_vnet, stored=_store_vnet, view=_view_vnet),
)

ADDRESS = Rules(
    type="Microsoft.Network/publicIPAddresses",
    patch=TAGS_ONLY,
    patch_tags_only=True,
    etag=True,
    conditional=True,
    defaults={
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "publicIPAllocationMethod": "Static",
            "publicIPAddressVersion": "IPv4",
            "idleTimeoutInMinutes": 4,
            "ipTags": [],
            "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
        },
    },
    read_only=("properties.resourceGuid", "properties.ipAddress", "properties.ipConfiguration"),
    create_only=("sku.name", "properties.publicIPAddressVersion", "zones"),
    in_use=InUse(
        400,
        "PublicIPAddressCannotBeDeleted",
        "Public IP address {id} can not be deleted since it is still allocated to resource {by}.",
    ),
    hooks=Hooks(stored=_store_address, view=_view_address, removed=_close_address),
)

RULES = (VNET, SUBNET, ADDRESS)
