"""Ask policy about one input document.

Enters: an engine, a bundle, the input. Leaves: verdicts, each at the line of the resource that it speaks of, at
the level that holds here, with the waiver that sets it aside and the change that its rules propose.
Holds: fail closed. Policies that do not compile, an engine that raises, a level that nobody allowed and waivers
that contradict each other are deny verdicts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.resource import Desired
from orchestrator.model.verdict import (
    POLICY_ERROR,
    Answer,
    Bundle,
    Decision,
    Effect,
    PolicyRule,
    Stage,
    Verdict,
)
from orchestrator.seams.policy import PolicyEngine
from orchestrator.stages.policy.levels import levelled, misplaced_levels
from orchestrator.stages.policy.proposing import proposed
from orchestrator.stages.policy.types import idle_rules, unknown_types
from orchestrator.stages.policy.waiving import misplaced_waivers, unused_waivers, waived

_PART: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]|\[\"([^\"]*)\"\]")
_ORDER: Final = {effect: place for place, effect in enumerate(Effect)}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the verdicts are settled by, beside the bundle."""

    resources: Sequence[Desired] = ()
    """With them a verdict that names a property stands at that property's line."""
    today: str = ""
    """``YYYY-MM-DD`` in UTC: waivers expire by it. Empty: none has expired."""
    nearest: Callable[[str], str | None] = field(default=lambda _: None)
    """None for a type that some provider knows, else the nearest that there is, or an empty string."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What policy says, and how it was asked."""

    verdicts: tuple[Verdict, ...]
    decision: Decision
    notes: tuple[Diagnostic, ...] = ()


def ask(
    engine: PolicyEngine,
    bundle: Bundle,
    input: Mapping[str, Any],
    stage: Stage,
    *,
    resources: Sequence[Desired] = (),
) -> tuple[Verdict, ...]:
    """What the bundle says of the input at this stage, worst first: the verdicts of :func:`judge`."""
    return judge(engine, bundle, input, stage, Circumstances(resources)).verdicts


def judge(
    engine: PolicyEngine,
    bundle: Bundle,
    input: Mapping[str, Any],
    stage: Stage,
    circumstances: Circumstances,
) -> Judgement:
    """What the bundle says of the input at this stage, worst first, and what there is to tell about the asking.

    An empty bundle leaves an engine to the policies of its own: a server may have some, the embedded has none.
    """
    rules: Sequence[PolicyRule] = ()
    notes: list[Diagnostic] = []
    try:
        found = [*engine.load(bundle)]
        rules = engine.rules
        found += misplaced_levels(bundle, rules)
        found += misplaced_waivers(bundle, rules)
        found += unknown_types((m for r in rules for m in r.mentions), bundle, circumstances.nearest)
        broken = [d for d in found if d.severity is Severity.ERROR]
        notes = [d for d in found if d.severity is not Severity.ERROR]
        # A verdict has no column: the place itself, with its line and a caret, is told beside it.
        notes += [replace(d, severity=Severity.NOTE) for d in broken if d.position and d.position.text]
        asked = Answer(tuple(_broken(d) for d in broken)) if broken else engine.evaluate(input, stage)
    except Exception as error:  # noqa: BLE001 - whatever an engine raises is a denial, not a crash
        reason = str(error) or type(error).__name__
        message = f"the policy engine failed, so it denies: {reason}"
        asked = Answer((Verdict(Effect.DENY, message, "opsctl", code=POLICY_ERROR),))
    settled = _settled(asked.verdicts, bundle, input, circumstances)
    idle = idle_rules([r for r in rules if stage in r.stages], input, settled)
    decision = Decision(
        engine.name,
        asked.id,
        stage,
        _fingerprint(input),
        asked.revisions,
        idle=idle,
        unused=unused_waivers(bundle.waivers, settled),
    )
    return Judgement(settled, decision, tuple(notes))


def _fingerprint(input: Mapping[str, Any]) -> str:
    """What tells two input documents apart; empty where it is no JSON, which the engine says."""
    try:
        return hashlib.sha256(msgspec.json.encode(input, order="sorted")).hexdigest()
    except (TypeError, ValueError, RecursionError):
        return ""


def _settled(
    said: Sequence[Verdict], bundle: Bundle, input: Mapping[str, Any], circumstances: Circumstances
) -> tuple[Verdict, ...]:
    verdicts = [levelled(v, bundle) for v in proposed(said)]
    verdicts = [waived(v, bundle.waivers, circumstances.today) for v in verdicts]
    return ordered(located(verdicts, input, circumstances.resources))


def located(
    verdicts: Sequence[Verdict], input: Mapping[str, Any], resources: Sequence[Desired] = ()
) -> list[Verdict]:
    """Verdicts with the file and line of what they name, where they do not say themselves."""
    wanted = {v.address for v in verdicts if v.address and not v.file}
    places: dict[str, tuple[str, int]] = {}
    for item in (*input.get("resources", ()), *input.get("resource_changes", ())):
        if item["address"] in wanted and item.get("file"):
            places[item["address"]] = (item["file"], item.get("line", 0))
    desired = {str(r.address): r for r in resources if r.address in wanted}
    return [v if v.file else _placed(v, places.get(v.address), desired.get(v.address)) for v in verdicts]


def _placed(verdict: Verdict, place: tuple[str, int] | None, resource: Desired | None) -> Verdict:
    if place is None:
        return verdict
    file, line = place
    if verdict.path and resource is not None and resource.document is not None:
        exact = resource.document.position(*resource.root, "spec", *_parts(verdict.path))
        # A composite's child is written in the type's document: its user wants the line of his own.
        line = exact.line if exact.file == file and exact.line else line
    return replace(verdict, file=file, line=line)


def _parts(path: str) -> list[str | int]:
    """The inverse of ``render_path``."""
    return [int(m[2]) if m[2] else m[1] or m[3] for m in _PART.finditer(path)]


def ordered(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Each verdict once: what blocks first, the worst before the rest, then by rule and address."""
    return tuple(
        sorted(
            _each_once(verdicts),
            key=lambda v: (not v.blocks, _ORDER[v.effect], v.rule, v.address, v.path, v.message),
        )
    )


def _each_once(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """A proposal holds values of any kind, so that a verdict with one cannot be hashed."""
    kept: dict[tuple[object, ...], Verdict] = {}
    for v in verdicts:
        kept.setdefault((v.effect, v.message, v.rule, v.address, v.path, v.code, v.file, v.line), v)
    return list(kept.values())


def _broken(finding: Diagnostic) -> Verdict:
    where = finding.position
    what = "do not compile" if where and where.file.endswith(".rego") else "cannot be asked"
    return Verdict(
        Effect.DENY,
        f"the policies {what}, so they deny: {finding.message}",
        "opsctl",
        code=POLICY_ERROR,
        file=where.file if where else "",
        line=where.line if where else 0,
        fix=finding.hint,
    )
