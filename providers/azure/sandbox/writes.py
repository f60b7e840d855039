"""PUT, PATCH, DELETE and POST of any type: the generic core of the simulator.

Enters: a path, the rules of its type, a body. Leaves: a `Reply`; the world is changed at once, its states
when the operation ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import documents, drafts, ids, reads
from .answers import RefusedError, Reply
from .rules import Answer, Draft, Operation, Resource, Rules, Style
from .world import World


@dataclass(frozen=True, slots=True)
class Call:
    """One request: where it points, under which version, with what."""

    path: ids.Path
    version: str
    host: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    retry_after: int


def put(world: World, rules: Rules, call: Call) -> Reply:
    """Creates or replaces."""
    reads.check_scope(world, call.path)
    existing = world.get(call.path.id)
    drafts.check_conditions(rules, existing, call.headers)
    draft = drafts.for_put(rules, call.path, call.body, existing)
    return _write(world, rules, call, draft, rules.put)


def patch(world: World, rules: Rules, call: Call) -> Reply:
    """Merges into a resource that must be there."""
    if rules.patch is None:
        raise RefusedError(405, "MethodNotAllowed", f"The type {rules.type} does not support PATCH.")
    existing = reads.known(world, call.path)
    drafts.check_conditions(rules, existing, call.headers)
    draft = drafts.for_patch(rules, call.path, call.body, existing)
    return _write(world, rules, call, draft, rules.patch)


def _write(world: World, rules: Rules, call: Call, draft: Draft, answer: Answer) -> Reply:
    known = draft.existing
    if known is not None and known.operation is not None and _same_goal(rules, known, draft):
        return _accepted(world, call, known, answer, known.operation)
    _check_busy(world, rules, draft.id)
    drafts.check_changes(rules, draft)
    drafts.check_references(world, rules, draft)
    _check_taken(world, rules, draft)
    rules.hooks.validate(world, draft)
    resource = _store(world, rules, draft)
    if answer.style is Style.SYNC:
        _become(world, resource, rules.words.ready)
        status = answer.created if draft.existing is None else answer.updated
        return Reply(status, reads.body_of(world, resource))
    operation = world.begin(
        "PUT", resource, answer.style, lambda good: _written(world, resource, succeeded=good)
    )
    return _accepted(world, call, resource, answer, operation, new=draft.existing is None)


def _store(world: World, rules: Rules, draft: Draft) -> Resource:
    resource = draft.existing
    word = rules.words.updating
    if resource is None:
        resource = Resource(draft.id, rules, {}, world.now())
        world.resources[resource.key] = resource
        word = rules.words.creating
    resource.body = draft.body
    resource.version += 1
    resource.hidden["goal"] = _goal(rules, draft)
    set_state(resource, word)
    rules.hooks.stored(world, resource)
    return resource


def _goal(rules: Rules, draft: Draft) -> dict[str, Any]:
    """What a write asks for, without what the server says: the same goal starts no new operation."""
    goal = documents.with_defaults({}, draft.body)
    for dropped in (*rules.read_only, rules.words.field):
        if dropped:
            documents.drop(goal, dropped)
    return goal


def _same_goal(rules: Rules, known: Resource, draft: Draft) -> bool:
    writing = known.operation is not None and known.operation.method == "PUT"
    return writing and known.hidden.get("goal") == _goal(rules, draft)


def _written(world: World, resource: Resource, *, succeeded: bool) -> None:
    _become(world, resource, resource.rules.words.ready if succeeded else resource.rules.words.failed)


def _become(world: World, resource: Resource, word: str) -> None:
    """Ends a write in the given state."""
    set_state(resource, word)
    resource.version += 1
    if word != resource.rules.words.failed:
        resource.rules.hooks.ready(world, resource)


def set_state(resource: Resource, word: str) -> None:
    """Writes the state where the type shows it."""
    if resource.rules.words.field:
        documents.put(resource.body, resource.rules.words.field, word)


def _check_busy(world: World, rules: Rules, identity: str) -> None:
    resource = world.get(identity)
    candidates = [resource] if resource else []
    if rules.busy_with_parent:
        parent = world.get(ids.parent_id(identity))
        candidates += [
            each for each in (parent, *world.children(ids.parent_id(identity), rules.type)) if each
        ]
    for each in candidates:
        if each.operation is not None:
            raise RefusedError(
                409,
                "AnotherOperationInProgress",
                "Another operation on this or dependent resource is in progress. To retrieve status of the "
                f"operation use uri: /operations/{each.operation.id}.",
            )


def _check_taken(world: World, rules: Rules, draft: Draft) -> None:
    if not rules.name_taken or draft.existing is not None:
        return
    name = ids.name_of(draft.id).lower()
    if any(each.name.lower() == name for each in world.of_type(rules.type)):
        raise RefusedError(409, rules.name_taken, f"The name {name} is already taken.")


def delete(world: World, rules: Rules, call: Call) -> Reply:
    """Removes a resource and what is below it; a missing one is 204."""
    if rules.type != ids.GROUPS:
        reads.check_group(world, call.path)
    resource = world.get(call.path.id)
    if resource is None:
        if rules.type == ids.GROUPS:
            raise reads.group_missing(call.path)
        return Reply(204)
    drafts.check_conditions(rules, resource, call.headers)
    if resource.operation is not None and resource.operation.method == "DELETE":
        return _accepted(world, call, resource, rules.delete, resource.operation)
    if rules.type != ids.GROUPS:
        _check_busy(world, rules, resource.id)
        drafts.check_unused(world, resource)
    if rules.delete.style is Style.SYNC:
        world.remove(resource)
        return Reply(rules.delete.updated)
    set_state(resource, rules.words.deleting)
    operation = world.begin(
        "DELETE", resource, rules.delete.style, lambda good: _deleted(world, resource, succeeded=good)
    )
    return _accepted(world, call, resource, rules.delete, operation)


def _deleted(world: World, resource: Resource, *, succeeded: bool) -> None:
    if succeeded:
        world.remove(resource)
    else:
        set_state(resource, resource.rules.words.failed)


def act(world: World, rules: Rules, call: Call) -> Reply:
    """An action on a resource ("start"): 202 and an operation."""
    known = {name.lower(): start for name, start in rules.actions.items()}
    start = known.get(call.path.tail.lower())
    if start is None:
        message = f"The resource type {rules.type} does not support the action '{call.path.tail}'."
        raise RefusedError(404, "InvalidResourceType", message)
    resource = reads.known(world, call.path)
    _check_busy(world, rules, resource.id)
    operation = world.begin("POST", resource, Style.OPERATION, start(world, resource))
    return _accepted(world, call, resource, Answer(202, 202, body=False), operation)


def _accepted(
    world: World, call: Call, resource: Resource, answer: Answer, operation: Operation, *, new: bool = False
) -> Reply:
    status = answer.created if new else answer.updated
    shows = answer.body and operation.method == "PUT"
    return Reply(status, reads.body_of(world, resource) if shows else None, polling_headers(call, operation))


def polling_headers(call: Call, operation: Operation) -> dict[str, str]:
    """Where to ask after an operation, as its style says it."""
    headers = {"Retry-After": str(call.retry_after)}
    namespace = call.path.namespace or "Microsoft.Resources"
    base = f"{call.host}/subscriptions/{call.path.subscription}/providers/{namespace}/locations/global"
    query = f"api-version={call.version}"
    if operation.style is Style.OPERATION:
        headers["Azure-AsyncOperation"] = f"{base}/operations/{operation.id}?{query}"
    if operation.style is Style.LOCATION or (
        operation.style is Style.OPERATION and operation.method != "PUT"
    ):
        headers["Location"] = f"{base}/operationResults/{operation.id}?{query}"
    return headers if operation.style is not Style.BODY else {}
