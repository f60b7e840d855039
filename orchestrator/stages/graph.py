"""Desired resources become an acyclic graph.

Enters: composed resources. Leaves: for each the resources that it reads or names, and an order in which each
comes after those. Holds: every reference points to something that exists, down to the attribute where the
kind's schema lists them; cycles are shown with their lines. Cost: O(n + e).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.model.diagnostic import Diagnostic, Position, did_you_mean
from orchestrator.model.expression import Expression, templates_in
from orchestrator.model.ids import Address, Path, TypeName, render_path
from orchestrator.model.kind import KindSchema
from orchestrator.model.resource import Desired, Mode
from orchestrator.model.schema import Property
from orchestrator.model.scope import GLOBALS, Index, NameError_, Surroundings


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges point from a resource to what it needs; ``order`` has each after what it needs."""

    index: Index
    edges: Mapping[Address, tuple[Address, ...]]
    order: tuple[Address, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


def graph(
    resources: Sequence[Desired], *, kinds: Callable[[TypeName], KindSchema | None], around: Surroundings
) -> Graph:
    """The graph of the desired resources; what is wrong with their references is in ``diagnostics``."""
    index = Index(resources)
    found: list[Diagnostic] = []
    edges: dict[Address, tuple[Address, ...]] = {}
    children: dict[Address, list[Address]] = {}
    present = [r for r in resources if r.mode is not Mode.EMPTY]
    for resource in present:
        if resource.parent is not None:
            children.setdefault(resource.parent, []).append(resource.address)
    for resource in present:
        needs = _references(resource, index, kinds, around, found)
        if resource.mode is Mode.COMPOSITE:
            needs |= set(children.get(resource.address, ()))
        edges[resource.address] = tuple(sorted(needs - {resource.address}))
    order = topological(edges)
    if len(order) < len(edges):
        found.append(_cycle(edges, set(order), index))
    return Graph(index, edges, tuple(order), tuple(found))


def rests_on(
    address: Address, edges: Mapping[Address, Sequence[Address]], index: Index
) -> tuple[Address, ...]:
    """The resources that one needs: through composites and lookups, which nobody ever deletes."""
    found: set[Address] = set()
    passed: set[Address] = set()
    waiting = list(edges[address])
    while waiting:
        need = waiting.pop()
        if index.by_address[need].mode is Mode.MANAGED:
            found.add(need)
        elif need not in passed:
            passed.add(need)
            waiting += edges.get(need, ())
    return tuple(sorted(found - {address}))


def topological(edges: Mapping[Address, Iterable[Address]]) -> list[Address]:
    """Kahn's algorithm with a stable order; nodes on or behind a cycle are left out."""
    waiting = dict.fromkeys(edges, 0)
    behind: dict[Address, list[Address]] = {node: [] for node in edges}
    for node, needs in edges.items():
        for need in needs:
            if need in behind:
                behind[need].append(node)
                waiting[node] += 1
    ready = [node for node, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    order: list[Address] = []
    while ready:
        node = heapq.heappop(ready)
        order.append(node)
        for dependent in behind[node]:
            waiting[dependent] -= 1
            if waiting[dependent] == 0:
                heapq.heappush(ready, dependent)
    return order


def _references(
    resource: Desired,
    index: Index,
    kinds: Callable[[TypeName], KindSchema | None],
    around: Surroundings,
    found: list[Diagnostic],
) -> set[Address]:
    """The addresses that a resource needs."""
    needs: set[Address] = set()
    for part, value in (("spec", resource.spec), ("status", resource.status)):
        for at, template in templates_in(value):
            scope = resource.address if part == "status" else resource.parent
            for expression in template.expressions:
                for reference in _reads(expression, resource, index, scope, around):
                    diagnostic = _check_global(reference, resource, around)
                    if diagnostic is None:
                        try:
                            for target, rest in index.references([reference], scope):
                                needs.add(target.address)
                                diagnostic = diagnostic or _attribute(target, rest, reference, kinds)
                        except NameError_ as error:
                            diagnostic = Diagnostic(error.message, None, error.hint)
                    if diagnostic is not None:
                        path = (*resource.root, part, *at) if part == "spec" else _status_path(resource)
                        found.append(_at(diagnostic, path, resource))
    for name in resource.depends_on:
        needs |= _named(name, resource, index, found)
    return needs


def _reads(
    expression: Expression, resource: Desired, index: Index, scope: Address | None, around: Surroundings
) -> Sequence[Path]:
    """What an expression reads: of a map of instances the one that is given, as far as there is one."""
    if not expression.narrowed:
        return expression.paths
    given = {"each": resource.each, "params": around.params, "stack": around.stack, "env": around.env}
    narrow = expression.reads(given)
    try:
        for _ in index.references(narrow, scope):
            pass
    except NameError_:  # it may be asked for before it is read
        return expression.paths
    return narrow


def _status_path(resource: Desired) -> Path:
    return ("metadata", "name") if resource.root == () else resource.root


def _at(diagnostic: Diagnostic, path: Path, resource: Desired) -> Diagnostic:
    document = resource.document
    where = document.position(*path) if document else Position(resource.file, resource.line)
    return Diagnostic(diagnostic.message, where, diagnostic.hint, resource.address)


def _check_global(path: Path, resource: Desired, around: Surroundings) -> Diagnostic | None:
    """What can be said about a name that is no resource."""
    root = path[0]
    if root == "self" and resource.mode is not Mode.COMPOSITE:
        return Diagnostic(
            "self is the resource after it was made: only health gates may use it", hint="use literals"
        )
    if root == "each" and resource.each is None:
        return Diagnostic("each needs a forEach", hint="add forEach: to the resource")
    if root == "parent" and resource.parent is None and resource.mode is not Mode.COMPOSITE:
        return Diagnostic("parent is known only inside a composite type")
    known = {"params": around.params, "stack": around.stack, "env": around.env}.get(str(root))
    if known is not None and len(path) > 1 and path[1] not in known:
        name = str(path[1])
        hint = did_you_mean(name, known) or (f"known: {', '.join(sorted(known))}" if known else "")
        if root == "env":
            hint = hint or f"allow it in opsctl.yaml: env: [{name}]"
        return Diagnostic(f"there is no {root}.{name}", hint=hint)
    return None


def _attribute(
    target: Desired, rest: Path, reference: Path, kinds: Callable[[TypeName], KindSchema | None]
) -> Diagnostic | None:
    """A path must exist in the schema of what it points to, as far as the schema says."""
    if not rest:
        return None
    if rest[0] not in {"spec", "status"}:
        hint = did_you_mean(str(rest[0]), ["spec", "status"]) or f"write {target.base}.status.{rest[0]}"
        return Diagnostic(f"{render_path(reference)}: a resource has .spec and .status", hint=hint)
    kind = kinds(target.type)
    if kind is None:
        known = list(target.status) if rest[0] == "status" else list(target.spec)
        if len(rest) > 1 and target.mode is Mode.COMPOSITE and rest[1] not in known:
            message = f"{target.base} ({target.type}) has no {rest[0]}.{rest[1]}"
            return Diagnostic(
                message, hint=did_you_mean(str(rest[1]), known) or f"known: {', '.join(sorted(known))}"
            )
        return None
    if rest[0] == "status" and len(rest) > 1 and rest[1] in kind.once and rest[1] not in target.sinks:
        message = f"{target.base}.status.{rest[1]} is told only once, and is kept nowhere"
        hint = f'write secretSink: {{{rest[1]}: "vault:kv/{target.base}#{rest[1]}"}} at {target.base}'
        return Diagnostic(message, hint=hint)
    schema = kind.spec if rest[0] == "spec" else kind.status
    return _walk(schema, rest, target)


def _walk(schema: Property, rest: Path, target: Desired) -> Diagnostic | None:
    for depth, part in enumerate(rest[1:], start=1):
        if rest[:2] == ("status", "id"):
            return None
        if isinstance(part, int):
            if schema.items is None:
                return None
            schema = schema.items
            continue
        inner = schema.properties.get(part) or schema.additional
        if inner is None:
            if not schema.properties and "object" not in schema.types:
                return None
            known = [*schema.properties, *(["id"] if rest[0] == "status" and depth == 1 else [])]
            message = f"{target.base} ({target.type}) has no {render_path(rest[: depth + 1])}"
            return Diagnostic(
                message, hint=did_you_mean(part, known) or f"known: {', '.join(sorted(known)[:12])}"
            )
        schema = inner
    return None


def _named(name: Address, resource: Desired, index: Index, found: list[Diagnostic]) -> set[Address]:
    """What a ``dependsOn`` names: one resource, an instance, or all instances of a forEach."""
    if name in index.by_address:
        return {name}
    base = name if resource.parent is None else Address(name.removeprefix(f"{resource.parent}/"))
    instances = index.bases.get(resource.parent, {}).get(base, [])
    if base not in index.bases.get(resource.parent, {}):
        known = [n for n in index.bases.get(resource.parent, {}) if n not in GLOBALS]
        position = resource.document.position(*resource.root, "dependsOn") if resource.document else None
        hint = did_you_mean(str(base), known)
        found.append(
            Diagnostic(f"dependsOn names {base!r}, which is no resource", position, hint, resource.address)
        )
    return {i.address for i in instances}


def _cycle(edges: Mapping[Address, Sequence[Address]], sorted_: set[Address], index: Index) -> Diagnostic:
    """The shortest way to show one cycle: follow edges that never got sorted until a node comes again."""
    node = min(n for n in edges if n not in sorted_)
    trail: list[Address] = []
    while node not in trail:
        trail.append(node)
        node = next(n for n in edges[node] if n in edges and n not in sorted_)
    loop = [*trail[trail.index(node) :], node]
    places = [_named_at(index.by_address[a]) for a in loop]
    where = [f"{a} ({p.file}:{p.line})" for a, p in zip(loop, places, strict=True)]
    message = f"a cycle of references: {' -> '.join(where)}"
    return Diagnostic(message, places[0], "one of these references must go", loop[0])


def _named_at(resource: Desired) -> Position:
    """Where a resource's name stands."""
    if resource.document is None:
        return Position(resource.file, resource.line)
    return resource.document.position(*resource.root, "metadata", "name")
