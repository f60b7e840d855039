"""One document becomes one resource, or the instances of its forEach, or a composite and its children."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.kit.findings import Findings
from orchestrator.model.change import Gate
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.document import Document
from orchestrator.model.expression import ExpressionError, Template, templated
from orchestrator.model.ids import (
    Address,
    Path,
    ProviderName,
    TypeName,
    child_address,
    family,
    instance_address,
)
from orchestrator.model.kind import KindSchema
from orchestrator.model.resource import Desired, Lifecycle, Mode
from orchestrator.model.schema import Property, check
from orchestrator.model.schema_text import with_defaults
from orchestrator.model.scope import Index, Scope, Surroundings
from orchestrator.model.values import UNKNOWN, contains
from orchestrator.seams.catalogue import Catalogue
from orchestrator.stages.compose.composites import CloudSide, CompositeType
from orchestrator.stages.compose.reading import gates_of, lifecycle_of
from orchestrator.stages.compose.sinks import sink_problems


@dataclass(frozen=True, slots=True)
class Piece:
    """A resource as written: in a document of its own, or as a part of a composite type."""

    body: Mapping[str, Any]
    document: Document
    root: Path = ()
    parent: Desired | None = None

    def position(self, *path: str | int) -> Any:
        """Where a part of it stands."""
        return self.document.position(*self.root, *path)


class Expander:
    """Makes Desired resources; what is wrong goes to ``found``."""

    def __init__(
        self,
        catalogue: Catalogue,
        providers: Mapping[ProviderName, Mapping[str, Any]],
        around: Surroundings,
        types: Mapping[str, CompositeType],
        found: Findings,
    ) -> None:
        self._catalogue = catalogue
        self._providers = providers
        self._around = around
        self._types = types
        self._found = found

    def expand(self, document: Document) -> Iterator[Desired]:
        """Every resource that a document stands for."""
        yield from self._piece(Piece(document.body, document))

    def _piece(self, piece: Piece) -> Iterator[Desired]:
        name = str(piece.body["metadata"]["name"])
        address = Address(name) if piece.parent is None else child_address(piece.parent.address, name)
        composite = self._types.get(str(piece.body.get("kind", "")))
        template = self._template(piece, address, name, composite)
        if template is None:
            return
        for instance in self._instances(piece, template):
            if composite is not None and "secretSink" in piece.body:
                hint = "write it at the resource that tells something once, or in the composite type"
                self._found.error(f"{composite.name} tells nothing once", piece.position("secretSink"), hint)
            if instance.mode is Mode.EMPTY:
                yield instance
            elif composite is None:
                yield self._with_sinks(piece, instance)
            else:
                yield replace(instance, status=self._status_of(instance), gates=())
                yield from self._children(piece, instance, composite)

    def _template(
        self, piece: Piece, address: Address, name: str, composite: CompositeType | None
    ) -> Desired | None:
        """The resource before forEach; None where its type or provider is not known."""
        body = piece.body
        type = TypeName(composite.name if composite else str(body.get("type", "")))
        kind = None if composite else self._catalogue.kind(type)
        if composite is None and kind is None:
            near = self._catalogue.nearest_type(type)
            hint = f"did you mean {near!r}?" if near else "opsctl types lists what is known"
            self._found.error(f"unknown type {type!r}", piece.position("type"), hint, address=address)
            return None
        provider = self._provider(piece, type, composite)
        if provider is None:
            return None
        schema = composite.schema if composite else kind.spec if kind else Property()
        spec = with_defaults(
            self._parsed(body.get("spec") or {}, piece, ("spec",)), schema if composite else _EMPTY
        )
        self._check(piece, spec, schema, kind, address)
        where = piece.document.position()
        depends_on = tuple(self._sibling(piece, str(d)) for d in body.get("dependsOn") or ())
        return Desired(
            address=address,
            type=type,
            provider=provider,
            spec=spec,
            mode=_mode(piece, kind, composite=composite is not None),
            base=name,
            parent=piece.parent.address if piece.parent else None,
            depends_on=depends_on,
            lifecycle=lifecycle_of(body.get("lifecycle") or {}, self._inherited(piece)),
            gates=self._gates(piece, kind),
            labels=self._labels(piece),
            take_from=str(body.get("takeFrom") or ""),
            document=piece.document,
            root=piece.root,
            file=piece.parent.file if piece.parent else where.file,
            line=piece.parent.line if piece.parent else where.line,
        )

    def _inherited(self, piece: Piece) -> Lifecycle:
        return piece.parent.lifecycle if piece.parent else Lifecycle()

    def _labels(self, piece: Piece) -> Mapping[str, str]:
        inherited = piece.parent.labels if piece.parent else {}
        return {**inherited, **(piece.body["metadata"].get("labels") or {})}

    def _sibling(self, piece: Piece, name: str) -> Address:
        return child_address(piece.parent.address, name) if piece.parent else Address(name)

    def _provider(self, piece: Piece, type: TypeName, composite: CompositeType | None) -> ProviderName | None:
        """The configured provider instance that a resource belongs to."""
        if composite is not None:
            return self._cloud(piece, composite)
        serving = self._catalogue.family_of(type)
        inherited = piece.parent.provider if piece.parent else ProviderName(serving)
        name = ProviderName(str(piece.body.get("provider") or inherited))
        if family(name) != serving:
            if piece.body.get("provider"):
                message = f"{type} belongs to the provider {serving}, not to {name}"
                self._found.error(message, piece.position("provider"))
                return None
            name = ProviderName(serving)
        return self._configured(piece, name)

    def _configured(self, piece: Piece, name: ProviderName) -> ProviderName | None:
        if name in self._providers or name == "local":
            return name
        hint = (
            did_you_mean(name, self._providers)
            or f"add it under providers: in opsctl.yaml, e.g. {name}: {{}}"
        )
        at = "provider" if piece.body.get("provider") else "type"
        self._found.error(f"provider {name!r} is not configured", piece.position(at), hint)
        return None

    def _cloud(self, piece: Piece, composite: CompositeType) -> ProviderName | None:
        given = piece.body.get("provider") or (piece.parent.provider if piece.parent else None)
        clouds = sorted(composite.clouds)
        if given is None:
            message = f"{composite.name} needs a provider: it can be placed on {', '.join(clouds)}"
            self._found.error(
                message, piece.position("kind"), f"add a line such as provider: {clouds[0]}" if clouds else ""
            )
            return None
        name = ProviderName(str(given))
        if family(name) not in composite.clouds:
            message = f"{composite.name} cannot be placed on {name}: it has sides for {', '.join(clouds)}"
            own = (
                f"place it on {' or '.join(clouds)}, or write a CompositeType with a side for {family(name)}"
            )
            self._found.error(message, piece.position("provider"), did_you_mean(family(name), clouds) or own)
            return None
        return self._configured(piece, name)

    def _check(
        self,
        piece: Piece,
        spec: Mapping[str, Any],
        schema: Property,
        kind: KindSchema | None,
        address: Address,
    ) -> None:
        lookup = kind is not None and piece.body.get("kind") == "Data" and not kind.data_only
        asked = _asked(kind) if kind is not None and lookup else schema
        self._found.violations(
            check(spec, asked, ("spec",)),
            lambda violation: piece.document.position(*piece.root, *violation.path),
            address=address,
        )
        if kind is not None and kind.refine is not None and not lookup:
            for message in kind.refine(spec):
                self._found.error(message, piece.position("spec"), address=address)

    def _gates(self, piece: Piece, kind: KindSchema | None) -> tuple[Gate, ...]:
        written = self._parsed(piece.body.get("health") or [], piece, ("health",))
        gates = gates_of(written)
        if kind is not None and kind.readiness and not any(g.kind == "status" for g in gates):
            return (Gate("status"), *gates)
        return gates

    def _parsed(self, value: Any, piece: Piece, at: Path) -> Any:
        """``value`` with its expressions parsed; a syntax error is reported at its own line."""
        faults: list[tuple[Path, ExpressionError]] = []
        parsed = templated(value, faults, at)
        for where, error in faults:
            self._found.error(error.message, piece.position(*where), error.hint)
        return parsed

    def _instances(self, piece: Piece, template: Desired) -> Iterator[Desired]:
        if "forEach" not in piece.body:
            yield template
            return
        found = list(self._each(piece, template))
        if not found:
            yield replace(template, mode=Mode.EMPTY)
        for key, value in found:
            address = instance_address(template.address, key)
            yield replace(template, address=address, each={"key": key, "value": value})

    def _with_sinks(self, piece: Piece, instance: Desired) -> Desired:
        """A resource with the places that what it tells once is put into."""
        kind = self._catalogue.kind(instance.type)
        if kind is None or instance.mode is not Mode.MANAGED:
            return instance
        parsed = self._parsed(piece.body.get("secretSink") or {}, piece, ("secretSink",))
        sinks = self._known(piece, parsed, instance, "secretSink")
        if not isinstance(sinks, Mapping):
            return instance
        for message, hint, name in sink_problems(instance, kind, sinks):
            at = piece.position("secretSink", name) if name else piece.position("metadata", "name")
            self._found.error(message, at, hint, address=instance.address)
        return replace(instance, sinks={str(name): str(reference) for name, reference in sinks.items()})

    def _each(self, piece: Piece, template: Desired) -> Iterator[tuple[str, Any]]:
        value = self._known(
            piece, self._parsed(piece.body["forEach"], piece, ("forEach",)), template, "forEach"
        )
        position = piece.position("forEach")
        match value:
            case Mapping():
                yield from ((str(key), inner) for key, inner in value.items())
            case list() if all(isinstance(item, str) for item in value):
                if len(set(value)) < len(value):
                    self._found.error(
                        "forEach needs unique strings", position, "a value stands in the list twice"
                    )
                    return
                yield from ((item, item) for item in value)
            case None:
                return
            case _:
                self._found.error("forEach must be a map, or a list of unique strings", position)

    def _known(self, piece: Piece, value: Any, owner: Desired, at: str) -> Any:
        """What an expression gives that must be known before anything is read; None where it is not."""
        parents = [piece.parent] if piece.parent else []
        scope = Scope(self._around, Index(parents), {}, owner)
        try:
            resolved = scope.resolve(value)
        except (ExpressionError, KeyError) as error:
            hint = "params, stack, env and parent.spec are known here; resources are not"
            self._found.error(f"{at}: {error}", piece.position(at), hint)
            return None
        if contains(resolved, type(UNKNOWN)):
            self._found.error(f"{at} must be known before anything is read", piece.position(at))
            return None
        return resolved

    def _children(self, piece: Piece, composite: Desired, type: CompositeType) -> Iterator[Desired]:
        """The resources behind a composite, on the cloud that it is placed on."""
        side = type.clouds[family(composite.provider)]
        if not self._allowed(piece, composite, side):
            return
        for index, body in enumerate(side.resources):
            root: Path = ("clouds", side.cloud, "resources", index)
            for child in self._piece(Piece(body, side.document, root, composite)):
                if child.base == side.gate_on and child.parent == composite.address:
                    own = tuple(replace(g, of=str(composite.address)) for g in composite.gates)
                    yield replace(child, gates=(*child.gates, *own))
                else:
                    yield child

    def _status_of(self, composite: Desired) -> Mapping[str, Any]:
        """The expressions that make a composite's status."""
        side = self._types[composite.type].clouds[family(composite.provider)]
        at: Path = ("clouds", side.cloud, "status")
        parsed = self._parsed(side.status, Piece(side.document.body, side.document), at)
        return parsed if isinstance(parsed, Mapping) else {}

    def _allowed(self, piece: Piece, composite: Desired, side: CloudSide) -> bool:
        """What a cloud cannot do fails here, at the line of the document that asks for it."""
        owner = replace(composite, address=child_address(composite.address, ""), parent=composite.address)
        inside = replace(piece, parent=composite)
        fine = True
        for number, rule in enumerate(side.require):
            at: Path = ("clouds", side.cloud, "require", number, "that")
            that = self._parsed(rule["that"], Piece(side.document.body, side.document), at)
            scope = Scope(self._around, Index([composite]), {}, owner)
            try:
                holds = scope.resolve(that) if isinstance(that, Template) else that
            except (ExpressionError, KeyError) as error:
                self._found.error(str(error), side.document.position(*at))
                return False
            if holds is False:
                message = f"{composite.address}: {rule['message']}"
                self._found.error(message, inside.position("spec"), address=composite.address)
                fine = False
        return fine


_EMPTY = Property()


def _asked(kind: KindSchema) -> Property:
    """The spec of a lookup: of what its kind requires, only what says which object is meant."""
    members = kind.spec.properties.items()
    eased = {n: replace(p, required=p.required and n in kind.natural_key) for n, p in members}
    return replace(kind.spec, properties=eased)


def _mode(piece: Piece, kind: KindSchema | None, *, composite: bool) -> Mode:
    if composite:
        return Mode.COMPOSITE
    if piece.body.get("kind") == "Data" or (kind is not None and kind.data_only):
        return Mode.DATA
    return Mode.MANAGED
