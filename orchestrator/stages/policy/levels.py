"""Levels that the stack gives to rules: upwards as it likes, downwards only where the trusted base allows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.model.diagnostic import Diagnostic, did_you_mean
from orchestrator.model.patterns import matches
from orchestrator.model.verdict import POLICY_ERROR, Bundle, Effect, Level, PolicyRule, Verdict


def levelled(verdict: Verdict, bundle: Bundle) -> Verdict:
    """The verdict at the level that holds here; what policy itself failed at keeps its own."""
    wanted = bundle.levels.get(f"{verdict.rule}:{verdict.code}", bundle.levels.get(verdict.rule))
    if wanted is None or verdict.code == POLICY_ERROR or verdict.effect is Effect.REMEDIATE:
        return verdict
    if wanted is verdict.level or (wanted.rank < verdict.level.rank and not _lowerable(verdict.rule, bundle)):
        return verdict
    return replace(verdict, effect=wanted.effect, declared=verdict.level)


def misplaced_levels(bundle: Bundle, rules: Sequence[PolicyRule]) -> list[Diagnostic]:
    """Levels of rules that there are not, and levels that lower where nobody allowed it."""
    if not bundle.levels:
        return []
    declared: dict[str, list[Level]] = {}
    for rule in rules:
        declared.setdefault(rule.rule, []).extend(rule.levels)
    found: list[Diagnostic] = []
    for key, level in bundle.levels.items():
        name = key.partition(":")[0]
        if name not in declared:
            hint = did_you_mean(name, declared) or "opsctl policy docs lists the rules"
            found.append(Diagnostic(f"policy.levels: there is no rule {name}", hint=hint))
            continue
        # Which of the rule's levels a code has is known only when it speaks: then it keeps its own.
        weigh = min if ":" in key else max
        own = weigh(declared[name], key=lambda known: known.rank)
        if level.rank < own.rank and not _lowerable(name, bundle):
            message = f"policy.levels: {key} is {own}, and may not be lowered to {level}"
            found.append(Diagnostic(message, hint="the trusted base allows it with allow.lower"))
    return found


def _lowerable(rule: str, bundle: Bundle) -> bool:
    return any(matches(pattern, rule) for pattern in bundle.lowerable)
