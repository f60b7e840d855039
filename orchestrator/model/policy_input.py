"""The document that policies see: the shape and the habits of Terraform's JSON plan, with our names of types.

Enters: changes and desired resources, with their Unknowns and secrets. Leaves: JSON-like data without either:
an Unknown is absent (``null`` in a list, so that indexes stay) and ``true`` in the unknown map, a secret is
``"(sensitive)"`` and ``true`` in the sensitive map. Holds: a secret's plain value is never in the result, and
a spec without such leaves is shared, not copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from orchestrator.model.change import Action, Change
from orchestrator.model.resource import Desired
from orchestrator.model.values import Secret
from orchestrator.model.verdict import Stage

SENSITIVE: Final = "(sensitive)"
FORMAT_VERSION: Final = "1.0"

_ABSENT: Final = object()
_PLAIN: Final = frozenset((str, int, float, bool, type(None)))
_ACTIONS: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.CREATE: ("create",),
    Action.UPDATE: ("update",),
    Action.DELETE: ("delete",),
    Action.RETAG: ("update",),
    Action.FORGET: ("forget",),
    Action.READ: ("read",),
}


class View(NamedTuple):
    """What a policy sees of one value, and where it is unknown or sensitive (False: nowhere)."""

    value: Any
    unknown: Any = False
    sensitive: Any = False


def view(value: Any) -> View:
    """Split a value into what may be shown and the maps of what is not known or secret.

    A leaf that is no JSON value (an expression that is not resolved yet) counts as unknown.
    """
    if type(value) in _PLAIN:
        return View(value)
    if isinstance(value, Mapping):
        return _view_of_object(value)
    if isinstance(value, list | tuple):
        return _view_of_list(value)
    if isinstance(value, Secret):
        return View(SENSITIVE, sensitive=True)
    return View(value) if isinstance(value, str | int | float) else View(_ABSENT, unknown=True)


def _view_of_object(value: Mapping[str, Any]) -> View:
    views: dict[str, View] = {}
    for key, inner in value.items():
        if type(inner) not in _PLAIN:
            seen = view(inner)
            if seen.value is not inner:
                views[key] = seen
    if not views:
        return View(value if isinstance(value, dict) else dict(value))
    shown = {k: views[k].value if k in views else v for k, v in value.items()}
    return View(
        {k: v for k, v in shown.items() if v is not _ABSENT},
        {k: v.unknown for k, v in views.items() if v.unknown} or False,
        {k: v.sensitive for k, v in views.items() if v.sensitive} or False,
    )


def _view_of_list(value: Sequence[Any]) -> View:
    views = [view(inner) for inner in value]
    if isinstance(value, list) and all(v.value is inner for v, inner in zip(views, value, strict=True)):
        return View(value)
    return View(
        [None if v.value is _ABSENT else v.value for v in views],
        [v.unknown for v in views] if any(v.unknown for v in views) else False,
        [v.sensitive for v in views] if any(v.sensitive for v in views) else False,
    )


def terraform_actions(change: Change) -> list[str]:
    """A change in Terraform's words: what happens to the object, in order."""
    if change.action is Action.REPLACE:
        return ["create", "delete"] if change.create_first else ["delete", "create"]
    known = _ACTIONS.get(change.action)
    if known is not None:
        return list(known)
    return ["update"] if change.properties else ["no-op"]


def resource_change(change: Change) -> dict[str, Any]:
    """One item of ``input.resource_changes``."""
    before, after = view(change.before), view(change.after)
    item: dict[str, Any] = {
        "address": change.address,
        "mode": "data" if change.action is Action.READ else "managed",
        "type": change.type,
        "provider_name": change.provider,
        "action": str(change.action),
        "change": {
            "actions": terraform_actions(change),
            "before": before.value,
            "after": after.value,
            "after_unknown": after.unknown or {},
            "before_sensitive": before.sensitive or {},
            "after_sensitive": after.sensitive or {},
            "replace_paths": [list(p.path) for p in change.properties if p.replaces],
        },
        "reason": change.reason,
        "labels": dict(change.labels),
        "reversible": change.reversible,
        "file": change.file,
        "line": change.line,
    }
    if change.deposed:
        item["deposed"] = change.deposed
    if change.moved_from is not None:
        item["previous_address"] = change.moved_from
    return item


def desired_resource(resource: Desired) -> dict[str, Any]:
    """One item of ``input.resources``."""
    spec = view(resource.spec)
    return {
        "address": resource.address,
        "mode": str(resource.mode),
        "type": resource.type,
        "provider_name": resource.provider,
        "spec": spec.value,
        "unknown": spec.unknown or {},
        "sensitive": spec.sensitive or {},
        "labels": dict(resource.labels),
        "file": resource.file,
        "line": resource.line,
    }


def instant(seconds: float) -> str:
    """A time in the form of RFC 3339, in UTC: what rules compare with, so that no engine looks at its own clock."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def policy_input(
    *,
    stage: Stage,
    stack: Mapping[str, Any],
    params: Mapping[str, Any],
    changes: Sequence[Change] = (),
    resources: Sequence[Desired] = (),
    operation: str = "apply",
    now: float = 0.0,
) -> dict[str, Any]:
    """The whole input document of one stage.

    ``stack`` and ``params`` go in as they are, secrets hidden; ``stack`` has ``name``, ``id`` and ``providers``
    (by name, each with ``region`` where it has one). ``operation`` is ``apply`` or ``destroy``: what the user
    asked for, ``now`` (seconds since 1970, UTC) when it is asked. ``summary`` counts the changes by our own action names, every name present.
    """
    counts = Counter(c.action for c in changes)
    return {
        "format_version": FORMAT_VERSION,
        "stage": str(stage),
        "now": instant(now),
        "operation": operation,
        "stack": view(stack).value,
        "params": view(params).value,
        "summary": {str(action): counts[action] for action in Action},
        "resource_changes": [resource_change(c) for c in changes],
        "resources": [desired_resource(r) for r in resources],
    }
