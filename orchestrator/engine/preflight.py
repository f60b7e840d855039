"""What each cloud says before the first write: whether it can be worked in at all, and whether its quotas suffice.

Enters: a plan that nothing has been done of. Leaves: the quotas that it would exceed, and the calls that asking took.
Holds: only clouds in which something is to be made or changed are asked, and none for a plan that policy denies.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from orchestrator.engine.reading import outcome, walk
from orchestrator.engine.workspace import Workspace
from orchestrator.model.change import Action, Change
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.errors import ProviderError, QuotaExceededError, ReadError
from orchestrator.model.ids import Address, ProviderName
from orchestrator.model.plan import Charter, Plan
from orchestrator.model.quota import Demand, Preflight, Quota, Shortage
from orchestrator.model.verdict import Effect, Stage
from orchestrator.seams.executor import Call
from orchestrator.seams.executor import Effect as Step

_TAKES: Final = frozenset((Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE))
_SHOWN: Final = 3


def preflight(made: Plan, workspace: Workspace, stage: Stage) -> tuple[Plan, tuple[Shortage, ...]]:
    """The plan with the calls that asking took, and what does not suffice. Raises ReadError where a cloud refuses us."""
    for_nothing = stage is Stage.DRIFT or any(v.blocks and v.effect is Effect.DENY for v in made.verdicts)
    demands = {} if for_nothing else _demands(made.pending)
    answers: dict[ProviderName, Preflight] = {}
    errors: dict[Address, ProviderError] = {}

    def ask(name: ProviderName) -> Generator[Step, Any, None]:
        provider, wanted = workspace.providers[name], demands[name]
        answers[name] = yield Call(lambda: provider.preflight(wanted), name, "asking for its quotas")

    nodes = {Address(str(name)): name for name in sorted(demands)}
    walk(nodes, lambda node: outcome(node, ask(nodes[node]), errors), workspace)
    if errors:
        wrong = [f"nothing can be done in {name}: {error}" for name, error in errors.items()]
        raise ReadError(tuple(Diagnostic(message) for message in wrong))
    reads = {name: made.reads.get(name, 0) + answer.calls for name, answer in answers.items() if answer.calls}
    short = [
        Shortage(name, quota, _told(quota))
        for name, answer in sorted(answers.items())
        for quota in answer.quotas
        if quota.exceeded
    ]
    return replace(made, reads={**made.reads, **reads}), tuple(short)


def _demands(pending: Iterable[Change]) -> Mapping[ProviderName, Sequence[Demand]]:
    """By provider; none of one that only loses something."""
    found: dict[ProviderName, list[Demand]] = {}
    for change in pending:
        if change.action in _TAKES:
            stays = change.action is Action.REPLACE and change.create_first
            before = None if stays else change.before
            found.setdefault(change.provider, []).append(
                Demand(change.address, change.type, before, change.after)
            )
    return {name: each for name, each in found.items() if any(d.after is not None for d in each)}


def _told(quota: Quota) -> str:
    takers = sorted((a for a, n in quota.wanted.items() if n > 0), key=lambda a: (-quota.wanted[a], a))
    named = ", ".join(f"{a} {quota.wanted[a]}" for a in takers[:_SHOWN])
    rest = f" and {len(takers) - _SHOWN} more" if len(takers) > _SHOWN else ""
    free = max(0, quota.limit - quota.used)
    return (
        f"{quota.service} {quota.resource}: {quota.used} of {quota.limit} used, {free} left, "
        f"and {quota.more} more wanted ({named}{rest})"
    )


def warnings(short: Sequence[Shortage], charter: Charter) -> list[Diagnostic]:
    """What a plan says of them."""
    return [
        Diagnostic(
            f"{s.provider} will refuse some of this, its quota does not suffice: {s.text}",
            hint=_advice(s.provider) if _refuses(s, charter) else "apply goes as far as the quota lets it",
            severity=Severity.WARNING,
        )
        for s in short
    ]


def check_quotas(short: Sequence[Shortage], charter: Charter) -> None:
    """Nothing is begun that a cloud will not let us end. Raises QuotaExceededError with every quota."""
    refused = [s for s in short if _refuses(s, charter)]
    if refused:
        lines = "".join(f"\n  {s.provider}: {s.text}" for s in refused)
        raise QuotaExceededError(
            f"quotas do not suffice, so nothing was applied:{lines}\nhint: {_advice(refused[0].provider)}"
        )


def _refuses(shortage: Shortage, charter: Charter) -> bool:
    settings = charter.providers.get(shortage.provider, {})
    return bool(settings.get("quotas", "refuse") == "refuse")


def _advice(name: ProviderName) -> str:
    return (
        "ask whoever runs the cloud for more, or apply less (--target); "
        f"with quotas: warn under {name} in opsctl.yaml, apply goes as far as it can"
    )
