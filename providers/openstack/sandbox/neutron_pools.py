"""Neutron's address scopes and subnet pools."""

from __future__ import annotations

import ipaddress
from typing import Any

from providers.openstack.sandbox.attributes import COMMON, REQUIRED, Attribute
from providers.openstack.sandbox.calls import Call
from providers.openstack.sandbox.cloud import Body, shown
from providers.openstack.sandbox.neutron_base import Collection, updated
from providers.openstack.sandbox.neutron_nets import IPNetwork
from providers.openstack.sandbox.problems import bad_request, conflict

_LENGTHS = ("default_prefixlen", "min_prefixlen", "max_prefixlen")
_BARE = {name: COMMON[name] for name in ("id", "name", "project_id", "tenant_id")}


def _create_scope(_call: Call, body: Body) -> Body:
    return {"shared": False, **body}


def _delete_scope(call: Call, body: Body) -> None:
    if any(pool["address_scope_id"] == body["id"] for pool in call.cloud.table("subnetpools").values()):
        message = f"Unable to complete operation on address scope {body['id']}. There are one or more subnet pools in use on"
        raise conflict(f"{message} the address scope.", "AddressScopeInUse")


SCOPES = Collection(
    label="address_scope",
    plural="address_scopes",
    path="address-scopes",
    attributes={
        **_BARE,
        "ip_version": Attribute("integer", default=REQUIRED, put=False),
        "shared": Attribute("boolean", default=False, admin=True),
    },
    lost_type="AddressScopeNotFound",
    lost_message="Address scope {} could not be found.",
    create=_create_scope,
    update=updated,
    delete=_delete_scope,
    standard=False,
)


def _networks(prefixes: Any) -> list[IPNetwork]:
    found = []
    for text in prefixes:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError as error:
            raise bad_request(
                f"Invalid input for prefixes. Reason: '{text}' is not a valid IP subnet."
            ) from error
    return found


def _joined(networks: list[IPNetwork]) -> list[str]:
    """Join neighbours, as Neutron does when a pool is changed and when it is made."""
    four = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv6Network))
    return [str(network) for network in (*four, *six)]


def _create_pool(call: Call, body: Body) -> Body:
    networks = _networks(body["prefixes"])
    versions = {network.version for network in networks}
    if not networks:
        raise bad_request("Empty subnet pool prefix list.", "EmptySubnetPoolPrefixList")
    if len(versions) > 1:
        raise bad_request("Cannot mix IPv4 and IPv6 prefixes in a subnet pool.", "PrefixVersionMismatch")
    version = versions.pop()
    _check_scope(call, body, version)
    lengths = {"min_prefixlen": 8 if version == 4 else 64, "max_prefixlen": 32 if version == 4 else 128}
    filled = {name: str(body.get(name) or value) for name, value in lengths.items()}
    default = str(body.get("default_prefixlen") or filled["min_prefixlen"])
    own = {"prefixes": _joined(networks), "ip_version": version, "default_prefixlen": default, **filled}
    return {"shared": False, "is_default": False, **body, **own, "revision_number": 0}


def _check_scope(call: Call, body: Body, version: int) -> None:
    key = body.get("address_scope_id")
    if not key:
        return
    scope = SCOPES.find(call, str(key))
    if body.get("shared") and not scope["shared"]:
        message = "Failed to create RBAC policy on object because target project doesn't have access to associated address scope."
        raise bad_request(f"Invalid input for operation: {message}", "InvalidInput")
    if scope["ip_version"] != version:
        message = f"Illegal subnetpool association: subnetpool {body.get('id') or call.cloud.new_id()} cannot associate with "
        said = f"{message}address scope {key} because subnetpool ip_version is not {scope['ip_version']}."
        raise bad_request(said, "IllegalSubnetPoolIpVersionAssociationToAddressScope")


def _update_pool(call: Call, body: Body, change: Body) -> None:
    _check_scope(call, {**body, **change}, body["ip_version"])
    if "prefixes" in change:
        wanted = _networks(change["prefixes"])
        if _joined([*wanted, *_networks(body["prefixes"])]) != _joined(wanted):
            message = "Illegal update to prefixes: Existing prefixes must be a subset of the new prefixes."
            raise bad_request(message, "IllegalSubnetPoolPrefixUpdate")
        change["prefixes"] = _joined(wanted)
    for name in _LENGTHS:
        if name in change:
            change[name] = str(change[name])
    body.update(change)


def _show_pool(call: Call, body: Body) -> Body:
    """Lengths are texts, but in the answer to an update."""
    visible = shown(body)
    if call.method == "PUT":
        visible |= {name: int(visible[name]) for name in _LENGTHS}
    return visible


def _delete_pool(call: Call, body: Body) -> None:
    if any(subnet["subnetpool_id"] == body["id"] for subnet in call.cloud.table("subnets").values()):
        message = "Unable to delete subnet pool: Subnet pool has existing allocations."
        raise bad_request(message, "SubnetPoolDeleteError")


POOLS = Collection(
    label="subnetpool",
    plural="subnetpools",
    attributes={
        **COMMON,
        "prefixes": Attribute("list", default=REQUIRED),
        "default_quota": Attribute("integer", default=None),
        "address_scope_id": Attribute(default=None, nullable=True),
        "default_prefixlen": Attribute("integer", default=None),
        "min_prefixlen": Attribute("integer", default=None),
        "max_prefixlen": Attribute("integer", default=None),
        "shared": Attribute("boolean", default=False, admin=True, put=False),
        "is_default": Attribute("boolean", default=False, admin=True),
        "ip_version": Attribute(post=False, put=False),
    },
    lost_type="SubnetPoolNotFound",
    lost_message="Subnet pool {} could not be found.",
    create=_create_pool,
    update=_update_pool,
    delete=_delete_pool,
    show=_show_pool,
)
