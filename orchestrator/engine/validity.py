"""Whether a saved plan still holds: planning again from what it carries gives the same changes.

Enters: the plan as saved, and as it is now. Leaves: nothing, or StalePlanError with each change as it was and as it
is. Holds: what a change does and to what object is compared, absences included; where the spec stands, why a thing is
done, and what nothing in the plan rests on are not.
"""

from __future__ import annotations

from typing import Any, Final

from orchestrator.model.change import Action, Change, Differing
from orchestrator.model.errors import StalePlanError
from orchestrator.model.plan import Plan

_MOST: Final = 20


def still_valid(saved: Plan, now: Plan) -> None:
    """Raises StalePlanError where what the plan read has changed."""
    before = {c.address: c for c in saved.changes}
    after = {c.address: c for c in now.changes}
    differing = tuple(
        Differing(a, before.get(a), after.get(a))
        for a in sorted(before.keys() | after.keys())
        if _essence(before.get(a)) != _essence(after.get(a))
    )
    if differing:
        names = ", ".join(str(d.address) for d in differing[:_MOST])
        more = f" and {len(differing) - _MOST} more" if len(differing) > _MOST else ""
        raise StalePlanError(f"the plan is stale: what it read of {names}{more} has changed", differing)


def _essence(change: Change | None) -> Any:
    """What makes two changes the same: what they do, and to what; not where the spec stands."""
    if change is None or change.action in (Action.NOOP, Action.READ):
        return None if change is None else (change.action is Action.READ, change.id)
    return (change.action, change.id, change.properties, change.after, change.create_first, change.deposed)
