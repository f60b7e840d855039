"""Samples of networks, subnets, security groups, public addresses and interfaces."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.sample import Of, Parent, Sample, Unique
from providers.azure.conformance.hands import GROUPS, IN_GROUP, MOVED, SAID, UNKNOWN, tagged, written
from providers.azure.kinds.network import NSG, PUBLIC_IP, SUBNET, VNET

NIC: Final = "Microsoft.Network/networkInterfaces"
_SPACE: Final = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
NET: Final = Parent(VNET, {"name": Unique(), **IN_GROUP, "properties": _SPACE})
SPACE: Final = Parent(
    SUBNET, {"name": Unique(), "parent": Of("net"), "properties": {"addressPrefix": "10.0.1.0/24"}}
)
_GUARD: Final = Parent(NSG, {"name": Unique(), **IN_GROUP})
_ADDRESS: Final = Parent(PUBLIC_IP, {"name": Unique(), **IN_GROUP})
_CONFIGURATION: Final = {"name": "one", "properties": {"subnet": {"id": Of("subnet")}}}
INTERFACE: Final = Parent(
    NIC, {"name": Unique(), **IN_GROUP, "properties": {"ipConfigurations": [_CONFIGURATION]}}
)
WIRED: Final = {**GROUPS, "net": NET, "subnet": SPACE}
"""A group with a network and a subnet in it."""

_NETWORK = Sample(
    type=VNET,
    minimal={"name": Unique(), **IN_GROUP, "properties": _SPACE},
    more={
        "tags": {"a": "b"},
        "properties": {
            "dhcpOptions": {"dnsServers": ["10.0.0.9"]},
            "flowTimeoutInMinutes": 10,
            "enableDdosProtection": False,
        },
    },
    parents=GROUPS,
    updates={
        "tags": {"b": "c"},
        "properties.addressSpace.addressPrefixes": ["10.0.0.0/16", "10.9.0.0/16"],
        "properties.dhcpOptions.dnsServers": ["10.0.0.8"],
        "properties.enableDdosProtection": True,
        "properties.flowTimeoutInMinutes": 20,
        "properties.privateEndpointVNetPolicies": "Basic",
    },
    replaces=MOVED,
    write=written,
    behind={"tags": tagged},
    untried={
        **SAID,
        "properties.subnets": "documents of their own, which are tried",
        "properties.ddosProtectionPlan": UNKNOWN,
    },
)

_SUBNET = Sample(
    type=SUBNET,
    minimal={"name": Unique(), "parent": Of("net"), "properties": {"addressPrefix": "10.0.1.0/24"}},
    more={"properties": {"defaultOutboundAccess": True}},
    parents={**GROUPS, "net": NET, "other": NET, "guard": _GUARD},
    updates={
        "properties.addressPrefix": "10.0.7.0/24",
        "properties.networkSecurityGroup": {"id": Of("guard")},
        "properties.serviceEndpoints": [{"service": "Microsoft.Storage"}],
        "properties.delegations": [
            {"name": "d", "properties": {"serviceName": "Microsoft.DBforMySQL/flexibleServers"}}
        ],
        "properties.privateEndpointNetworkPolicies": "Enabled",
        "properties.privateLinkServiceNetworkPolicies": "Disabled",
        "properties.defaultOutboundAccess": False,
    },
    replaces={"name": Unique("{}-other"), "parent": Of("other")},
    write=written,
    untried={
        **SAID,
        "properties.addressPrefixes": "another way to write addressPrefix",
        "properties.routeTable": UNKNOWN,
        "properties.natGateway": UNKNOWN,
    },
)


def _rule(number: int, name: str) -> str:
    return f"properties.securityRules.{number}.properties.{name}"


_OPEN: Final[dict[str, Any]] = {
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
_MANY: Final[dict[str, Any]] = {
    "protocol": "Tcp",
    "access": "Allow",
    "direction": "Inbound",
    "priority": 110,
    "sourcePortRanges": ["1024-2048", "4096"],
    "destinationPortRanges": ["80", "443"],
    "sourceAddressPrefixes": ["10.1.0.0/16", "10.2.0.0/16"],
    "destinationAddressPrefixes": ["10.3.0.0/16"],
}
_OTHERWISE: Final[dict[str, Any]] = {
    "description": "all",
    "protocol": "Udp",
    "access": "Deny",
    "direction": "Outbound",
    "priority": 200,
    "sourcePortRange": "1",
    "sourceAddressPrefix": "*",
    "destinationAddressPrefix": "10.0.0.1",
    "destinationPortRange": "22",
}
_PLURAL: Final[dict[str, Any]] = {
    "sourcePortRanges": ["1"],
    "destinationPortRanges": ["22"],
    "sourceAddressPrefixes": ["10.4.0.0/16"],
    "destinationAddressPrefixes": ["10.5.0.0/16"],
}
_SECURITY_GROUP = Sample(
    type=NSG,
    minimal={"name": Unique(), **IN_GROUP},
    more={
        "tags": {"a": "b"},
        "properties": {
            "securityRules": [{"name": "web", "properties": _OPEN}, {"name": "many", "properties": _MANY}]
        },
    },
    parents=GROUPS,
    updates={
        "tags": {"b": "c"},
        **{_rule(0, name): value for name, value in _OTHERWISE.items()},
        **{_rule(1, name): value for name, value in _PLURAL.items()},
    },
    replaces=MOVED,
    write=written,
    behind={"tags": tagged},
    untried={
        **SAID,
        "properties.flushConnection": "an instruction, not a state",
        "properties.securityRules.0.name": "another name is another rule",
        **{_rule(0, name): "tried in the second rule, which is written so" for name in _PLURAL},
    },
)

_PUBLIC_IP = Sample(
    type=PUBLIC_IP,
    minimal={"name": Unique(), **IN_GROUP},
    more={
        "tags": {"a": "b"},
        "sku": {"name": "Standard"},
        "properties": {
            "publicIPAllocationMethod": "Static",
            "dnsSettings": {"domainNameLabel": "shop", "reverseFqdn": "a."},
            "ddosSettings": {"protectionMode": "Enabled"},
        },
    },
    parents=GROUPS,
    updates={
        "tags": {"b": "c"},
        "properties.publicIPAllocationMethod": "Dynamic",
        "properties.idleTimeoutInMinutes": 9,
        "properties.dnsSettings.domainNameLabel": "other",
        "properties.dnsSettings.reverseFqdn": "b.",
        "properties.ddosSettings.protectionMode": "Disabled",
    },
    replaces={
        **MOVED,
        "sku": {"name": "Basic"},
        "zones": ["1"],
        "properties.publicIPAddressVersion": "IPv6",
    },
    write=written,
    behind={"tags": tagged},
    untried=SAID,
)


def _configured(name: str, number: int = 0) -> str:
    return f"properties.ipConfigurations.{number}.properties.{name}"


_INTERFACE = Sample(
    type=NIC,
    minimal={"name": Unique(), **IN_GROUP, "properties": {"ipConfigurations": [_CONFIGURATION]}},
    more={
        "tags": {"a": "b"},
        "properties": {
            "ipConfigurations": [
                {
                    "name": "one",
                    "properties": {
                        "subnet": {"id": Of("subnet")},
                        "privateIPAddress": "10.0.1.9",
                        "privateIPAllocationMethod": "Static",
                        "primary": True,
                    },
                },
                {"name": "two", "properties": {"subnet": {"id": Of("subnet")}}},
            ],
            "dnsSettings": {"internalDnsNameLabel": "a"},
        },
    },
    parents={**WIRED, "guard": _GUARD, "address": _ADDRESS},
    updates={
        "tags": {"b": "c"},
        _configured("privateIPAddress"): "10.0.1.77",
        _configured("privateIPAllocationMethod", 1): "Static",
        _configured("privateIPAddressVersion"): "IPv6",
        _configured("primary"): False,
        _configured("publicIPAddress"): {"id": Of("address")},
        "properties.networkSecurityGroup": {"id": Of("guard")},
        "properties.dnsSettings.dnsServers": ["10.0.0.8"],
        "properties.dnsSettings.internalDnsNameLabel": "b",
        "properties.enableAcceleratedNetworking": True,
        "properties.enableIPForwarding": True,
        "properties.disableTcpStateTracking": True,
    },
    replaces=MOVED,
    write=written,
    behind={"tags": tagged},
    untried={
        **SAID,
        "properties.ipConfigurations.0.name": "another name is another configuration",
        _configured("subnet"): "an interface does not change its network",
        _configured(
            "privateIPAllocationMethod"
        ): "tried in the second configuration, which has no address yet",
    },
)

SAMPLES: Final = (_NETWORK, _SUBNET, _SECURITY_GROUP, _PUBLIC_IP, _INTERFACE)
