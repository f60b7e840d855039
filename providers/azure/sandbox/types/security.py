"""Network security groups and their rules."""

from __future__ import annotations

from typing import Any

from providers.azure.sandbox import documents, ids
from providers.azure.sandbox.answers import RefusedError
from providers.azure.sandbox.rules import Draft, Hooks, InUse, Resource, Rules
from providers.azure.sandbox.world import World

from . import inline
from .network import TAGS_ONLY, identify

# name, priority, direction, access, source, destination: what every group has from the start
DEFAULT_RULES = (
    ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
)
NEEDED = ("protocol", "access", "direction", "priority")


def _check_rule(body: dict[str, Any], name: str) -> None:
    properties = body.get("properties", {})
    for needed in NEEDED:
        if properties.get(needed) is None:
            message = (
                f"Required security rule parameters are missing for security rule with Id: {name}. ({needed})"
            )
            raise RefusedError(400, "SecurityRuleParameterMissing", message)
    if not 100 <= int(properties["priority"]) <= 4096:
        message = f"Security rule {name} has invalid Priority. Value provided: {properties['priority']} Allowed: 100-4096."
        raise RefusedError(400, "SecurityRuleInvalidPriority", message)


def _check_conflict(mine: dict[str, Any], name: str, others: list[tuple[str, dict[str, Any]]]) -> None:
    for other, body in others:
        same = all(body["properties"][key] == mine["properties"][key] for key in ("direction", "priority"))
        if other.lower() != name.lower() and same:
            message = (
                f"Security rule {name} conflicts with rule {other}. Rules cannot have the same Priority and "
                "Direction."
            )
            raise RefusedError(400, "SecurityRuleConflict", message)


def _validate_rule(world: World, draft: Draft) -> None:
    name = ids.name_of(draft.id)
    _check_rule(draft.body, name)
    siblings = world.children(ids.parent_id(draft.id), RULE.type)
    _check_conflict(draft.body, name, [(each.name, each.body) for each in siblings])


def _validate_group(world: World, draft: Draft) -> None:
    given = documents.value(draft.given, "properties.securityRules") or []
    for each in given:
        _check_rule(each, str(each.get("name", "")))
    named = [(str(each.get("name", "")), each) for each in given]
    for name, body in named:
        _check_conflict(body, name, named)
    inline.validate(world, draft, "securityRules", RULE)


def _store_group(world: World, resource: Resource) -> None:
    identify(world, resource)
    inline.store(world, resource, "securityRules", RULE)


def _view_group(world: World, resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    inline.view(world, resource, body, "securityRules", RULE)
    body["properties"]["defaultSecurityRules"] = [_default_rule(resource, *each) for each in DEFAULT_RULES]
    for user, _path in world.users(resource.id):
        listed = "subnets" if user.rules.type.endswith("subnets") else "networkInterfaces"
        body["properties"].setdefault(listed, []).append({"id": user.id})
    return body


def _default_rule(group: Resource, *rule: str | int) -> dict[str, Any]:
    name, priority, direction, access, source, destination = rule
    return {
        "name": name,
        "id": f"{group.id}/defaultSecurityRules/{name}",
        "type": f"{GROUP.type}/defaultSecurityRules",
        "properties": {
            "provisioningState": "Succeeded",
            "protocol": "*",
            "sourcePortRange": "*",
            "destinationPortRange": "*",
            "sourceAddressPrefix": source,
            "destinationAddressPrefix": destination,
            "access": access,
            "priority": priority,
            "direction": direction,
        },
    }


RULE = Rules(
    type="Microsoft.Network/networkSecurityGroups/securityRules",
    located=False,
    tagged=False,
    etag=True,
    conditional=True,
    busy_with_parent=True,
    defaults={
        "properties": {
            "sourcePortRanges": [],
            "destinationPortRanges": [],
            "sourceAddressPrefixes": [],
            "destinationAddressPrefixes": [],
        }
    },
    hooks=Hooks(validate=_validate_rule),
)

GROUP = Rules(
    type="Microsoft.Network/networkSecurityGroups",
    patch=TAGS_ONLY,
    patch_tags_only=True,
    etag=True,
    conditional=True,
    defaults={"properties": {"securityRules": []}},
    read_only=(
        "properties.resourceGuid",
        "properties.defaultSecurityRules",
        "properties.networkInterfaces",
        "properties.subnets",
    ),
    in_use=InUse(
        400,
        "InUseNetworkSecurityGroupCannotBeDeleted",
        "Network security group {id} cannot be deleted because it is in use by the following resources: {by}. In "
        "order to delete the Network security group, remove the association with the resource(s).",
    ),
    hooks=Hooks(validate=_validate_group, stored=_store_group, view=_view_group),
)

RULES = (GROUP, RULE)
