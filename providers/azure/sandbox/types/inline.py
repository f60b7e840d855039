"""Children that are written with their parent or by themselves: both views agree.

Enters: a parent's draft whose body lists children. Leaves: child resources; the parent keeps no copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.azure.sandbox import documents, drafts, ids, reads
from providers.azure.sandbox.rules import Draft, Resource, Rules
from providers.azure.sandbox.world import World


def validate(world: World, draft: Draft, field: str, child: Rules) -> None:
    """Every listed child must be acceptable, and every one left out must be free to go."""
    given = documents.value(draft.given, f"properties.{field}")
    if given is None:
        return
    listed = {str(each.get("name", "")).lower() for each in given}
    for known in world.children(draft.id, child.type):
        if known.name.lower() not in listed:
            drafts.check_unused(world, known)
    for each in given:
        _draft(world, draft.id, child, each)


def _draft(world: World, parent: str, child: Rules, given: Mapping[str, Any]) -> Draft:
    segment = child.type.rsplit("/", 1)[-1]
    path = ids.parse(f"{parent}/{segment}/{given.get('name', '')}")
    if path is None:
        raise ValueError(parent)
    made = drafts.for_put(child, path, given, world.get(path.id))
    drafts.check_references(world, child, made)
    return made


def store(world: World, parent: Resource, field: str, child: Rules) -> None:
    """Makes the children as the parent's body lists them; a body without the list leaves them alone."""
    given = parent.body.setdefault("properties", {}).pop(field, None)
    if given is None:
        return
    listed = {str(each["name"]).lower() for each in given}
    for known in world.children(parent.id, child.type):
        if known.name.lower() not in listed:
            world.remove(known)
    for each in given:
        _store(world, child, _draft(world, parent.id, child, each))


def _store(world: World, child: Rules, draft: Draft) -> None:
    resource = draft.existing
    if resource is None:
        resource = Resource(draft.id, child, {}, world.now())
        world.resources[resource.key] = resource
    resource.body = draft.body
    resource.version += 1
    documents.put(resource.body, child.words.field, child.words.ready)
    child.hooks.stored(world, resource)


def view(world: World, parent: Resource, body: dict[str, Any], field: str, child: Rules) -> dict[str, Any]:
    """The parent's body with its children in it."""
    found = world.children(parent.id, child.type)
    body["properties"][field] = [reads.body_of(world, each) for each in found]
    return body
