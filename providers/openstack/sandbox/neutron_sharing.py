"""Neutron's address groups, and the policies that share an object with another project."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from providers.openstack.sandbox.attributes import COMMON, REQUIRED, Attribute
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, shown
from providers.openstack.sandbox.neutron_base import Collection, touched, updated
from providers.openstack.sandbox.problems import Problem, bad_request, conflict, forbidden, missing

_INVALID = "InvalidInput"


def _network(text: Any) -> str:
    try:
        return str(ipaddress.ip_network(text if "/" in str(text) else "", strict=False))
    except ValueError as error:
        raise bad_request(
            f"Invalid input for addresses. Reason: '{text}' is not a valid IP subnet."
        ) from error


def _create_group(_call: Call, body: Body) -> Body:
    return {**body, "addresses": [_network(text) for text in body["addresses"]], "revision_number": 2}


def _delete_group(call: Call, body: Body) -> None:
    rules = call.cloud.table("security_group_rules").values()
    if any(rule["remote_address_group_id"] == body["id"] for rule in rules):
        message = f"Address group {body['id']} is in use on one or more security group rules."
        raise conflict(message, "AddressGroupInUse")


GROUPS = Collection(
    label="address_group",
    plural="address_groups",
    path="address-groups",
    attributes={
        **{name: row for name, row in COMMON.items() if name not in {"tags", "status"}},
        "addresses": Attribute("list", default=[], put=False),
    },
    lost_type="AddressGroupNotFound",
    lost_message="Address group {} could not be found.",
    create=_create_group,
    update=updated,
    delete=_delete_group,
    show=lambda _call, body: {name: value for name, value in shown(body).items() if name != "tags"},
    taggable=False,
)


def _asked(call: Call) -> list[str]:
    given = call.payload.get("addresses") if isinstance(call.payload, dict) else None
    if not isinstance(given, list):
        raise bad_request("Missing 'addresses' in request body.", "AddressesNotFound")
    return [_network(text) for text in given]


def add_addresses(call: Call, key: str) -> Answer:
    """Put addresses into a group; none may be there already."""
    group = GROUPS.find(call, key)
    asked = _asked(call)
    twice = [address for address in asked if address in group["addresses"]]
    if twice:
        message = f"Addresses {twice} already exist in the address group {key}."
        raise bad_request(message, "AddressesAlreadyExist")
    group["addresses"] = [*group["addresses"], *asked]
    return _told(call, group)


def remove_addresses(call: Call, key: str) -> Answer:
    """Take addresses out of a group; all must be there."""
    group = GROUPS.find(call, key)
    asked = _asked(call)
    lost = [address for address in asked if address not in group["addresses"]]
    if lost:
        raise missing(f"Addresses {lost} not found in the address group {key}.", "AddressesNotFound")
    group["addresses"] = [address for address in group["addresses"] if address not in asked]
    return _told(call, group)


def _told(call: Call, group: Body) -> Answer:
    return Answer(200, {"address_group": {**GROUPS.show(call, touched(group)), "shared": False}})


_ACTIONS = {"network": ("access_as_shared", "access_as_external"), "address_scope": ("access_as_shared",)}
_TABLES = {
    "network": "networks",
    "qos_policy": "policies",
    "security_group": "security_groups",
    "address_scope": "address_scopes",
    "subnetpool": "subnetpools",
    "address_group": "address_groups",
}
_KEY = ("object_type", "object_id", "action", "target_tenant")
_PROJECT = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _check_target(call: Call, target: str) -> None:
    if target == "*" and not call.project.is_admin:
        verb = "create" if call.method == "POST" else "update"
        rule = f"rule:{verb}_rbac_policy"
        said = f"(((({rule} and {rule}:object_type) and {rule}:object_id) and {rule}:target_tenant) and {rule}:action)"
        raise forbidden(
            f"{said if verb == 'create' else f'({rule} and {rule}:target_tenant)'} is disallowed by policy"
        )
    if target != "*" and not _PROJECT.fullmatch(target):
        message = f"Invalid input for operation: '{target}' is not a valid target project ID; expected a UUID or '*'."
        raise bad_request(message, _INVALID)


def _create_rbac(call: Call, body: Body) -> Body:
    if body["object_type"] not in _TABLES:
        message = f"Invalid input for operation: '{body['object_type']}' is not a valid RBAC object type."
        raise bad_request(message, _INVALID)
    _check_target(call, body["target_tenant"])
    allowed = _ACTIONS.get(body["object_type"], ("access_as_shared",))
    if body["action"] not in allowed:
        message = f"Invalid action '{body['action']}' for object type '{body['object_type']}'. Valid actions: {allowed}"
        raise bad_request(message, "InvalidActionForType")
    call.find(_TABLES[body["object_type"]], body["object_id"], _unshared(body["object_id"]))
    for known in call.cloud.table("rbac_policies").values():
        if all(known[key] == body[key] for key in _KEY):
            raise conflict("An RBAC policy already exists with those values.", "DuplicateRbacPolicy")
    return body


def _unshared(key: str) -> Problem:
    return bad_request(f"Invalid input for operation: {key} could not be found.", _INVALID)


def _update_rbac(call: Call, body: Body, change: Body) -> None:
    _check_target(call, str(change.get("target_tenant", body["target_tenant"])))
    body.update(change)


RBAC = Collection(
    label="rbac_policy",
    plural="rbac_policies",
    path="rbac-policies",
    attributes={
        **{name: COMMON[name] for name in ("id", "project_id", "tenant_id")},
        "object_type": Attribute(default=REQUIRED, put=False),
        "object_id": Attribute(default=REQUIRED, put=False),
        "action": Attribute(default=REQUIRED, put=False),
        "target_tenant": Attribute(default=REQUIRED),
    },
    lost_type="RbacPolicyNotFound",
    lost_message="RBAC policy of type unknown with ID {} not found",
    create=_create_rbac,
    update=_update_rbac,
    standard=False,
)
ROUTES = (
    Route("PUT", "/v2.0/address-groups/<key>/add_addresses", add_addresses),
    Route("PUT", "/v2.0/address-groups/<key>/remove_addresses", remove_addresses),
)
