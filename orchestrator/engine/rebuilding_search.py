"""Each desired resource is looked for: by its marker, by its id or natural key, or because state is all it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.engine.reading import read
from orchestrator.engine.workspace import Workspace
from orchestrator.model.change import Action, Gate
from orchestrator.model.errors import OpsctlError
from orchestrator.model.expression import ExpressionError, untemplated
from orchestrator.model.ids import Address, ProviderName, Token, TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.marker import Marker
from orchestrator.model.plan import Charter
from orchestrator.model.provision import Intent, Observed, Ref
from orchestrator.model.resource import Desired, Mode
from orchestrator.model.scope import Scope, Surroundings
from orchestrator.model.snapshot import Record
from orchestrator.model.values import UNKNOWN, Unknown, contains
from orchestrator.stages.graph import Graph, rests_on
from orchestrator.stages.refresh import Reading

Objects = dict[Address, list[tuple[ProviderName, TypeName, Observed]]]


@dataclass(frozen=True, slots=True)
class Found:
    """A resource that is there, and how it was told."""

    record: Record
    how: str
    """``marker``; ``id or name``; ``state``: it exists nowhere else, and follows from the spec."""
    unmarked: bool = False
    """Nothing on the object says that it is ours: it is taken for ours by its name."""


class Search:
    """One walk over the desired resources, parents first; ``left`` holds the marked objects that nobody took."""

    def __init__(
        self, shape: Graph, around: Surroundings, workspace: Workspace, charter: Charter, marked: Objects
    ) -> None:
        self._shape = shape
        self._workspace = workspace
        self._charter = charter
        self._nodes: dict[Address, Mapping[str, Any]] = {}
        self._scope = Scope(around, shape.index, self._nodes)
        self._found: dict[Address, tuple[Desired, Observed, Found]] = {}
        self.left: Objects = {address: list(objects) for address, objects in marked.items()}
        self.missing: dict[Address, str] = {}

    def settle(self, address: Address) -> None:
        """Look for one resource; what it needs has been looked for."""
        resource = self._shape.index.by_address[address]
        self._nodes[address] = {"spec": UNKNOWN, "status": UNKNOWN}
        try:
            spec = self._scope.of(resource).resolve(resource.spec)
            if resource.mode is Mode.COMPOSITE:
                inside = replace(resource, parent=address)
                status = self._scope.of(inside).resolve(resource.status)
                self._nodes[address] = {"spec": spec, "status": {"id": str(address), **status}}
                return
        except (ExpressionError, KeyError) as error:
            self.missing[address] = f"its spec cannot be told: {error}"
            return
        kind = self._workspace.kind(resource.type)
        if kind is None:
            return
        self._nodes[address] = {"spec": spec, "status": UNKNOWN}
        if resource.mode is Mode.DATA:
            seen = None if contains(spec, Unknown) else self._read(resource, Ref(address, spec=spec))
        else:
            seen = self._managed(resource, kind, spec)
        if seen is not None:
            self._nodes[address] = {"spec": spec, "status": {**seen.status, "id": seen.id}}

    def _managed(self, resource: Desired, kind: KindSchema, want: Mapping[str, Any]) -> Observed | None:
        how, seen = "marker", self._marked(resource, want)
        if seen is None and kind.inline and not contains(want, Unknown):
            how, seen = "state", self._made_of_nothing(resource, want)
        if seen is None:
            how, seen = "id or name", self._named(resource, kind, want)
        marker = seen.marker if seen is not None else None
        if marker is not None and marker.stack not in (self._charter.id, resource.take_from):
            self.missing[resource.address] = (
                f"{seen.id if seen else ''} is like it, and belongs to the stack {marker.stack}"
            )
            return None
        if seen is None:
            self.missing.setdefault(resource.address, _why(kind, want))
            return None
        mine = marker is not None and marker.stack == self._charter.id
        record = Record(
            resource.address,
            resource.type,
            resource.provider,
            seen.id,
            marker.uid if mine and marker is not None else self._workspace.new_uid(),
            dict(seen.spec) if contains(want, Unknown) else want,
            dict(seen.status),
        )
        self._found[resource.address] = (resource, seen, Found(record, how, not mine))
        return seen

    def _marked(self, resource: Desired, want: Mapping[str, Any]) -> Observed | None:
        """Of several with its marker, the one that is most as desired; the others were left behind."""
        here = self.left.get(resource.address, [])
        fit = [o for o in here if o[:2] == (resource.provider, resource.type)]
        if not fit:
            return None
        provider = self._workspace.providers[resource.provider]
        rank = {Action.NOOP: 0, Action.UPDATE: 1}
        best = min(fit, key=lambda o: rank.get(provider.propose(resource.type, o[2], want, want).action, 2))
        here.remove(best)
        return best[2]

    def _made_of_nothing(self, resource: Desired, want: Mapping[str, Any]) -> Observed | None:
        """A kind that touches nothing: to be wanted is to be there."""
        marker = Marker(self._charter.id, resource.address, self._workspace.new_uid())
        provider = self._workspace.providers[resource.provider]
        made = Intent(
            Token(str(marker.uid)),
            Action.CREATE,
            resource.type,
            resource.address,
            str(resource.provider),
            marker,
            want,
        )
        return provider.find(made)

    def _named(self, resource: Desired, kind: KindSchema, want: Mapping[str, Any]) -> Observed | None:
        if resource.import_id:
            return self._read(resource, Ref(resource.address, id=resource.import_id, spec=want))
        if not kind.identifying or any(contains(want.get(name), Unknown) for name in kind.identifying):
            return None
        return self._read(resource, Ref(resource.address, spec=want))

    def _read(self, resource: Desired, ref: Ref) -> Observed | None:
        into = Reading()
        try:
            read([(resource.provider, resource.type, ref)], into, self._workspace)
        except OpsctlError as error:
            self.missing[resource.address] = str(error)
        return into.observed.get(resource.address)

    def records(self) -> tuple[Found, ...]:
        """What was found, with edges, the spec's word and the gates as they are now; parents first."""
        return tuple(self._whole(*self._found[a]) for a in self._shape.order if a in self._found)

    def _whole(self, resource: Desired, seen: Observed, found: Found) -> Found:
        needs = rests_on(resource.address, self._shape.edges, self._shape.index)
        lifecycle = resource.lifecycle
        record = replace(
            found.record,
            dependencies=tuple(need for need in needs if need in self._found),
            gate="passed" if all(self._passes(g, resource, seen) for g in resource.gates) else "pending",
            prevent_destroy=lifecycle.prevent_destroy,
            retain=lifecycle.retain,
            replace_first=lifecycle.replace,
            ignore=lifecycle.ignore,
            labels=resource.labels,
            gates=tuple(replace(g, settings=untemplated(g.settings)) for g in resource.gates),
            marked=not found.unmarked,
        )
        return replace(found, record=record)

    def _passes(self, gate: Gate, resource: Desired, seen: Observed) -> bool:
        """One look: a gate that does not pass now is pending, and the next apply watches it."""
        if gate.kind == "status":
            return self._workspace.providers[resource.provider].assess(resource.type, seen).passes
        owner = self._shape.index.by_address[Address(gate.of)] if gate.of else resource
        probe = self._workspace.probes.get(gate.kind)
        try:
            settings = self._scope.of(owner, self._nodes[owner.address]).resolve(gate.settings)
        except (ExpressionError, KeyError):
            return False
        known = probe is not None and not contains(settings, Unknown)
        return known and probe is not None and probe.assess(settings).passes

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, as far as they can be told."""
        values: dict[str, Any] = {}
        for name, value in self._charter.outputs.items():
            try:
                told = self._scope.resolve(value)
            except (ExpressionError, KeyError):
                continue
            if not contains(told, Unknown):
                values[name] = told
        return values


def _why(kind: KindSchema, want: Mapping[str, Any]) -> str:
    if kind.marking.carried:
        return "nothing with its marker is there"
    if any(contains(want.get(name), Unknown) for name in kind.natural_key):
        return "it is told by the name of something that was not found either"
    if kind.natural_key and kind.marking is not Marking.NONE:
        return "nothing of its name is there"
    return "its kind carries no marker and no name: if it is there, adopt it by kind: Import"
