"""The format of what is stored, and the steps that bring an older one forward.

Every body that rests somewhere (an entry of a journal, a row or an object of a snapshot) says its own format, so
that a log which is never rewritten may hold several. What is read is lifted step by step to the newest; what is
written is always the newest. A format that is newer than this program is refused.

A saved plan has formats of its own, by the same rules: ``PLAN_STEPS[n]`` leads from one file to the next. What is
inside a plan stays as it was written, since its digest and signatures go over those very bytes: a field that came
later has its default.

One step a version: ``STEPS[n]`` leads from format n to n + 1, and is a function for each kind of value that
changed. Values inside others (the record of an entry, the records of a snapshot) are reached by ``_INSIDE``.
``tests/state/fixtures`` keeps what every older format looked like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.model.errors import NewerStateError

FORMAT: Final = 2
"""1: the first. 2: a record keeps its gates and the user's word on its lifecycle; its edges lead to resources alone."""

Plain = dict[str, Any]
Lift = Callable[[Plain], Plain]

_INSIDE: Final[Mapping[str, Mapping[str, str]]] = {
    "kept": {"record": "record"},
    "deposed": {"record": "record"},
    "began": {"intent": "intent"},
    "snapshot": {"resources": "record*", "deposed": "record*", "intents": "intent*"},
}
"""Which kinds of value stand at which keys of a kind; ``*``: a mapping of them."""


def _loosened(record: Plain) -> Plain:
    """Edges of format 1 lead to composites and lookups too, and nothing tells which of them do."""
    return {**record, "loose": True}


STEPS: Final[Mapping[int, Mapping[str, Lift]]] = {1: {"record": _loosened}}


PLAN_FORMAT: Final = 2
"""1: the plan alone. 2: around it, which stack it is of, its digest, and who signed it."""


def _enclosed(plan: Plain) -> Plain:
    """Format 1 was the plan itself."""
    charter = plan["charter"]
    around = {"stack": charter["id"], "environment": charter["environment"], "digest": plan["digest"]}
    return {**around, "signatures": [], "plan": plan}


PLAN_STEPS: Final[Mapping[int, Lift]] = {1: _enclosed}


def lifted_plan(value: Plain, where: str) -> Plain:
    """The file of a saved plan as the newest format has it.

    Raises NewerStateError for a newer one, ValueError for what is no plan of its format.
    """
    written = value.get("format")
    if not isinstance(written, int) or written < 1:
        raise ValueError("it says no format")
    if written > PLAN_FORMAT:
        raise NewerStateError(
            f"{where} was written by a newer opsctl (plan format {written}; this one knows {PLAN_FORMAT}): use that "
            "version, or plan again; nothing was done"
        )
    try:
        for version in range(written, PLAN_FORMAT):
            value = {**PLAN_STEPS[version](value), "format": version + 1}
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is not what plan format {written} was: {error}") from error
    return value


def lifted(kind: str, value: Plain, written: int) -> Plain:
    """A value of an older format as the newest has it. Raises NewerStateError where it is newer than this program."""
    check_format(written, "what is stored here")
    for version in range(written, FORMAT):
        value = _stepped(kind, value, STEPS[version])
    return value


def check_format(written: int, where: str) -> None:
    """Raises NewerStateError where ``where`` is of a format that this program does not know."""
    if written > FORMAT:
        raise NewerStateError(
            f"{where} was written by a newer opsctl (state format {written}; this one knows {FORMAT}): "
            "use that version; the state is left untouched"
        )


def _stepped(kind: str, value: Plain, step: Mapping[str, Lift]) -> Plain:
    inside = {key: _inner(value[key], of, step) for key, of in _INSIDE.get(kind, {}).items() if key in value}
    value = {**value, **inside}
    return step[kind](value) if kind in step else value


def _inner(value: Any, of: str, step: Mapping[str, Lift]) -> Any:
    if of.endswith("*"):
        return {key: _stepped(of[:-1], each, step) for key, each in value.items()}
    return _stepped(of, value, step)
