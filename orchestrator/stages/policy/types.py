"""The types that rules name: those that no provider knows, and those that this input does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.verdict import Bundle, Mention, PolicyRule, Verdict


def unknown_types(
    mentions: Iterable[Mention], bundle: Bundle, nearest: Callable[[str], str | None]
) -> list[Diagnostic]:
    """A rule that compares with a type that no provider knows can never speak: an error that names the nearest.

    Profiles that ship are tested for it, and are not looked through at every plan.
    """
    shipped = {module for source in bundle.sources if source.ships for module in source.modules}
    compared = {m for m in mentions if m.compared and m.file not in shipped}
    found: list[Diagnostic] = []
    for mention in sorted(compared, key=lambda m: (m.file, m.line, m.column)):
        near = nearest(mention.name)
        if near is not None:
            at = Position(mention.file, mention.line, mention.column, mention.text)
            hint = f"did you mean {near!r}?" if near else "opsctl types lists what there is"
            found.append(Diagnostic(f"no provider knows the type {mention.name!r}", at, hint))
    return found


def idle_rules(
    rules: Sequence[PolicyRule], input: Mapping[str, Any], verdicts: Sequence[Verdict]
) -> tuple[str, ...]:
    """Rules that name types, none of which this input has: they matched nothing."""
    speaking = {v.rule for v in verdicts}
    there = {item.get("type") for part in ("resources", "resource_changes") for item in input.get(part) or ()}
    idle = {
        r.rule
        for r in rules
        if r.mentions and r.rule not in speaking and not any(m.name in there for m in r.mentions)
    }
    return tuple(sorted(idle))
