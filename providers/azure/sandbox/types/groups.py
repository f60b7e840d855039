"""Resource groups: made at once, deleted with all that they hold."""

from __future__ import annotations

from typing import Any

from providers.azure.sandbox import ids
from providers.azure.sandbox.rules import Answer, Resource, Rules, Style
from providers.azure.sandbox.world import World


def resources(world: World, group: Resource) -> dict[str, Any]:
    """What is directly in a group: id, name, type, location; nested resources are not listed."""
    found = [each for each in world.children(group.id) if ids.parent_id(each.id).lower() == group.key]
    shown = [
        {"id": each.id, "name": each.name, "type": each.rules.type, "location": each.body.get("location")}
        for each in found
    ]
    return {"value": shown}


RULES = (
    Rules(
        type=ids.GROUPS,
        put=Answer(201, 200, Style.SYNC),
        patch=Answer(200, 200, Style.SYNC),
        delete=Answer(202, 202, Style.LOCATION, body=False),
        name_pattern=r"[\w.()-]{0,89}[\w()-]",
        read_only=("managedBy",),
        views={"resources": resources},
    ),
)
