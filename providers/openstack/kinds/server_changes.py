"""What an update of a server is made of: each changed property has its own call."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.provision import Request
from orchestrator.model.values import reveal
from providers.openstack.kinds.kind import Cloud, Spec, chosen_name
from providers.openstack.kinds.server_reading import PATH, UNCONFIRMED, flavor_name

_DONE_ALREADY: Final = ("Duplicate items", "not associated with the instance")
"""What is said of a group that a lost call has added or removed."""


def apply_changes(cloud: Cloud, request: Request, id: str) -> str:
    """Make every change but the last half of a resize; says what is to be waited for."""
    wanted = reveal(request.want)
    prior: Spec = request.prior.spec if request.prior is not None else {}
    changed = {str(change.path[0]) for change in request.changes}
    named = {"name": chosen_name(wanted, request.marker)} if "name" in changed else {}
    texts = named | ({"description": wanted.get("description")} if "description" in changed else {})
    if texts:
        cloud.client.send("compute", "PUT", f"{PATH}/{id}", {"server": texts})
    if "metadata" in changed or request.action is Action.RETAG:
        kept = prior.get("metadata", {}) if request.action is Action.RETAG else wanted.get("metadata", {})
        body = {"metadata": {**kept, **request.marker.tags()}}
        cloud.client.send("compute", "PUT", f"{PATH}/{id}/metadata", body)
    if "tags" in changed:
        cloud.client.send("compute", "PUT", f"{PATH}/{id}/tags", {"tags": list(wanted.get("tags", ()))})
    if "security_groups" in changed:
        _regroup(cloud, id, wanted.get("security_groups", ()), prior.get("security_groups", ()))
    return resize(cloud, id, str(wanted["flavor"])) if "flavor" in changed else "update"


def _regroup(cloud: Cloud, id: str, wanted: Any, seen: Any) -> None:
    for action, names in (
        ("addSecurityGroup", set(wanted) - set(seen)),
        ("removeSecurityGroup", set(seen) - set(wanted)),
    ):
        for name in sorted(names):
            key = cloud.names.id("security_group", name)
            try:
                cloud.client.send("compute", "POST", f"{PATH}/{id}/action", {action: {"name": key}})
            except PermanentError as error:
                if not any(word in error.message for word in _DONE_ALREADY):
                    raise


def resize(cloud: Cloud, id: str, flavor: str) -> str:
    """Start a resize, unless an interrupted run has done so already; take back one to another size first."""
    body = cloud.client.get("compute", f"{PATH}/{id}")["server"]
    there = body["flavor"]["original_name"] == flavor_name(cloud, flavor)
    if there:
        return "resize" if body["status"] in {UNCONFIRMED, "RESIZE"} else "update"
    unconfirmed = body["status"] == UNCONFIRMED
    start = {"resize": {"flavorRef": cloud.names.id("flavor", flavor)}}
    action = {"revertResize": None} if unconfirmed else start
    cloud.client.send("compute", "POST", f"{PATH}/{id}/action", action)
    return "revert" if unconfirmed else "resize"
