"""What really exists, read in as few calls as possible.

Enters: what to read. Leaves: for each address what was found, or None, and the calls that it took. The core
picks the cheapest of the ways that a kind declares; a way that is forbidden falls back to the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, ProviderName, TypeName
from orchestrator.model.kind import How, KindSchema, ReadWay
from orchestrator.model.provision import Observed, ReadResult, Ref
from orchestrator.model.redaction import without_secrets
from orchestrator.seams.executor import Call, Effect
from orchestrator.seams.provider import Provider

FORBIDDEN = frozenset({"403", "AccessDenied", "UnauthorizedOperation", "AuthorizationFailed", "Forbidden"})
"""Codes that forbid one way of reading; another may be allowed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The resources of one kind in one configured provider that are to be read."""

    provider: ProviderName
    type: TypeName
    refs: tuple[Ref, ...]


@dataclass(slots=True)
class Reading:
    """What the reads have found so far."""

    observed: dict[Address, Observed | None] = field(default_factory=dict)
    calls: dict[ProviderName, int] = field(default_factory=dict)


def ways_by_cost(kind: KindSchema, wanted: int) -> list[ReadWay]:
    """The kind's ways to read ``wanted`` objects, cheapest first (in calls; how many exist is not known)."""

    def cost(way: ReadWay) -> tuple[float, int]:
        match way.how:
            case How.GET:
                return wanted, 0
            case How.BATCH:
                return math.ceil(wanted / max(1, way.page)), 1
            case How.CHILDREN:
                return 1 + math.ceil(wanted / max(1, way.page)), 2
            case _:
                return 1 + math.ceil(wanted / max(1, way.page)), 3

    return sorted(kind.reads, key=cost)


def refresh(wanted: Wanted, provider: Provider, into: Reading) -> Generator[Effect, ReadResult, None]:
    """Read one group, and put what was found ``into`` the reading. Raises the provider's error when no way works."""
    ways = ways_by_cost(provider.kinds[wanted.type], len(wanted.refs))
    for number, way in enumerate(ways, start=1):
        try:
            inline = provider.kinds[wanted.type].inline
            result = yield Call(_reader(provider, wanted, way), wanted.provider, "reading", inline=inline)
        except PermanentError as error:
            if number == len(ways) or error.code not in FORBIDDEN:
                raise
            continue
        _keep(result, wanted, into)
        return


def _reader(provider: Provider, wanted: Wanted, way: ReadWay) -> Callable[[], ReadResult]:
    return lambda: provider.read_many(wanted.type, wanted.refs, way)


def _keep(result: ReadResult, wanted: Wanted, into: Reading) -> None:
    """Invariant 10: an object that nobody asked for is the plugin's mistake, and is named as such."""
    asked = {ref.address for ref in wanted.refs}
    strange = set(result.found) - asked
    if strange:
        raise PermanentError(
            f"the provider answered for {min(strange)}, which was not asked", f"read {wanted.type}"
        )
    for ref in wanted.refs:
        seen = result.found.get(ref.address)
        if seen is not None and ref.id is not None and ref.id.casefold() != seen.id.casefold():
            raise PermanentError(f"asked for {ref.id}, answered {seen.id}", f"read {wanted.type}")
        if seen is not None:
            # Invariant 12: where a secret was applied, what the cloud reads back is dropped.
            seen = replace(seen, spec=without_secrets(seen.spec, ref.spec))
        into.observed[ref.address] = seen
    into.calls[wanted.provider] = into.calls.get(wanted.provider, 0) + result.calls


def grouped(refs: Sequence[tuple[ProviderName, TypeName, Ref]]) -> list[Wanted]:
    """Refs by provider and type, in a stable order."""
    groups: dict[tuple[ProviderName, TypeName], list[Ref]] = {}
    for provider, type, ref in refs:
        groups.setdefault((provider, type), []).append(ref)
    return [Wanted(provider, type, tuple(group)) for (provider, type), group in sorted(groups.items())]
