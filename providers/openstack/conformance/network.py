"""Samples of Neutron's kinds."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.sample import Given, Hand, Of, Parent, Sample, Unique
from providers.openstack.conformance.hands import NOWHERE, call, neutron, setting, tagged

ADMIN: Final = "only an administrator may set it"
NET: Final = Parent("OS::Neutron::Net", {"name": Unique()})
SUBNET: Final = Parent(
    "OS::Neutron::Subnet", {"name": Unique(), "network": Of("net"), "cidr": "10.77.0.0/24"}
)
_SIX: Final = "only of IPv6, which is another sample"

_NET = Sample(
    type="OS::Neutron::Net",
    minimal={"name": Unique()},
    more={
        "admin_state_up": True,
        "port_security_enabled": True,
        "dns_domain": "",
        "tags": ["b", "a"],
    },
    updates={
        "name": Unique("{}-other"),
        "admin_state_up": False,
        "port_security_enabled": False,
        "tags": ["c"],
    },
    write=neutron("/networks", "network"),
    behind={"tags": tagged("/networks")},
    untried={
        "shared": ADMIN,
        "dns_domain": "the extension is not loaded everywhere",
        "qos_policy": "a policy is made by an administrator",
    },
)
_SUBNET = Sample(
    type="OS::Neutron::Subnet",
    minimal={"network": Of("net"), "cidr": "10.1.2.3/24"},
    more={
        "name": Unique(),
        "ip_version": 4,
        "gateway_ip": "10.1.2.1",
        "enable_dhcp": True,
        "dns_nameservers": ["9.9.9.9", "1.1.1.1"],
        "allocation_pools": [{"start": "10.1.2.10", "end": "10.1.2.200"}],
        "host_routes": [{"destination": "10.8.0.0/16", "nexthop": "10.1.2.8"}],
        "tags": ["b", "a"],
    },
    parents={"net": NET},
    updates={
        "name": Unique("{}-other"),
        "dns_nameservers": ["8.8.8.8", "1.1.1.1"],
        "enable_dhcp": False,
        "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "10.1.2.9"}],
        "gateway_ip": None,
        "allocation_pools": [{"start": "10.1.2.20", "end": "10.1.2.90"}],
        "tags": ["c"],
    },
    replaces={"cidr": "10.1.0.0/16", "network": NOWHERE, "ip_version": 6, "subnetpool": NOWHERE},
    planned={
        "network": "there is no such network",
        "ip_version": "the addresses are those of version 4",
        "subnetpool": "there is no such pool",
    },
    write=neutron("/subnets", "subnet"),
    behind={"tags": tagged("/subnets")},
    untried={"ipv6_ra_mode": _SIX, "ipv6_address_mode": _SIX, "prefixlen": "only with a pool"},
    kept={
        "gateway_ip": "without a word the cloud's choice at the create counts",
        "allocation_pools": "without a word the cloud's choice at the create counts",
        "name": "without one it is made up at the create",
    },
)
_ROUTER = Sample(
    type="OS::Neutron::Router",
    minimal={"name": Unique()},
    more={
        "admin_state_up": True,
        "external_gateway_info": {"network": Given("external")},
        "tags": ["b", "a"],
    },
    updates={
        "name": Unique("{}-other"),
        "admin_state_up": False,
        "external_gateway_info": None,
        "tags": ["c"],
    },
    write=neutron("/routers", "router"),
    behind={
        "tags": tagged("/routers"),
        "external_gateway_info": setting("network", "PUT", "/routers", "router", external_gateway_info=None),
    },
    untried={
        "external_gateway_info.enable_snat": ADMIN,
        "external_gateway_info.external_fixed_ips": ADMIN,
    },
)
_INTERFACE = Sample(
    type="OS::Neutron::RouterInterface",
    minimal={"router": Of("router"), "subnet": Of("subnet")},
    parents={"net": NET, "subnet": SUBNET, "router": Parent("OS::Neutron::Router", {"name": Unique()})},
    replaces={"subnet": NOWHERE, "router": NOWHERE},
    planned={"subnet": "there is no such subnet", "router": "there is no such router"},
    untried={"port": "in place of a subnet"},
)
_PORT = Sample(
    type="OS::Neutron::Port",
    minimal={"network": Of("net")},
    more={
        "name": Unique(),
        "fixed_ips": [{"subnet": Of("subnet"), "ip_address": "10.77.0.55"}],
        "security_groups": [Of("group", "spec.name")],
        "allowed_address_pairs": [{"ip_address": "10.77.0.200"}],
        "admin_state_up": True,
        "mac_address": "fa:16:3e:00:Ab:01",
        "port_security_enabled": True,
        "binding:vnic_type": "normal",
        "tags": ["b", "a"],
    },
    parents={"net": NET, "subnet": SUBNET, "group": Parent("OS::Neutron::SecurityGroup", {"name": Unique()})},
    updates={
        "name": Unique("{}-other"),
        "admin_state_up": False,
        "allowed_address_pairs": [],
        "security_groups": [],
        "fixed_ips": [{"subnet": Of("subnet"), "ip_address": "10.77.0.66"}],
        "binding:vnic_type": "direct",
        "tags": ["c"],
    },
    replaces={"network": NOWHERE, "mac_address": "fa:16:3e:00:ab:02"},
    planned={"network": "there is no such network"},
    write=neutron("/ports", "port"),
    behind={
        "tags": tagged("/ports"),
        "fixed_ips": call(
            "network", "PUT", "/ports/{id}", lambda hand: {"port": {"fixed_ips": _moved(hand)}}
        ),
    },
    untried={
        "port_security_enabled": "it goes only without groups and address pairs",
        "qos_policy": "a policy is made by an administrator",
    },
    kept={
        "name": "without one it is made up at the create",
        "fixed_ips": "without a word the cloud's choice counts",
        "security_groups": "without a word the project's default group counts",
    },
)


def _moved(hand: Hand) -> list[dict[str, Any]]:
    return [{"subnet_id": hand.parents["subnet"].id, "ip_address": "10.77.0.77"}]


RULE: Final = {"direction": "ingress", "protocol": "TCP", "port_range_min": 80, "port_range_max": 80}
_GROUP = Sample(
    type="OS::Neutron::SecurityGroup",
    minimal={"name": Unique()},
    more={"description": "for the web", "stateful": True, "rules": [RULE], "tags": ["b", "a"]},
    updates={
        "name": Unique("{}-other"),
        "description": "words",
        "rules": [{**RULE, "remote_ip_prefix": "10.0.0.1"}, {"protocol": "icmp", "ethertype": "IPv6"}],
        "tags": ["c"],
    },
    write=neutron("/security-groups", "security_group"),
    behind={
        "rules": call(
            "network",
            "POST",
            "/security-group-rules",
            lambda hand: {"security_group_rule": {"security_group_id": hand.id, "direction": "ingress"}},
        ),
        "tags": tagged("/security-groups"),
    },
    untried={"stateful": "not every driver has groups without state"},
)
_GROUP_RULE = Sample(
    type="OS::Neutron::SecurityGroupRule",
    minimal={"security_group": Of("group"), "direction": "ingress"},
    more={
        "protocol": "TCP",
        "port_range_min": 80,
        "port_range_max": 80,
        "ethertype": "IPv4",
        "remote_ip_prefix": "10.0.0.7/8",
        "description": "web",
    },
    parents={"group": Parent("OS::Neutron::SecurityGroup", {"name": Unique()})},
    replaces={
        "security_group": NOWHERE,
        "direction": "egress",
        "port_range_min": 79,
        "port_range_max": 81,
        "protocol": "udp",
        "ethertype": "IPv6",
        "remote_ip_prefix": "10.0.0.0/16",
        "description": "for the web",
    },
    planned={
        "security_group": "there is no such group",
        "ethertype": "the addresses are those of version 4",
    },
    together=(("protocol", "port_range_min", "port_range_max"),),
    untried={"remote_group": "in place of addresses", "remote_address_group": "in place of addresses"},
)
_FLOATING = Sample(
    type="OS::Neutron::FloatingIP",
    minimal={"floating_network": Given("external")},
    more={"description": "for the web", "tags": ["b", "a"]},
    updates={"description": "other", "tags": ["c"]},
    replaces={"floating_network": NOWHERE, "floating_subnet": NOWHERE, "floating_ip_address": "127.0.0.1"},
    planned={
        "floating_network": "there is no such network",
        "floating_subnet": "there is no such subnet",
        "floating_ip_address": "only an administrator may choose it",
    },
    write=neutron("/floatingips", "floatingip"),
    behind={"tags": tagged("/floatingips")},
    untried={
        "port_id": "the same as the sample of OS::Neutron::FloatingIPAssociation",
        "fixed_ip_address": "of a port with several addresses",
    },
)
_ASSOCIATION = Sample(
    type="OS::Neutron::FloatingIPAssociation",
    minimal={"floatingip_id": Of("floating"), "port_id": Of("port")},
    parents={
        "net": NET,
        "subnet": SUBNET,
        "router": Parent(
            "OS::Neutron::Router", {"name": Unique(), "external_gateway_info": {"network": Given("external")}}
        ),
        "interface": Parent("OS::Neutron::RouterInterface", {"router": Of("router"), "subnet": Of("subnet")}),
        "port": Parent("OS::Neutron::Port", {"name": Unique(), "network": Of("net")}),
        "other": Parent("OS::Neutron::Port", {"name": Unique(), "network": Of("net")}),
        "floating": Parent("OS::Neutron::FloatingIP", {"floating_network": Given("external")}),
    },
    updates={"port_id": Of("other")},
    replaces={"floatingip_id": NOWHERE},
    planned={"floatingip_id": "there is no such address"},
    behind={"port_id": lambda hand: _floating(hand).raise_for_status()},
    untried={"fixed_ip_address": "of a port with several addresses"},
)


def _floating(hand: Hand) -> Any:
    at = f"/floatingips/{hand.parents['floating'].id}"
    return hand.raw.network.put(at, json={"floatingip": {"port_id": hand.value}})


SAMPLES: Final = (
    _NET,
    _SUBNET,
    _ROUTER,
    _INTERFACE,
    _PORT,
    _GROUP,
    _GROUP_RULE,
    _FLOATING,
    _ASSOCIATION,
)
