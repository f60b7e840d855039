"""Paths below ``input`` that no input has: found in the syntax tree, by the published schemas.

Enters: modules with their trees. Leaves: diagnostics, each with the nearest name. Every rule of a package that is asked
is held to the schema of its stages, or to what its ``# METADATA schemas`` names; only then a wrong path is an error, as
it is for ``opa check --schema``.
Holds: what cannot be followed (arguments of functions, results of calls, a variable that means two things) is not
guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.adapters.policy_lint import Module
from orchestrator.adapters.policy_metadata import Annotation, annotations_of
from orchestrator.adapters.policy_rules import TEST_SUFFIX
from orchestrator.adapters.policy_schemas import Schemas
from orchestrator.adapters.policy_tree import Node, dotted, references, text_of, walk
from orchestrator.model.diagnostic import Diagnostic, Severity, did_you_mean
from orchestrator.model.policy_schema import ALL, resolved, steps_into

_INPUT: Final = "input"
_PREFIX: Final = "schema."
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Typed:
    """A place in a schema: what may stand there, and the whole that its references point into."""

    schema: Schema
    root: Schema


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A step that leads nowhere: its name, what there is instead, and where it stands."""

    said: str
    hint: str
    span: Node


_Names = dict[str, _Typed | None]
"""What each variable is; None: nobody knows."""


@dataclass(slots=True)
class _Rule:
    """One rule, and what its metadata says of the input."""

    module: Module
    node: Node
    input: _Typed
    declared: bool
    found: list[Diagnostic] = field(default_factory=list)


def wrong_paths(modules: Sequence[Module], trees: Sequence[Node], schemas: Schemas) -> list[Diagnostic]:
    """What the rules of these modules read and no input has, and schemas that nobody publishes."""
    found: list[Diagnostic] = []
    for module, tree in zip(modules, trees, strict=True):
        if module.file.endswith(TEST_SUFFIX):
            continue
        said = annotations_of(module.file, module.text).found
        package = next((a for a in said if a.scope in ("package", "subpackages")), None)
        found += _unknown_schemas(module, said, schemas)
        for rule in tree["ast"].get("rules", ()):
            spec = rule.get("Spec")
            if spec is None or _replaces_input(spec):
                continue
            line = spec["span"]["line"]
            own = next((a for a in said if a.line == line and a.scope in ("rule", "document")), None)
            chosen = _chosen(own, package, module, schemas)
            if chosen is not None:
                found += _checked(_Rule(module, spec, *chosen))
    return found


def _chosen(
    own: Annotation | None, package: Annotation | None, module: Module, schemas: Schemas
) -> tuple[_Typed, bool] | None:
    """The schema of a rule's input, and whether its metadata names it."""
    blocks = [a for a in (own, package) if a is not None]
    for block in blocks:
        if _INPUT in block.schemas:
            said = block.schemas[_INPUT]
            schema = said if isinstance(said, Mapping) else schemas.named(str(said).removeprefix(_PREFIX))
            return None if schema is None else (_Typed(schema, schema), True)
    if not module.package.startswith("opsctl."):
        return None
    stages = next((a.stages for a in blocks if a.stages is not None), frozenset())
    whole = schemas.named(next(iter(stages)) if len(stages) == 1 else ALL)
    return None if whole is None else (_Typed(whole, whole), False)


def _unknown_schemas(module: Module, said: Sequence[Annotation], schemas: Schemas) -> Iterator[Diagnostic]:
    for annotation in said:
        for path, name in annotation.schemas.items():
            if path != _INPUT or isinstance(name, Mapping):
                continue
            known = [f"{_PREFIX}{n}" for n in schemas.names()]
            if str(name) not in known:
                line = next(
                    (n for n, t in enumerate(module.text.splitlines(), 1) if t.startswith("#") and name in t),
                    1,
                )
                hint = did_you_mean(str(name), known) or "opsctl policy schema writes what there is"
                yield Diagnostic(f"no schema is called {name}", module.position(line, 1), hint)


def _replaces_input(spec: Node) -> bool:
    return any(
        dotted(change["refr"]).partition(".")[0] == _INPUT
        for node in walk(spec)
        for change in node.get("with_mods") or ()
    )


def _checked(rule: _Rule) -> list[Diagnostic]:
    names = _bound(rule)
    severity = Severity.ERROR if rule.declared else Severity.WARNING
    found: dict[tuple[int, int], Diagnostic] = {}
    for reference in references(rule.node):
        wrong = _follow(reference, names, rule.module.text)[1]
        if wrong is not None:
            span = wrong.span
            place = rule.module.position(span["line"], span["col"])
            found.setdefault(
                (span["line"], span["col"]), Diagnostic(wrong.said, place, wrong.hint, severity=severity)
            )
    return list(found.values())


def _bound(rule: _Rule) -> _Names:
    """What every variable of a rule is; one that means two things in two places is nothing that can be followed."""
    bindings = list(_bindings(rule.node, rule.module.text))
    names: _Names = {_INPUT: rule.input}
    for _ in range(len(bindings) + 1):
        found: dict[str, list[_Typed | None]] = {}
        for name, value, item in bindings:
            place = _place(value, names, rule.module.text) if value is not None else None
            found.setdefault(name, []).append(_item(place) if item else place)
        new: _Names = {
            n: types[0] if all(t == types[0] for t in types) else None for n, types in found.items()
        }
        new[_INPUT] = rule.input
        if new == names:
            break
        names = new
    return names


def _bindings(spec: Node, text: str) -> Iterator[tuple[str, Node | None, bool]]:
    """Each variable that a rule binds, the expression, and whether it is an item of that or the whole."""
    for head in spec["head"].values():
        for node in walk(head.get("args", [])):
            if "Var" in node:
                yield str(node["Var"]["value"]), None, False
    for node in walk(spec):
        some, every, assign = node.get("SomeIn"), node.get("Every"), node.get("AssignExpr")
        if isinstance(some, Mapping):
            yield from ((name, some["collection"], True) for name in _variable(some["value"]))
            yield from ((name, None, False) for name in _variable(some.get("key")))
        if isinstance(every, Mapping):
            yield text_of(text, every["value"]), every["domain"], True
            if every.get("key"):
                yield text_of(text, every["key"]), None, False
        if isinstance(assign, Mapping):
            names = [*_variable(assign["lhs"])]
            yield from ((name, assign["rhs"], False) for name in names)
            if not names:
                inner = (n for n in walk(assign["lhs"]) if "Var" in n)
                yield from ((str(n["Var"]["value"]), None, False) for n in inner)


def _variable(node: Any) -> Iterator[str]:
    inner = node.get("Var") if isinstance(node, Mapping) else None
    if isinstance(inner, Mapping):
        yield str(inner["value"])


def _place(node: Node, names: _Names, text: str) -> _Typed | None:
    if "Var" in node or "RefDot" in node or "RefBrack" in node:
        return _follow(node, names, text)[0]
    return None


def _follow(node: Node, names: _Names, text: str) -> tuple[_Typed | None, _Wrong | None]:
    """Where a reference leads, or the first step of it that leads nowhere."""
    if "Var" in node:
        return names.get(str(node["Var"]["value"])), None
    if "RefDot" in node:
        inner = node["RefDot"]
        span, name = inner["field"]
        base, wrong = _base(inner["refr"], names, text)
        return (None, wrong) if base is None else _named(base, str(name), span)
    if "RefBrack" in node:
        inner = node["RefBrack"]
        base, wrong = _base(inner["refr"], names, text)
        if base is None:
            return None, wrong
        index = inner["index"].get("String")
        if isinstance(index, Mapping):
            return _named(base, str(index["value"]), index["span"])
        return _item(base), None
    return None, None


def _base(node: Node, names: _Names, text: str) -> tuple[_Typed | None, _Wrong | None]:
    place, wrong = _follow(node, names, text)
    return (None if place is None else _Typed(resolved(place.schema, place.root), place.root)), wrong


def _kinds(schema: Schema) -> tuple[str, ...]:
    said = schema.get("type", ())
    return (said,) if isinstance(said, str) else tuple(said)


def _named(base: _Typed, name: str, span: Node) -> tuple[_Typed | None, _Wrong | None]:
    """The property of an object."""
    properties = dict(steps_into(base.schema, base.root))
    kinds = _kinds(base.schema)
    if properties:
        if name in properties:
            return _Typed(properties[name], base.root), None
        known = sorted(properties)
        hint = (
            did_you_mean(name, known)
            or f"there are {', '.join(known[:12])}{', …' if len(known) > 12 else ''}"
        )
        return None, _Wrong(f"no input has {name!r} here", hint, span)
    if not kinds or "object" in kinds:
        additional = base.schema.get("additionalProperties")
        return (_Typed(additional, base.root) if isinstance(additional, Mapping) else None), None
    if "array" in kinds:
        return None, _Wrong(
            f"{name!r} is asked of a list", "write [_] before it, or some x in the list", span
        )
    return None, _Wrong(f"{name!r} is asked of a {kinds[0]}, which has no names", "", span)


def _item(base: _Typed | None) -> _Typed | None:
    """An item of a list; nothing that can be followed of anything else."""
    if base is None:
        return None
    whole = resolved(base.schema, base.root)
    items = whole.get("items")
    if "array" not in _kinds(whole) or not isinstance(items, Mapping):
        return None
    return _Typed(resolved(items, base.root), base.root)
