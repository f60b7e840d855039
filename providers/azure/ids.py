"""Ids of ARM resources, as they follow from a spec.

Enters: a kind and a spec. Leaves: ids, parents and the URLs of collections. Holds nothing. ARM compares ids
without regard to case, and so do the keys made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .kinds.kind import GROUP, ArmKind
from .kinds.storage import SERVICE


def resource_id(kind: ArmKind, spec: Mapping[str, Any], subscription: str) -> str | None:
    """The id that the spec gives to its resource, or None while name or parent is not known."""
    name, parent = spec.get("name"), parent_of(kind, spec, subscription)
    if not isinstance(name, str) or parent is None:
        return None
    return f"{parent}/{kind.collection}/{name}"


def parent_of(kind: ArmKind, spec: Mapping[str, Any], subscription: str) -> str | None:
    """The id below which the collection stands, or None while it is not known."""
    if not kind.parent:
        return f"/subscriptions/{subscription}"
    parent = spec.get("parent")
    if not isinstance(parent, str):
        return None
    return _without_service(parent.rstrip("/"))


def parent_in(kind: ArmKind, resource: str) -> str:
    """The parent in a resource's id."""
    depth = kind.collection.count("/") + 2
    return "/".join(resource.split("/")[:-depth])


def name_in(resource: str) -> str:
    """The last name of an id."""
    return resource.rsplit("/", 1)[-1]


def key(resource: str) -> str:
    """An id as it is compared."""
    return resource.rstrip("/").lower()


def everywhere(kind: ArmKind, subscription: str) -> str:
    """The list of all resources of a kind that has one."""
    if kind.type == GROUP:
        return f"/subscriptions/{subscription}/resourcegroups"
    return f"/subscriptions/{subscription}/{kind.collection}"


def _without_service(parent: str) -> str:
    return parent[: -len(SERVICE)] if parent.lower().endswith(SERVICE.lower()) else parent
