"""Ask policy about one input document.

Enters: an engine, a bundle, the input. Leaves: verdicts, each at the line of the resource that it speaks of.
Holds: fail closed. Policies that do not compile, and an engine that raises, are deny verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.resource import Desired
from orchestrator.model.verdict import POLICY_ERROR, Bundle, Effect, Stage, Verdict
from orchestrator.seams.policy import PolicyEngine

_PART: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]|\[\"([^\"]*)\"\]")
_ORDER: Final = {Effect.DENY: 0, Effect.REQUIRE_APPROVAL: 1, Effect.WARN: 2}


def ask(
    engine: PolicyEngine,
    bundle: Bundle,
    input: Mapping[str, Any],
    stage: Stage,
    *,
    resources: Sequence[Desired] = (),
) -> tuple[Verdict, ...]:
    """What the bundle says of the input at this stage, worst first.

    An empty bundle leaves an engine to the policies of its own: a server may have some, the embedded has none.
    With ``resources`` a verdict that names a property stands at that property's line.
    """
    try:
        broken = [d for d in engine.load(bundle) if d.severity is Severity.ERROR]
        verdicts = [_broken(d) for d in broken] or list(engine.evaluate(input, stage))
    except Exception as error:  # noqa: BLE001 - whatever an engine raises is a denial, not a crash
        reason = str(error) or type(error).__name__
        message = f"the policy engine failed, so it denies: {reason}"
        verdicts = [Verdict(Effect.DENY, message, "opsctl", code=POLICY_ERROR)]
    return ordered(located(verdicts, input, resources))


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
    """Each verdict once, the worst first, then by rule and address."""
    return tuple(
        sorted(
            dict.fromkeys(verdicts), key=lambda v: (_ORDER[v.effect], v.rule, v.address, v.path, v.message)
        )
    )


def _broken(finding: Diagnostic) -> Verdict:
    where = finding.position
    what = "do not compile" if where else "cannot be asked"
    return Verdict(
        Effect.DENY,
        f"the policies {what}, so they deny: {finding.message}",
        "opsctl",
        code=POLICY_ERROR,
        file=where.file if where else "",
        line=where.line if where else 0,
    )
