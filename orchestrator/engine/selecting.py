"""Some resources of a stack, and what they need: ``--target``.

Enters: what was asked for, the graph, and what state remembers. Leaves: the addresses that the run is about, each with
why; the graph of those alone. Holds: whatever a chosen resource needs is chosen too; whatever rests on a chosen one that
is replaced or deleted must have been asked for as well; nothing else is looked at. Cost: O(n + e).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from orchestrator.model.change import Action, Change
from orchestrator.model.diagnostic import Diagnostic, Position, did_you_mean
from orchestrator.model.ids import Address
from orchestrator.model.resource import Mode
from orchestrator.model.snapshot import Snapshot
from orchestrator.stages.graph import Graph

ASKED: Final = "asked for"
_LASTING: Final = (Action.REPLACE, Action.DELETE)
_MOST: Final = 10

Selected = Mapping[Address, str]


def select(
    targets: Sequence[str], shape: Graph, snapshot: Snapshot
) -> tuple[Selected | None, tuple[Diagnostic, ...]]:
    """The chosen addresses with why each is; a target that names nothing is a diagnostic with the nearest name.

    Without a target it is None: the whole stack.

    A target is an address; the name of a ``forEach`` means all its instances, that of a composite its children too. One
    that only state remembers may be named: then it is what the files no longer say.
    """
    if not targets:
        return None, ()
    known = {*shape.edges, *snapshot.resources}
    found: list[Diagnostic] = []
    chosen: dict[Address, str] = {}
    for target in targets:
        meant = sorted(a for a in known if _means(target, a))
        if not meant:
            hint = did_you_mean(target, [*map(str, known), *(_base(a) for a in known)])
            found.append(
                Diagnostic(f"--target {target}: the stack has no such resource", hint=hint or _all(known))
            )
        chosen.update(dict.fromkeys(meant, ASKED))
    waiting = list(chosen)
    for address in waiting:  # grows while it is walked
        for need in shape.edges.get(address, ()):
            if need not in chosen:
                chosen[need] = f"{address} needs it"
                waiting.append(need)
    return chosen, tuple(found)


def only(shape: Graph, chosen: Selected | None) -> Graph:
    """The graph of the chosen resources; names still mean what they mean in the whole stack."""
    if chosen is None:
        return shape
    edges = {a: needs for a, needs in shape.edges.items() if a in chosen}
    return replace(shape, edges=edges, order=tuple(a for a in shape.order if a in chosen))


def left_behind(
    changes: Iterable[Change], shape: Graph, snapshot: Snapshot, chosen: Selected | None
) -> Iterator[Diagnostic]:
    """A diagnostic for each chosen resource that goes away under others which were not chosen."""
    if chosen is None:
        return
    resting = _resting(shape, snapshot)
    for change in changes:
        if change.action not in _LASTING or change.deposed:
            continue
        others = sorted(a for a in resting.get(change.address, ()) if a not in chosen)
        if others:
            named = ", ".join(map(str, others[:_MOST]))
            more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
            does = "replaced" if change.action is Action.REPLACE else "deleted"
            yield Diagnostic(
                f"{change.address} would be {does} under what rests on it and was not selected: {named}{more}",
                Position(change.file, change.line) if change.file else None,
                "select those too: " + " ".join(f"--target '{a}'" for a in others[:_MOST]),
                change.address,
            )


def _resting(shape: Graph, snapshot: Snapshot) -> Mapping[Address, set[Address]]:
    """Who rests on whom, by the files and by what state remembers, through composites and lookups."""
    behind: dict[Address, set[Address]] = {}
    for address in shape.order:
        for need in shape.edges[address]:
            behind.setdefault(need, set()).add(address)
    found: dict[Address, set[Address]] = {}
    for address in reversed(shape.order):  # what rests on an address comes before it here
        mine: set[Address] = set()
        for other in behind.get(address, ()):
            mine |= {other} if shape.index.by_address[other].mode is Mode.MANAGED else found[other]
        found[address] = mine
    for record in snapshot.resources.values():
        for need in record.dependencies:
            found.setdefault(need, set()).add(record.address)
    return found


def _means(target: str, address: Address) -> bool:
    written = str(address)
    return written == target or written.startswith((f"{target}/", f"{target}["))


def _base(address: Address) -> str:
    return str(address).partition("[")[0]


def _all(known: Iterable[Address]) -> str:
    names = sorted({_base(a) for a in known})
    return f"it has: {', '.join(names[:_MOST])}{', …' if len(names) > _MOST else ''}" if names else ""
