"""Virtual networks, subnets, security groups, interfaces and public addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.kit.shapes import flag, many, number, obj, one_of, text
from orchestrator.model.schema import Property

from .kind import Facts
from .shape import identifier, link, named

VERSION = "2026-03-01"
VNET = "Microsoft.Network/virtualNetworks"
SUBNET = f"{VNET}/subnets"
NSG = "Microsoft.Network/networkSecurityGroups"
PUBLIC_IP = "Microsoft.Network/publicIPAddresses"

STATE = {"provisioningState": text(), "resourceGuid": text(stable=True)}
SWITCH = ("Enabled", "Disabled")
STRINGS = many(text())

SUBNET_PROPERTIES: Mapping[str, Property] = {
    "addressPrefix": text("The range in CIDR notation."),
    "addressPrefixes": many(text(), description="The ranges, where there are several."),
    "networkSecurityGroup": link("The security group of the subnet."),
    "routeTable": link("The route table of the subnet."),
    "natGateway": link("The NAT gateway of the subnet."),
    "serviceEndpoints": many(
        obj({"service": text(required=True), "locations": STRINGS}), unordered=True, default=[]
    ),
    "delegations": named({"serviceName": text(required=True)}, default=[]),
    "privateEndpointNetworkPolicies": text(default="Disabled"),
    "privateLinkServiceNetworkPolicies": one_of(*SWITCH, default="Enabled"),
    "defaultOutboundAccess": flag(),
}

RULE_PROPERTIES: Mapping[str, Property] = {
    "description": text(),
    "protocol": one_of("*", "Ah", "Esp", "Icmp", "Tcp", "Udp", required=True),
    "access": one_of("Allow", "Deny", required=True),
    "direction": one_of("Inbound", "Outbound", required=True),
    "priority": number(required=True, minimum=100, maximum=4096),
    "sourcePortRange": text(),
    "sourcePortRanges": many(text(), unordered=True, default=[]),
    "destinationPortRange": text(),
    "destinationPortRanges": many(text(), unordered=True, default=[]),
    "sourceAddressPrefix": text(),
    "sourceAddressPrefixes": many(text(), unordered=True, default=[]),
    "destinationAddressPrefix": text(),
    "destinationAddressPrefixes": many(text(), unordered=True, default=[]),
}

CONFIGURATION: Mapping[str, Property] = {
    "subnet": link("The subnet that gives the address.", required=True),
    "publicIPAddress": link("The public address in front."),
    "privateIPAllocationMethod": one_of("Dynamic", "Static", default="Dynamic"),
    "privateIPAddress": text(),
    "privateIPAddressVersion": one_of("IPv4", "IPv6", default="IPv4"),
    "primary": flag(),
}


def _one_prefix(spec: Mapping[str, Any]) -> list[str]:
    properties = spec.get("properties")
    given = [
        name
        for name in ("addressPrefix", "addressPrefixes")
        if isinstance(properties, Mapping) and name in properties
    ]
    if len(given) == 1:
        return []
    return ["a subnet has either properties.addressPrefix or properties.addressPrefixes"]


def _fixed_addresses(spec: Mapping[str, Any]) -> list[str]:
    """With Dynamic, which is the default, Azure gives the address and takes none."""
    properties = spec.get("properties")
    given = properties.get("ipConfigurations") if isinstance(properties, Mapping) else None
    inner = [each.get("properties") for each in given or () if isinstance(each, Mapping)]
    return [
        "a configuration with a privateIPAddress needs privateIPAllocationMethod: Static"
        for each in inner
        if isinstance(each, Mapping) and "privateIPAddress" in each and _is_dynamic(each)
    ][:1]


def _is_dynamic(configuration: Mapping[str, Any]) -> bool:
    return bool(configuration.get("privateIPAllocationMethod", "Dynamic") == "Dynamic")


def _chosen_addresses(spec: dict[str, Any]) -> dict[str, Any]:
    """Without the addresses that Azure gave: they are in the status, and nobody can ask for them."""
    for each in spec.get("properties", {}).get("ipConfigurations", ()):
        inner = each.get("properties", {})
        if _is_dynamic(inner):
            inner.pop("privateIPAddress", None)
    return spec


FACTS = (
    Facts(
        type=VNET,
        version=VERSION,
        summary="A virtual network",
        joins=(f"{NSG}/join/action",),
        conditional=True,
        needs_properties=True,
        absorbs={"properties.subnets": SUBNET},
        name=r"^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$",
        properties={
            "addressSpace": obj(
                {"addressPrefixes": many(text(), required=True, unordered=True)}, required=True
            ),
            "dhcpOptions": obj({"dnsServers": STRINGS}),
            "enableDdosProtection": flag(default=False),
            "ddosProtectionPlan": link(),
            "flowTimeoutInMinutes": number(minimum=4, maximum=30),
            "privateEndpointVNetPolicies": text(default="Disabled"),
            "subnets": named(
                SUBNET_PROPERTIES, description="Subnets, where they are no documents of their own."
            ),
        },
        shown=STATE,
    ),
    Facts(
        type=SUBNET,
        version=VERSION,
        summary="A subnet of a virtual network",
        joins=(f"{NSG}/join/action",),
        parent=VNET,
        located=False,
        tagged=False,
        conditional=True,
        needs_properties=True,
        name=r"^[A-Za-z0-9](?:[\w.-]{0,78}\w)?$",
        properties=SUBNET_PROPERTIES,
        shown={"provisioningState": text(), "ipConfigurations": many(obj({"id": identifier()}))},
        refine=_one_prefix,
    ),
    Facts(
        type=NSG,
        version=VERSION,
        summary="A network security group",
        conditional=True,
        properties={
            "securityRules": named(RULE_PROPERTIES, default=[]),
            "flushConnection": flag(),
        },
        shown=STATE | {"defaultSecurityRules": many(Property())},
    ),
    Facts(
        type=PUBLIC_IP,
        version=VERSION,
        summary="A public IP address",
        conditional=True,
        top={
            "sku": obj(
                {"name": one_of("Basic", "Standard", "StandardV2"), "tier": one_of("Regional", "Global")},
                create_only=True,
            ),
            "zones": many(text(), create_only=True, unordered=True),
        },
        properties={
            "publicIPAllocationMethod": one_of("Dynamic", "Static"),
            "publicIPAddressVersion": one_of("IPv4", "IPv6", create_only=True),
            "idleTimeoutInMinutes": number(minimum=4, maximum=30, default=4),
            "dnsSettings": obj({"domainNameLabel": text(), "reverseFqdn": text()}),
            "ddosSettings": obj({"protectionMode": text(default="VirtualNetworkInherited")}),
        },
        shown=STATE
        | {"ipAddress": text("The address.", stable=True), "ipConfiguration": obj({"id": identifier()})},
    ),
    Facts(
        type="Microsoft.Network/networkInterfaces",
        version=VERSION,
        summary="A network interface",
        joins=(f"{SUBNET}/join/action", f"{NSG}/join/action", f"{PUBLIC_IP}/join/action"),
        conditional=True,
        needs_properties=True,
        properties={
            "ipConfigurations": named(CONFIGURATION, required=True),
            "networkSecurityGroup": link("The security group of the interface."),
            "dnsSettings": obj({"dnsServers": many(text(), default=[]), "internalDnsNameLabel": text()}),
            "enableAcceleratedNetworking": flag(default=False),
            "enableIPForwarding": flag(default=False),
            "disableTcpStateTracking": flag(default=False),
        },
        shown=STATE
        | {
            "macAddress": text(stable=True),
            "primary": flag(),
            "virtualMachine": obj({"id": identifier()}),
        },
        refine=_fixed_addresses,
        wanted=_chosen_addresses,
    ),
)
