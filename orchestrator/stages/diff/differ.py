"""The walk over the graph: each resource is resolved, compared, and given an action."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.model.change import Action, Change, PropertyChange
from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.expression import ExpressionError
from orchestrator.model.ids import Address, ProviderName, TypeName
from orchestrator.model.kind import KindSchema
from orchestrator.model.provision import Observed, Ref
from orchestrator.model.resource import Desired, Mode
from orchestrator.model.schema import check
from orchestrator.model.scope import Index, Scope, Surroundings, composite_node
from orchestrator.model.snapshot import Record, Snapshot
from orchestrator.model.values import UNKNOWN, Unknown, contains
from orchestrator.seams.provider import Provider
from orchestrator.stages.diff.decide import Case, adoption, decide
from orchestrator.stages.diff.orphans import orphans

Lookup = tuple[ProviderName, TypeName, Ref]


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a diff is a function of."""

    order: tuple[Address, ...]
    edges: Mapping[Address, tuple[Address, ...]]
    index: Index
    snapshot: Snapshot
    observed: Mapping[Address, Observed | None]
    """What was read; None: looked for and not there. Deposed ones stand under their uid."""
    around: Surroundings
    providers: Mapping[ProviderName, Provider]
    kinds: Callable[[TypeName], KindSchema | None]
    moves: Mapping[Address, Address] = field(default_factory=dict)
    removed: Mapping[Address, bool] = field(default_factory=dict)
    chosen: AbstractSet[Address] | None = None
    """What this is about, where it is not the whole stack."""


@dataclass(frozen=True, slots=True)
class Differences:
    """The changes in graph order, orphans last, and what is known of every node after them."""

    changes: tuple[Change, ...]
    nodes: Mapping[Address, Mapping[str, Any]]
    lookups: tuple[Lookup, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def diff(situation: Situation) -> Differences:
    """What would have to change, as far as it can be told now."""
    return _Differ(situation).run()


class _Differ:
    """One run over a situation; holds what was found on the way."""

    def __init__(self, situation: Situation) -> None:
        self._now = situation
        self._nodes: dict[Address, Mapping[str, Any]] = {}
        self._lookups: list[Lookup] = []
        self._found: list[Diagnostic] = []
        self._scope = Scope(situation.around, situation.index, self._nodes)
        self._moved = {old: new for new, old in situation.moves.items()}

    def run(self) -> Differences:
        changes: list[Change] = []
        for address in self._now.order:
            resource = self._now.index.by_address[address]
            match resource.mode:
                case Mode.COMPOSITE:
                    self._composite(resource)
                case Mode.DATA:
                    changes.append(self._data(resource))
                case Mode.MANAGED:
                    change = self._managed(resource)
                    if change is not None:
                        changes.append(change)
        desired = {a for a, r in self._now.index.by_address.items() if r.mode is Mode.MANAGED}
        taken = {old for new, old in self._now.moves.items() if new in desired}
        changes += orphans(
            self._now.snapshot,
            desired | taken,
            self._now.observed,
            self._now.removed,
            self._found,
            chosen=self._now.chosen,
        )
        return Differences(tuple(_regated(changes)), self._nodes, tuple(self._lookups), tuple(self._found))

    def _composite(self, resource: Desired) -> None:
        spec = self._resolve(resource, resource.spec, self._scope.of(resource))
        status = self._resolve(resource, resource.status, self._scope.inside(resource))
        self._nodes[resource.address] = composite_node(resource.address, spec, status)

    def _data(self, resource: Desired) -> Change:
        """A lookup: now where everything it needs is known, else during apply."""
        address = resource.address
        spec = self._resolve(resource, resource.spec, self._scope.of(resource))
        self._nodes[address] = {"spec": spec, "status": UNKNOWN}
        reason = "looked up"
        if contains(spec, Unknown):
            reason = "looked up during apply: what it asks for is not known yet"
        elif address not in self._now.observed:
            self._lookups.append((resource.provider, resource.type, Ref(address, spec=spec)))
        else:
            seen = self._now.observed[address]
            if seen is None:
                where = resource.document.position(*resource.root, "spec") if resource.document else None
                self._found.append(
                    Diagnostic(f"{address}: no {resource.type} is found for this", where, address=address)
                )
            else:
                self._nodes[address] = {"spec": spec, "status": {**seen.status, "id": seen.id}}
        return self._change(resource, Action.READ, reason, after=spec)

    def _managed(self, resource: Desired) -> Change | None:
        kind = self._now.kinds(resource.type)
        if kind is None:
            return None
        address = resource.address
        want = self._resolve(resource, resource.spec, self._scope.of(resource))
        self._check(resource, kind, want)
        record = self._record(address)
        key = address if record is None else record.address
        if not self._looked(resource, kind, want, record):
            self._nodes[address] = {"spec": want, "status": UNKNOWN}
            return self._change(resource, Action.CREATE, "", after=want)
        seen = self._now.observed.get(address, self._now.observed.get(key))
        if record is None and seen is not None:
            problem = adoption(resource, kind, seen, self._now.snapshot.stack)
            if problem is not None:
                self._found.append(problem)
        if record is None and seen is None and resource.import_id:
            where = resource.document.position() if resource.document else None
            self._found.append(
                Diagnostic(
                    f"{address}: there is no {resource.type} with the id {resource.import_id!r}", where
                )
            )
        case = Case(
            resource,
            kind,
            want,
            record,
            seen,
            self._now.providers[resource.provider],
            address in self._now.moves,
        )
        change, status, problems = decide(case)
        self._found += problems
        self._nodes[address] = {"spec": want, "status": status}
        return replace(change, dependencies=self._now.edges[address])

    def _record(self, address: Address) -> Record | None:
        """What we remember of a resource, under its old address where it was moved."""
        records = self._now.snapshot.resources
        if address in records:
            return records[address]
        source = self._now.moves.get(address)
        return records.get(source) if source is not None else None

    def _looked(
        self, resource: Desired, kind: KindSchema, want: Mapping[str, Any], record: Record | None
    ) -> bool:
        """Whether we know what is there; if not, and it can be looked for, a lookup is asked for."""
        if record is not None or resource.address in self._now.observed:
            return True
        if resource.import_id:
            ref = Ref(resource.address, id=resource.import_id, spec=want)
        elif kind.identifying:
            if any(contains(want.get(name), Unknown) for name in kind.identifying):
                return True
            ref = Ref(resource.address, spec=want)
        else:
            return True
        self._lookups.append((resource.provider, resource.type, ref))
        return False

    def _check(self, resource: Desired, kind: KindSchema, want: Mapping[str, Any]) -> None:
        """A value that an expression gave must fit like one that was written."""
        if want is resource.spec:
            return
        for violation in check(want, kind.spec, ("spec",)):
            where = resource.document.position(*resource.root, *violation.path) if resource.document else None
            known = Diagnostic(violation.message, where, violation.hint, resource.address)
            if known not in self._found:
                self._found.append(known)

    def _resolve(self, resource: Desired, value: Mapping[str, Any], scope: Scope) -> Mapping[str, Any]:
        """A spec with its expressions replaced; what fails becomes a diagnostic and an Unknown."""
        try:
            resolved = scope.resolve(value)
        except (ExpressionError, KeyError) as error:
            message = error.message if isinstance(error, ExpressionError) else f"there is no {error}"
            hint = error.hint if isinstance(error, ExpressionError) else ""
            where = Position(resource.file, resource.line)
            if resource.document is not None:
                where = resource.document.position(*resource.root, *_failing(value, scope, ("spec",)))
            self._found.append(Diagnostic(f"{resource.address}: {message}", where, hint, resource.address))
            return dict.fromkeys(value, UNKNOWN)
        return resolved if isinstance(resolved, Mapping) else {}

    def _change(self, resource: Desired, action: Action, reason: str, *, after: Mapping[str, Any]) -> Change:
        changes: tuple[PropertyChange, ...] = ()
        return Change(
            resource.address,
            resource.type,
            resource.provider,
            action,
            reason,
            after=after,
            properties=changes,
            dependencies=self._now.edges[resource.address],
            labels=resource.labels,
            file=resource.file,
            line=resource.line,
        )


def _regated(changes: list[Change]) -> Iterator[Change]:
    """A composite's gates are watched again whenever anything below it changes, not only the child that has them."""
    busy: dict[str, Change] = {}
    for change in changes:
        parent, _, _ = str(change.address).rpartition("/")
        if parent and not change.action.quiet:
            busy.setdefault(parent, change)
    for change in changes:
        moved = next((busy[g.of] for g in change.gates if g.of in busy), None)
        if moved is not None and change.action is Action.NOOP:
            yield replace(change, action=Action.GATE, reason=f"{moved.address} changes under its gate")
        else:
            yield change


def _failing(value: Any, scope: Scope, at: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The path of the first leaf whose expression fails."""
    items = (
        value.items()
        if isinstance(value, Mapping)
        else enumerate(value)
        if isinstance(value, list | tuple)
        else ()
    )
    for key, inner in items:
        try:
            scope.resolve(inner)
        except (ExpressionError, KeyError):
            return _failing(inner, scope, (*at, key))
    return at
