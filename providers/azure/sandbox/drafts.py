"""From a request body to the body that a resource would have, and every refusal on the way.

Enters: the rules of a type, the body, what is stored. Leaves: a `Draft`. Holds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import documents, ids
from .answers import RefusedError
from .rules import Draft, Resource, Rules
from .world import World

OWN = ("id", "name", "type", "etag", "systemData")


def for_put(rules: Rules, path: ids.Path, body: Mapping[str, Any], existing: Resource | None) -> Draft:
    """A PUT replaces: what the body leaves out is back at its default; read-only properties stay."""
    check_body(rules, path, body, existing)
    return _complete(rules, existing.id if existing else path.id, body, existing)


def for_patch(rules: Rules, path: ids.Path, body: Mapping[str, Any], existing: Resource) -> Draft:
    """A PATCH merges into what is stored; tags are replaced as a whole."""
    given = {"tags": body.get("tags") or {}} if rules.patch_tags_only else body
    merged = documents.patched(existing.body, given)
    check_body(rules, path, merged, existing)
    return _complete(rules, existing.id, merged, existing)


def _complete(rules: Rules, identity: str, body: Mapping[str, Any], existing: Resource | None) -> Draft:
    stripped = documents.with_defaults({}, body)
    for name in OWN:
        stripped.pop(name, None)
    for dropped in (*rules.read_only, *rules.write_only, rules.words.field):
        if dropped:
            documents.drop(stripped, dropped)
    complete = documents.with_defaults(rules.defaults, stripped)
    for kept in (*rules.read_only, rules.words.field):
        known = documents.value(existing.body, kept) if existing and kept and "[]" not in kept else None
        if known is not None:
            documents.put(complete, kept, known)
    if rules.located:
        complete["location"] = normal_location(str(complete.get("location", "")))
    return Draft(identity, complete, body, existing)


def normal_location(location: str) -> str:
    """The short name of a region: "West Europe" and "westeurope" are one place."""
    return location.replace(" ", "").lower()


def check_body(rules: Rules, path: ids.Path, body: Mapping[str, Any], existing: Resource | None) -> None:
    """What ARM checks of any body: name, location, required properties, identity, state."""
    if not re.fullmatch(rules.name_pattern, path.names[-1]):
        raise RefusedError(400, rules.name_code, f"Resource name {path.names[-1]} is invalid.")
    if rules.located and not body.get("location"):
        message = "The location property is required for this definition."
        raise RefusedError(400, "LocationRequired", message)
    _check_location(rules, body, existing)
    for needed in rules.required:
        if existing is None and documents.value(body, needed) is None:
            message = f"Required parameter '{needed}' is missing (null)."
            raise RefusedError(400, "InvalidParameter", message)
    _check_state(rules, body, existing)
    named = body.get("name")
    if named is not None and str(named).lower() != path.names[-1].lower():
        message = f"The resource name '{named}' does not match the name '{path.names[-1]}' of the request."
        raise RefusedError(400, "InvalidRequestContent", message)


def _check_location(rules: Rules, body: Mapping[str, Any], existing: Resource | None) -> None:
    if existing is None or not rules.located:
        return
    before = str(existing.body["location"])
    after = normal_location(str(body["location"]))
    if before != after:
        message = (
            f"The resource '{existing.name}' already exists in location '{before}'. A resource with the same "
            f"name cannot be created in location '{after}'. Please select a new resource name."
        )
        raise RefusedError(409, "InvalidResourceLocation", message)


def _check_state(rules: Rules, body: Mapping[str, Any], existing: Resource | None) -> None:
    given = documents.value(body, "properties.provisioningState")
    if given is None or not rules.words.field:
        return
    known = documents.value(existing.body, rules.words.field) if existing else rules.words.ready
    if str(given) != str(known):
        message = f"The value '{given}' of the read-only property 'provisioningState' is not the current one."
        raise RefusedError(400, "InvalidParameter", message)


def check_changes(rules: Rules, draft: Draft) -> None:
    """A create-only property that would change: 409, the resource is left alone."""
    if draft.existing is None:
        return
    for fixed in rules.create_only:
        before = list(documents.values(draft.existing.body, fixed))
        after = list(documents.values(draft.body, fixed))
        if before and after and before != after:
            short = fixed.removeprefix("properties.").replace("[]", "")
            message = f"Changing property '{short}' is not allowed."
            raise RefusedError(409, "PropertyChangeNotAllowed", message)


def check_references(world: World, rules: Rules, draft: Draft) -> None:
    """Every id in the body must lead to a resource that is there."""
    for reference in rules.references:
        for target in documents.values(draft.body, reference.path):
            if world.get(str(target)) is None:
                message = (
                    f"Resource {target} referenced by resource {draft.id} was not found. Please make sure that "
                    "the referenced resource exists, and that both resources are in the same region."
                )
                raise RefusedError(400, "InvalidResourceReference", message)


def check_conditions(rules: Rules, existing: Resource | None, headers: Mapping[str, str]) -> None:
    """If-Match and If-None-Match, where the type honours them: 412."""
    if not rules.conditional:
        return
    match, none_match = headers.get("If-Match"), headers.get("If-None-Match")
    if match and (existing is None or match not in ("*", existing.etag)):
        message = (
            f"The etag provided in If-Match header {match} does not match the current one of the resource."
        )
        raise RefusedError(412, "PreconditionFailed", message)
    if none_match == "*" and existing is not None:
        message = (
            f"The resource {existing.id} exists, and the request asked that it should not (If-None-Match)."
        )
        raise RefusedError(412, "PreconditionFailed", message)


def check_unused(world: World, resource: Resource) -> None:
    """A delete is refused while something outside of the resource refers to it or to a child of it."""
    inside = resource.key + "/"
    for each in (resource, *world.children(resource.id)):
        refusal = each.rules.in_use
        for user, _path in world.users(each.id) if refusal else ():
            if refusal is not None and not user.key.startswith(inside):
                message = refusal.message.format(name=each.name, id=each.id, by=user.id)
                raise RefusedError(refusal.status, refusal.code, message)
