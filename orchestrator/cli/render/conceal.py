"""Hides what a kind's schema calls secret, so that no way of showing a plan can forget it.

Enters: a plan and the kinds. Leaves: the same plan in which such values are Secrets without a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from orchestrator.model.change import Change, PropertyChange
from orchestrator.model.ids import Path, TypeName
from orchestrator.model.kind import KindSchema
from orchestrator.model.plan import Plan
from orchestrator.model.schema import Property
from orchestrator.model.values import Secret, Unknown

Kinds = Callable[[TypeName], KindSchema | None]
_HIDDEN = Secret(None)


def conceal(plan: Plan, kinds: Kinds) -> Plan:
    """``plan`` without the values that its kinds call secret."""
    return replace(plan, changes=tuple(conceal_change(c, kinds(c.type)) for c in plan.changes))


def conceal_change(change: Change, kind: KindSchema | None) -> Change:
    """One change without its secrets; the same one where its kind has none."""
    if kind is None or not _has_secrets(kind.spec):
        return change
    return replace(
        change,
        before=_hide(change.before, kind.spec),
        after=_hide(change.after, kind.spec),
        properties=tuple(_property(p, kind.spec) for p in change.properties),
    )


def conceal_spec(spec: Mapping[str, Any], schema: Property) -> Mapping[str, Any]:
    """A spec or a status without what its schema calls secret."""
    hidden: Mapping[str, Any] = _hide(spec, schema)
    return hidden


def _has_secrets(schema: Property) -> bool:
    inner = [*schema.properties.values(), *(p for p in (schema.items, schema.additional) if p is not None)]
    return schema.secret or any(_has_secrets(p) for p in inner)


def _hide(value: Any, schema: Property) -> Any:
    if value is None or isinstance(value, Unknown | Secret):
        return value
    if schema.secret:
        return _HIDDEN
    if isinstance(value, Mapping):
        return {k: _hide(v, schema.properties.get(k) or schema.additional or _ANY) for k, v in value.items()}
    if isinstance(value, list | tuple) and schema.items is not None:
        return [_hide(v, schema.items) for v in value]
    return value


def _property(change: PropertyChange, schema: Property) -> PropertyChange:
    inner, secret = _at(schema, change.path)
    if secret:
        inner = Property(secret=True)
    return replace(change, before=_hide(change.before, inner), after=_hide(change.after, inner))


def _at(schema: Property, path: Path) -> tuple[Property, bool]:
    """The schema at a path, and whether anything on the way there is secret."""
    secret = schema.secret
    for part in path:
        inner = schema.items if isinstance(part, int) else schema.properties.get(part) or schema.additional
        if inner is None:
            return _ANY, secret
        schema, secret = inner, secret or inner.secret
    return schema, secret


_ANY = Property()
