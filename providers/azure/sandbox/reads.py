"""GET and lists, and the refusals that every request on a resource shares.

Enters: the world and a path. Leaves: bodies as ARM shows them.
"""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import quote

from . import ids
from .answers import RefusedError, Reply
from .rules import Resource, Rules
from .world import World


def body_of(world: World, resource: Resource) -> dict[str, Any]:
    """The document of a resource as a GET shows it."""
    body = {"id": resource.id, "name": resource.name, "type": resource.rules.type}
    if resource.rules.etag:
        body["etag"] = resource.etag
    body.update(copy.deepcopy(resource.body))
    return resource.rules.hooks.view(world, resource, body)


def group_missing(path: ids.Path) -> RefusedError:
    """404 of a resource group that is not there."""
    return RefusedError(404, "ResourceGroupNotFound", f"Resource group '{path.group}' could not be found.")


def check_group(world: World, path: ids.Path) -> None:
    """404 unless the path's resource group exists; 409 for writes while it goes is `check_scope`'s."""
    if world.get(f"/subscriptions/{path.subscription}/resourceGroups/{path.group}") is None:
        raise group_missing(path)


def check_scope(world: World, path: ids.Path) -> None:
    """A write needs its group, not being deleted, and its parent resource."""
    if path.type == ids.GROUPS:
        return
    check_group(world, path)
    group = world.get(f"/subscriptions/{path.subscription}/resourceGroups/{path.group}")
    if group is not None and group.operation is not None:
        message = (
            f"The resource group '{path.group}' is in deprovisioning state and cannot perform this operation."
        )
        raise RefusedError(409, "ResourceGroupBeingDeleted", message)
    check_parent(world, path)


def check_parent(world: World, path: ids.Path) -> None:
    """404 unless what holds a nested resource exists."""
    parent = ids.parent_id(path.id)
    if len(path.names) > 1 and world.get(parent) is None:
        message = (
            "Can not perform requested operation on nested resource. "
            f"Parent resource '{ids.name_of(parent)}' not found."
        )
        raise RefusedError(404, "ParentResourceNotFound", message)


def known(world: World, path: ids.Path) -> Resource:
    """The resource of a path, or ARM's 404 with the code that says what is missing."""
    if path.type != ids.GROUPS:
        check_group(world, path)
        check_parent(world, path)
    resource = world.get(path.id)
    if resource is not None:
        return resource
    if path.type == ids.GROUPS:
        raise group_missing(path)
    short = "/".join(path.id.split("/")[6:])
    message = (
        f"The Resource '{short}' under resource group '{path.group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    raise RefusedError(404, "ResourceNotFound", message)


def hidden_by_staleness(world: World, resource: Resource, stale: float) -> bool:
    """True where a stale read would not show the resource yet."""
    return stale > 0 and world.now() - resource.created < stale


def get(world: World, path: ids.Path, stale: float) -> Reply:
    """One resource."""
    resource = known(world, path)
    if hidden_by_staleness(world, resource, stale):
        message = f"The Resource '{resource.name}' under resource group '{path.group}' was not found."
        raise RefusedError(404, "ResourceNotFound", message)
    headers = {"ETag": resource.etag} if resource.rules.etag else {}
    return Reply(200, body_of(world, resource), headers)


def collection(world: World, rules: Rules, path: ids.Path, stale: float) -> list[dict[str, Any]]:
    """All resources of a type in the subscription, in a group or below a parent."""
    if path.names and path.type != ids.GROUPS:
        known(world, path)
        found = world.children(path.id, rules.type)
    elif path.group and path.type != ids.GROUPS:
        check_group(world, path)
        found = world.children(f"/subscriptions/{path.subscription}/resourceGroups/{path.group}", rules.type)
    else:
        found = world.of_type(rules.type)
    return [body_of(world, each) for each in found if not hidden_by_staleness(world, each, stale)]


def page(items: list[dict[str, Any]], url: str, version: str, *, skip: int, size: int) -> Reply:
    """One page, with an absolute link to the next one while there is more."""
    body: dict[str, Any] = {"value": items[skip : skip + size]}
    if skip + size < len(items):
        body["nextLink"] = f"{url}?api-version={version}&{quote('$skiptoken')}={skip + size}"
    return Reply(200, body)
