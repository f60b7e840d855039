"""Samples of Neutron's further kinds: pools, groups, routes, trunks, forwarding, sharing, quality of service."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.sample import Behind, Given, Hand, Of, Parent, Sample, Unique
from providers.openstack.conformance.hands import NOWHERE, call, neutron, tagged
from providers.openstack.conformance.network import NET, SUBNET

_NO_WAY_BACK: Final = "the cloud has no way to unset it"
_MADE_UP: Final = {"name": "without one it is made up at the create"}
_GONE: Final = "there is no such object"
_ROUTER: Final = Parent("OS::Neutron::Router", {"name": Unique()})
_INSIDE: Final = {
    "net": NET,
    "subnet": SUBNET,
    "router": Parent(
        "OS::Neutron::Router", {"name": Unique(), "external_gateway_info": {"network": Given("external")}}
    ),
    "interface": Parent("OS::Neutron::RouterInterface", {"router": Of("router"), "subnet": Of("subnet")}),
}
POLICY: Final = Parent("OS::Neutron::QoSPolicy", {"name": Unique()})


def _port(*ends: int) -> Parent:
    fixed = [{"subnet": Of("subnet"), "ip_address": f"10.77.0.{end}"} for end in ends]
    return Parent("OS::Neutron::Port", {"name": Unique(), "network": Of("net"), "fixed_ips": fixed})


def child(path: str, label: str, **attributes: str) -> Behind:
    """Set an attribute of an object below another: `{}` in the path is the parent's id."""

    def change(hand: Hand) -> None:
        parent, _, own = hand.id.rpartition("/")
        body = {label: {attributes.get(hand.path, hand.path): hand.value}}
        hand.raw.network.put(f"{path.format(parent)}/{own}", json=body).raise_for_status()

    return change


_SCOPE = Sample(
    type="OS::Neutron::AddressScope",
    minimal={"name": Unique()},
    more={"ip_version": 4, "shared": False},
    updates={"name": Unique("{}-other"), "shared": True},
    replaces={"ip_version": 6},
    write=neutron("/address-scopes", "address_scope"),
)
_POOL = Sample(
    type="OS::Neutron::SubnetPool",
    minimal={"name": Unique(), "prefixes": ["10.64.0.0/16", "10.65.0.7/16"]},
    more={
        "default_prefixlen": 24,
        "min_prefixlen": 20,
        "max_prefixlen": 28,
        "default_quota": 512,
        "address_scope": Of("scope"),
        "description": "for shops",
        "is_default": False,
        "shared": False,
        "tags": ["b", "a"],
    },
    parents={
        # A pool is shared only where its scope is.
        "scope": Parent("OS::Neutron::AddressScope", {"name": Unique(), "shared": True}),
        "other": Parent("OS::Neutron::AddressScope", {"name": Unique()}),
    },
    updates={
        "name": Unique("{}-other"),
        "prefixes": ["10.64.0.0/15", "10.80.0.0/16"],
        "address_scope": Of("other"),
        "default_prefixlen": 25,
        "min_prefixlen": 21,
        "max_prefixlen": 29,
        "default_quota": 1024,
        "description": "words",
        "is_default": True,
        "tags": ["c"],
    },
    replaces={"shared": True},
    write=neutron("/subnetpools", "subnetpool", address_scope="address_scope_id"),
    behind={"tags": tagged("/subnetpools")},
    kept={
        "default_quota": _NO_WAY_BACK,
        "default_prefixlen": _NO_WAY_BACK,
        "min_prefixlen": _NO_WAY_BACK,
        "max_prefixlen": _NO_WAY_BACK,
    },
)
_GROUP = Sample(
    type="OS::Neutron::AddressGroup",
    minimal={"name": Unique()},
    more={"description": "for shops", "addresses": ["10.0.0.1", "10.1.0.7/16"]},
    updates={
        "name": Unique("{}-other"),
        "description": "words",
        "addresses": ["10.1.0.0/16", "192.0.2.0/24"],
    },
    write=neutron("/address-groups", "address_group"),
    behind={
        "addresses": call(
            "network", "PUT", "/address-groups/{id}/add_addresses", {"addresses": ["198.51.100.0/24"]}
        )
    },
)
_ROUTES = Sample(
    type="OS::Neutron::ExtraRouteSet",
    minimal={
        "router": Of("router"),
        "routes": [{"destination": "10.90.0.7/16", "nexthop": "10.77.0.9"}],
    },
    parents=_INSIDE,
    updates={
        "routes": [
            {"destination": "10.90.0.0/16", "nexthop": "10.77.0.8"},
            {"destination": "10.91.0.0/16", "nexthop": "10.77.0.9"},
        ]
    },
    replaces={"router": NOWHERE},
    planned={"router": _GONE},
    behind={
        "routes": call(
            "network",
            "PUT",
            "/routers/{id}/add_extraroutes",
            {"router": {"routes": [{"destination": "10.92.0.0/16", "nexthop": "10.77.0.9"}]}},
        )
    },
)


def _sub(parent: str, number: int) -> dict[str, Any]:
    return {"port": Of(parent), "segmentation_type": "vlan", "segmentation_id": number}


def _added(hand: Hand) -> dict[str, Any]:
    port = {"port_id": hand.parents["third"].id, "segmentation_type": "vlan", "segmentation_id": 7}
    return {"sub_ports": [port]}


_TRUNK = Sample(
    type="OS::Neutron::Trunk",
    minimal={"name": Unique(), "port": Of("port")},
    more={
        "description": "for shops",
        "sub_ports": [_sub("first", 5)],
        "admin_state_up": True,
        "tags": ["b", "a"],
    },
    parents={
        "net": NET,
        "subnet": SUBNET,
        "port": _port(20),
        "first": _port(21),
        "second": _port(22),
        "third": _port(23),
    },
    updates={
        "name": Unique("{}-other"),
        "description": "words",
        "sub_ports": [_sub("first", 6), _sub("second", 5)],
        "admin_state_up": False,
        "tags": ["c"],
    },
    replaces={"port": NOWHERE},
    planned={"port": _GONE},
    write=neutron("/trunks", "trunk"),
    behind={
        "tags": tagged("/trunks"),
        "sub_ports": call("network", "PUT", "/trunks/{id}/add_subports", _added),
    },
)
_FORWARDINGS: Final = ("/floatingips/{}/port_forwardings", "port_forwarding")
_FORWARD = Sample(
    type="OS::Neutron::FloatingIPPortForward",
    minimal={
        "floating_ip": Of("floating"),
        "protocol": "tcp",
        "external_port": 8080,
        "internal_port": Of("port"),
        "internal_ip_address": "10.77.0.40",
        "internal_port_number": 80,
    },
    more={"description": "for the web"},
    parents={
        **_INSIDE,
        "port": _port(40, 41),
        "floating": Parent("OS::Neutron::FloatingIP", {"floating_network": Given("external")}),
    },
    updates={
        "protocol": "udp",
        "external_port": 8081,
        "internal_ip_address": "10.77.0.41",
        "internal_port_number": 81,
        "description": "words",
    },
    replaces={"floating_ip": NOWHERE},
    planned={"floating_ip": _GONE},
    write=child(*_FORWARDINGS, internal_port_number="internal_port"),
    untried={"internal_port": "another port has another address, so that both change together"},
)
_RBAC = Sample(
    type="OS::Neutron::RBACPolicy",
    minimal={"object_id": Of("net"), "target_tenant": "0123456789abcdef0123456789abcdef"},
    more={"object_type": "network", "action": "access_as_shared"},
    parents={"net": NET},
    updates={"target_tenant": "fedcba98765432100123456789abcdef"},
    replaces={"object_id": NOWHERE, "object_type": "subnetpool", "action": "access_as_external"},
    planned={"object_id": _GONE, "object_type": "the object is a network"},
    write=neutron("/rbac-policies", "rbac_policy"),
)
_QOS = Sample(
    type="OS::Neutron::QoSPolicy",
    minimal={"name": Unique()},
    more={"description": "for shops", "shared": False, "is_default": False, "tags": ["b", "a"]},
    updates={
        "name": Unique("{}-other"),
        "description": "words",
        "shared": True,
        "is_default": True,
        "tags": ["c"],
    },
    write=neutron("/qos/policies", "policy"),
    behind={"tags": tagged("/policies")},
)


def _rule(
    type: str, label: str, spec: dict[str, Any], more: dict[str, Any], updates: dict[str, Any]
) -> Sample:
    return Sample(
        type=f"OS::Neutron::{type}",
        minimal={"policy": Of("policy"), **spec},
        more=more,
        parents={"policy": POLICY},
        updates=updates,
        replaces={"policy": NOWHERE},
        planned={"policy": _GONE},
        write=child(f"/qos/policies/{{}}/{label}s", label),
    )


_LIMIT = _rule(
    "QoSBandwidthLimitRule",
    "bandwidth_limit_rule",
    {"max_kbps": 1000},
    {"max_burst_kbps": 300, "direction": "egress"},
    {"max_kbps": 2000, "max_burst_kbps": 500, "direction": "ingress"},
)
_DSCP = _rule("QoSDscpMarkingRule", "dscp_marking_rule", {"dscp_mark": 10}, {}, {"dscp_mark": 12})
_MINIMUM = _rule(
    "QoSMinimumBandwidthRule",
    "minimum_bandwidth_rule",
    {"min_kbps": 10},
    {"direction": "egress"},
    {"min_kbps": 20, "direction": "ingress"},
)
_PACKETS = _rule(
    "QoSMinimumPacketRateRule",
    "minimum_packet_rate_rule",
    {"min_kpps": 10},
    {"direction": "egress"},
    {"min_kpps": 20, "direction": "ingress"},
)
SAMPLES: Final = (
    _SCOPE, _POOL, _GROUP, _ROUTES, _TRUNK, _FORWARD, _RBAC, _QOS, _LIMIT, _DSCP, _MINIMUM, _PACKETS,
)  # fmt: skip
