"""What a fresh sandbox holds: two projects, a public network, flavors and images."""

from __future__ import annotations

import hashlib
from typing import Any

from providers.openstack.sandbox.cloud import Body, Cloud, Project, stamp

PASSWORD = "sandbox"  # noqa: S105 - the sandbox's own, on loopback, in every copy of opsctl
PUBLIC_CIDR = "127.64.0.0/10"
ROUTER_POOL = {"start": "127.127.0.2", "end": "127.127.255.254"}
_FLAVORS = (
    ("m1.nano", 64, 1, 1),
    ("m1.tiny", 512, 1, 1),
    ("m1.small", 2048, 1, 20),
    ("m1.medium", 4096, 2, 40),
)
_IMAGES = ("cirros", "ubuntu-24.04")


def plant(cloud: Cloud) -> Project:
    """Put everything in; gives the project that users work in."""
    admin = Project("admin", "admin", PASSWORD, ("admin", "manager", "member", "reader"))
    demo = Project("demo", "demo", PASSWORD, ("member", "reader"))
    cloud.projects.extend((admin, demo))
    for name, ram, vcpus, disk in _FLAVORS:
        _flavor(cloud, name, ram=ram, vcpus=vcpus, disk=disk)
    for name in _IMAGES:
        _image(cloud, admin, name)
    _public_network(cloud, admin)
    return demo


def _flavor(cloud: Cloud, name: str, **sizes: Any) -> None:
    cloud.add("flavors", {"id": cloud.new_id(), "name": name, **sizes, "_public": True})


def _image(cloud: Cloud, owner: Project, name: str) -> None:
    content, moment = b"\0" * 1024, stamp()
    body = {
        "owner_specified.openstack.md5": "",
        "owner_specified.openstack.sha256": "",
        "owner_specified.openstack.object": f"images/{name}",
        "name": name,
        "disk_format": "raw",
        "container_format": "bare",
        "visibility": "public",
        "size": len(content),
        "virtual_size": len(content),
        "status": "active",
        "checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "protected": False,
        "min_ram": 0,
        "min_disk": 0,
        "owner": owner.id,
        "os_hidden": False,
        "os_hash_algo": "sha512",
        "os_hash_value": hashlib.sha512(content).hexdigest(),
        "id": cloud.new_id(),
        "created_at": moment,
        "updated_at": moment,
        "tags": [],
        "stores": "fs",
    }
    cloud.add("images", {**body, "_public": True, "_project": owner.id})


def _owned(cloud: Cloud, owner: Project, name: str) -> Body:
    moment = stamp()
    times = {"created_at": moment, "updated_at": moment, "revision_number": 1}
    whose = {"tenant_id": owner.id, "project_id": owner.id, "_project": owner.id, "_public": True}
    return {"id": cloud.new_id(), "name": name, "description": "", "tags": [], **times, **whose}


def _public_network(cloud: Cloud, owner: Project) -> None:
    network = {
        **_owned(cloud, owner, "public"),
        "admin_state_up": True,
        "mtu": 1500,
        "status": "ACTIVE",
        "shared": False,
        "is_default": False,
        "availability_zone_hints": [],
        "availability_zones": [],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "router:external": True,
        "port_security_enabled": True,
        "qos_policy_id": None,
        "dns_domain": "",
        "l2_adjacency": True,
    }
    subnet = {
        **_owned(cloud, owner, "public"),
        "network_id": network["id"],
        "ip_version": 4,
        "cidr": PUBLIC_CIDR,
        "gateway_ip": "127.127.0.1",
        "allocation_pools": [ROUTER_POOL],
        "enable_dhcp": False,
        "subnetpool_id": None,
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "host_routes": [],
        "dns_nameservers": [],
        "router:external": True,
        "service_types": [],
    }
    cloud.add("networks", network)
    cloud.add("subnets", subnet)
