"""The walk over the documents of a stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.kit.findings import Findings
from orchestrator.model.diagnostic import Diagnostic, did_you_mean
from orchestrator.model.document import Document
from orchestrator.model.ids import Address, ProviderName
from orchestrator.model.kind import KindSchema
from orchestrator.model.resource import Desired, Mode
from orchestrator.model.scope import Surroundings, paths_in
from orchestrator.seams.catalogue import Catalogue
from orchestrator.stages.compose.composites import CompositeType, gather
from orchestrator.stages.compose.expanding import Expander
from orchestrator.stages.compose.sinks import dropped, shared_sinks


@dataclass(frozen=True, slots=True)
class Composed:
    """What the documents say, all of it."""

    resources: tuple[Desired, ...]
    moves: Mapping[Address, Address] = field(default_factory=dict)
    """From the new address to the old one."""
    removed: Mapping[Address, bool] = field(default_factory=dict)
    """Addresses to let go of, and whether their objects are deleted too."""
    diagnostics: tuple[Diagnostic, ...] = ()


def compose(
    documents: Iterable[Document],
    *,
    catalogue: Catalogue,
    providers: Mapping[ProviderName, Mapping[str, Any]],
    around: Surroundings,
) -> Composed:
    """Every desired resource of the documents; what is wrong with them is in ``diagnostics``."""
    found = Findings()
    ordered = sorted(documents, key=lambda d: (d.kind, d.name))
    types = gather(ordered, found)
    expander = Expander(catalogue, providers, around, types, found)
    resources: list[Desired] = []
    for document in ordered:
        if document.kind in {"Resource", "Data"} or document.kind in types:
            resources += expander.expand(document)
        elif document.kind not in {"CompositeType", "Import", "Moved", "Removed"}:
            _unknown_kind(document, types, found)
    resources.sort(key=lambda r: r.address)
    _duplicates(resources, found)
    resources = _imports(ordered, resources, found)
    _absorbed(resources, catalogue, found)
    found.diagnostics += [*shared_sinks(resources), *dropped(resources, catalogue.kind)]
    return Composed(tuple(resources), _moves(ordered, found), _removed(ordered), tuple(found.diagnostics))


def _unknown_kind(document: Document, types: Mapping[str, CompositeType], found: Findings) -> None:
    known = ["Resource", "Data", "CompositeType", "Import", "Moved", "Removed", *types]
    message = f"no document kind {document.kind!r}, and no composite type of that name"
    found.error(message, document.position("kind"), did_you_mean(document.kind, known))


def _duplicates(resources: Sequence[Desired], found: Findings) -> None:
    seen: dict[Address, Desired] = {}
    for resource in resources:
        first = seen.setdefault(resource.address, resource)
        if first is not resource and first.document is not None and resource.document is not None:
            other = first.document.position(*first.root, "metadata", "name")
            where = f"{other.file}:{other.line}"
            found.error(
                f"two resources are named {resource.address!r}; the other one is at {where}",
                resource.document.position("metadata", "name"),
                "names are unique in a stack: rename one of them",
            )


def _named(document: Document, field_name: str) -> str:
    value = document.body.get("spec", document.body)
    inner = value.get(field_name) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, str) else ""


def _imports(documents: Sequence[Document], resources: list[Desired], found: Findings) -> list[Desired]:
    """``Import`` documents give their target the id of an object that is there already."""
    wanted = {_named(d, "to"): d for d in documents if d.kind == "Import"}
    known = {str(r.address): r for r in resources}
    for target, document in wanted.items():
        if target not in known:
            hint = did_you_mean(target, known)
            found.error(
                f"Import names {target!r}, which is no resource", document.position("spec", "to"), hint
            )
    return [
        replace(r, import_id=_named(wanted[r.address], "id"), take_from=_named(wanted[r.address], "takeFrom"))
        if r.address in wanted
        else r
        for r in resources
    ]


def _moves(documents: Sequence[Document], found: Findings) -> Mapping[Address, Address]:
    moves: dict[Address, Address] = {}
    for document in documents:
        if document.kind == "Moved":
            source, target = Address(_named(document, "from")), Address(_named(document, "to"))
            if target in moves:
                found.error(f"two Moved documents end at {target!r}", document.position("spec", "to"))
            moves[target] = source
    return moves


def _removed(documents: Sequence[Document]) -> Mapping[Address, bool]:
    return {
        Address(_named(d, "from")): bool(d.body.get("spec", {}).get("delete", False))
        for d in documents
        if d.kind == "Removed"
    }


def _absorbed(resources: Sequence[Desired], catalogue: Catalogue, found: Findings) -> None:
    """Plain objects belong to their parent's document *or* to documents of their own, never both."""
    types = {r.type: r for r in resources if r.mode is Mode.MANAGED}
    for resource in types.values():
        kind = catalogue.kind(resource.type)
        if kind is None or not kind.absorbs:
            continue
        for owner in resources:
            if owner.type == resource.type:
                _clashes(owner, kind, resources, catalogue, found)


def _clashes(
    owner: Desired, kind: KindSchema, resources: Sequence[Desired], catalogue: Catalogue, found: Findings
) -> None:
    for name, child_type in kind.absorbs.items():
        at = name.split(".")
        if not _has(owner.spec, at):
            continue
        child_kind = catalogue.kind(child_type)
        parent = child_kind.parent if child_kind is not None else ""
        for child in resources:
            near = child.type == child_type and child.parent == owner.parent
            if near and _refers(child, owner.base, parent):
                found.error(
                    f"{owner.address}.spec.{name} and {child.address} ({child.file}:{child.line}) both manage "
                    f"the {name} of {owner.address}",
                    owner.document.position(*owner.root, "spec", *at) if owner.document else None,
                    "keep them in the parent's list or as documents of their own, never both",
                )


def _has(spec: Mapping[str, object], at: Sequence[str]) -> bool:
    inner: object = spec
    for step in at:
        if not isinstance(inner, Mapping) or step not in inner:
            return False
        inner = inner[step]
    return True


def _refers(child: Desired, base: str, parent: str) -> bool:
    """Whether ``child`` is inside of ``base``: by the property that names its parent, where its kind has one."""
    spec = child.spec.get(parent) if parent else child.spec
    return any(path[0] == base or path[:2] == ("resources", base) for path in paths_in(spec))
