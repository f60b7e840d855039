"""``opsctl discover``: what is in the clouds, and which of it this stack manages.

Enters: a workspace, and which kinds are wanted. Leaves: things, and what could not be listed. Holds: only reads are
made, many at once and under each provider's limits; a kind that cannot be listed hides no other.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.engine.reading import walk
from orchestrator.engine.workspace import Workspace
from orchestrator.model import cel
from orchestrator.model.cel_syntax import ExpressionError
from orchestrator.model.change import Action
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import FaultyPluginError, OpsctlError, PermanentError, ProviderError
from orchestrator.model.ids import Address, ProviderName, TypeName
from orchestrator.model.inventory import Thing, folded
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.plan import Charter
from orchestrator.model.provision import Observed
from orchestrator.model.snapshot import Snapshot
from orchestrator.seams.executor import Call, Effect

Kinds = Sequence[tuple[ProviderName, TypeName]]
_NAMES: Final = ("provider", "type", "id", "name", "region", "tags", "stack", "spec", "status")
"""What a filter may read of a thing."""
_REGIONS: Final = ("region", "region_name", "location")


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A kind that could not be listed, and why."""

    provider: ProviderName
    type: TypeName
    error: ProviderError

    def __str__(self) -> str:
        """One line."""
        return f"{self.type} at {self.provider}: {self.error}"

    @property
    def refused(self) -> bool:
        """Whether the cloud said no, as it does to kinds that are an administrator's."""
        return isinstance(self.error, PermanentError) and not isinstance(self.error, FaultyPluginError)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found, in order of provider, type and name."""

    things: tuple[Thing, ...]
    unread: tuple[Unlisted, ...] = ()
    """Kinds that could not be listed, and why."""


def kinds_of(workspace: Workspace, types: Sequence[str] = (), providers: Sequence[str] = ()) -> Kinds:
    """Every kind that can be listed and whose name fits one of the patterns; raises OpsctlError where none does."""
    for name in providers:
        if name not in workspace.providers:
            hint = did_you_mean(name, map(str, workspace.providers))
            known = ", ".join(sorted(map(str, workspace.providers)))
            raise OpsctlError(f"no provider {name!r} is configured\nhint: {hint or f'there are {known}'}")
    there = [
        (name, type)
        for name, provider in workspace.providers.items()
        if not providers or name in providers
        for type, kind in provider.kinds.items()
        if not (kind.data_only or kind.abstract)
    ]
    for pattern in types:
        if not any(fnmatch.fnmatchcase(type.lower(), pattern.lower()) for _, type in there):
            hint = (
                did_you_mean(pattern, {str(type) for _, type in there}) or "opsctl types lists what there is"
            )
            raise OpsctlError(f"{pattern}: no configured provider has a type like this\nhint: {hint}")
    lowered = [pattern.lower() for pattern in types]
    return [
        (name, type)
        for name, type in there
        if not types or any(fnmatch.fnmatchcase(type.lower(), pattern) for pattern in lowered)
    ]


def discover(kinds: Kinds, workspace: Workspace, charter: Charter, snapshot: Snapshot) -> Discovery:
    """List these kinds; what the state has is told by its address."""
    workspace.progress.stage("discover", len(kinds))
    ours = {
        (record.provider, record.type, folded(record.id)): record.address
        for record in (*snapshot.resources.values(), *snapshot.deposed.values())
    }
    found, unread = everything(kinds, workspace)
    things = [
        Thing(
            name,
            type,
            seen,
            _region(seen, charter.providers.get(name, {})),
            ours.get((name, type, folded(seen.id))),
        )
        for name, type, seen in found
    ]
    return Discovery(tuple(sorted(things, key=lambda t: (t.provider, t.type, t.name, t.id))), unread)


def everything(
    kinds: Iterable[tuple[ProviderName, TypeName]], workspace: Workspace
) -> tuple[list[tuple[ProviderName, TypeName, Observed]], tuple[Unlisted, ...]]:
    """Every object of these kinds, managed by us or not, and the kinds that could not be listed, with the reason."""
    nodes = {Address(f"{name} {type}"): (name, type) for name, type in kinds}
    found: list[tuple[ProviderName, TypeName, Observed]] = []
    unread: list[Unlisted] = []

    def visit(node: Address) -> Generator[Effect, Any, Outcome]:
        name, type = nodes[node]
        provider = workspace.providers[name]
        try:
            seen: list[Observed] = yield Call(lambda: list(provider.discover(type)), name, "discovering")
        except ProviderError as error:
            unread.append(Unlisted(name, type, error))
            return Outcome(node, Action.READ, Result.FAILED, str(error))
        found.extend((name, type, each) for each in seen)
        return Outcome(node, Action.READ, Result.DONE)

    walk(nodes, visit, workspace)
    return found, tuple(sorted(unread, key=str))


def _region(seen: Observed, settings: Mapping[str, Any]) -> str:
    told = (place.get(name) for place in (seen.spec, seen.status, settings) for name in _REGIONS)
    return next((region for region in told if isinstance(region, str) and region), "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which things are meant."""

    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    region: str = ""
    filter: str = ""
    """A CEL expression over a thing."""

    def __bool__(self) -> bool:
        """Whether anything was said."""
        return bool(self.ids or self.types or self.providers or self.region or self.filter)


def select(things: Sequence[Thing], wanted: Wanted) -> list[Thing]:
    """Those that are meant; raises OpsctlError for an id that is not there, or a filter that cannot be read."""
    ids = {folded(id) for id in wanted.ids}
    missing = sorted(set(wanted.ids) - {i for i in wanted.ids if folded(i) in {folded(t.id) for t in things}})
    if missing:
        near = (
            did_you_mean(missing[0], {thing.id for thing in things}) or "opsctl discover lists what there is"
        )
        raise OpsctlError(f"nothing that is not managed here has the id {missing[0]!r}\nhint: {near}")
    chosen = [
        thing
        for thing in things
        if (not ids or folded(thing.id) in ids)
        and (not wanted.region or fnmatch.fnmatchcase(thing.region.lower(), wanted.region.lower()))
    ]
    return _filtered(chosen, wanted.filter) if wanted.filter else chosen


def _filtered(things: Sequence[Thing], text: str) -> list[Thing]:
    """What the expression is true of. Of a thing that does not have what it reads, it is not."""
    try:
        used = {str(path[0]) for path in cel.analyse(text).paths}
    except ExpressionError as error:
        raise OpsctlError(f"--filter {text}: {error}") from None
    unknown = sorted(used - set(_NAMES))
    if unknown:
        hint = did_you_mean(unknown[0], _NAMES) or f"there are {', '.join(_NAMES)}"
        raise OpsctlError(f"--filter {text}: there is no {unknown[0]}\nhint: {hint}")
    kept: list[Thing] = []
    failed = ""
    for thing in things:
        data = {**thing.document(), "spec": thing.observed.spec, "status": thing.observed.status}
        try:
            value = cel.run(text, frozenset(used), data=cel.bindable({n: data[n] for n in used}), calls={})
        except ExpressionError as error:
            failed = str(error)
            continue
        if not isinstance(value, bool):
            raise OpsctlError(f"--filter {text}: it must be true or false, and is {value!r}")
        if value:
            kept.append(thing)
    if failed and not kept:
        raise OpsctlError(f"--filter {text}: nothing has what it reads: {failed}")
    return kept
