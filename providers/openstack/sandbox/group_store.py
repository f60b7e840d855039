"""A project's `default` group, and how groups and rules are kept; ports and groups both need it."""

from __future__ import annotations

import ipaddress
from typing import Any

from providers.openstack.sandbox.cloud import Body, Cloud, Project, stamp

_EMPTY = ("protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "remote_group_id")


def ensure_default(cloud: Cloud, project: Project) -> Body:
    """Give the project's group named `default`, which lets in what comes from itself."""
    for group in cloud.table("security_groups").values():
        if group["_project"] == project.id and group["name"] == "default":
            return group
    group = new_group(cloud, project, {"name": "default", "description": "Default security group"})
    for ethertype in ("IPv4", "IPv6"):
        add_rule(cloud, project, _rule(group["id"], "ingress", ethertype, remote_group_id=group["id"]))
    return group


def new_group(cloud: Cloud, project: Project, body: Body) -> Body:
    """Keep one group with the two egress rules that every group starts with."""
    moment = stamp()
    base = {"id": cloud.new_id(), "stateful": True, "shared": False, "tags": [], "revision_number": 3, **body}
    owner = {"tenant_id": project.id, "project_id": project.id, "_project": project.id}
    group = cloud.add("security_groups", {**base, **owner, "created_at": moment, "updated_at": moment})
    for ethertype in ("IPv4", "IPv6"):
        add_rule(cloud, project, {**_rule(group["id"], "egress", ethertype), "description": None})
    return group


def _rule(group: str, direction: str, ethertype: str, **more: Any) -> Body:
    empty = dict.fromkeys(_EMPTY)
    base = {
        **empty,
        "security_group_id": group,
        "direction": direction,
        "ethertype": ethertype,
        "description": "",
    }
    return {**base, **more}


def add_rule(cloud: Cloud, project: Project, body: Body) -> Body:
    """Keep one rule."""
    moment = stamp()
    prefix = body["remote_ip_prefix"]
    rule = {
        "id": cloud.new_id(),
        "remote_address_group_id": None,
        **body,
        "normalized_cidr": str(ipaddress.ip_network(prefix, strict=False)) if prefix else None,
        "belongs_to_default_sg": False,
        "created_at": moment,
        "updated_at": moment,
        "revision_number": 0,
        "tenant_id": project.id,
        "project_id": project.id,
        "_project": project.id,
    }
    return cloud.add("security_group_rules", rule)
