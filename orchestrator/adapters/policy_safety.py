"""Variables that nothing binds, found before a rule runs: OPA refuses them, the embedded engine finds some when it gets there.

Enters: modules with their trees. Leaves: errors, one for each name of a clause. A clause is a head and one body, or an
``else`` and its own: what another body binds does not count (OPA's "Policy Language", Variable Safety).
Holds: only what is certain is told. A variable counts as bound wherever a clause might bind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.adapters.policy_builtins import ARITY
from orchestrator.adapters.policy_lint import Module
from orchestrator.adapters.policy_tree import Node, text_of, walk
from orchestrator.model.diagnostic import Diagnostic

_GLOBAL: Final = frozenset(("input", "data", "_", "rego", *(name.partition(".")[0] for name in ARITY)))
_OWN_SCOPE: Final = ("ArrayCompr", "SetCompr", "ObjectCompr", "Every")


def unsafe_variables(modules: Sequence[Module], trees: Sequence[Node]) -> Iterator[Diagnostic]:
    """Every variable that a clause uses, and neither it nor the package binds."""
    for module, tree in zip(modules, trees, strict=True):
        known = _GLOBAL | set(module.aliases) | _defined(module.package, modules)
        for rule in tree["ast"].get("rules", ()):
            if "Spec" in rule:
                yield from _in_rule(module, rule["Spec"], known)


def _defined(package: str, modules: Sequence[Module]) -> set[str]:
    return {
        name.partition(".")[0]
        for m in modules
        if m.package == package
        for name in (*(r for r, _ in m.rules), *(f.removeprefix(f"data.{m.package}.") for f in m.functions))
    }


def _in_rule(module: Module, spec: Node, known: set[str] | frozenset[str]) -> Iterator[Diagnostic]:
    (head,) = spec["head"].values()
    given = known | {str(v["value"]) for v in _variables(head.get("args", []))}
    said = [head.get("key"), (head.get("assign") or {}).get("value"), *_indexes(head["refr"])]
    for body in spec["bodies"] or [{"query": None, "is_else": False}]:
        own = [(body.get("assign") or {}).get("value")] if body["is_else"] else said
        clause = [own, body["query"]]
        bound = given | set(_bound(clause, module.text))
        loose: dict[str, Node] = {}
        for variable in _variables(clause):
            if variable["value"] not in bound:
                loose.setdefault(str(variable["value"]), variable["span"])
        for name, span in loose.items():
            at = module.position(span["line"], span["col"])
            yield Diagnostic(f"the variable {name!r} is unsafe: nothing binds it", at)


def _indexes(refr: Node) -> Iterator[Node]:
    """The keys in a head such as ``p[key]``."""
    while "RefBrack" in refr or "RefDot" in refr:
        (inner,) = refr.values()
        if "index" in inner:
            yield inner["index"]
        refr = inner["refr"]


def _variables(root: Any) -> Iterator[Node]:
    """Every variable that is read as a value: the name of a function is none."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node))
        elif isinstance(node, Mapping):
            if isinstance(node.get("Var"), Mapping):
                yield node["Var"]
            waiting.extend(inner for key, inner in reversed(list(node.items())) if key != "fcn")


def _bound(root: Any, text: str) -> Iterator[str]:
    """The names that a clause may bind; under ``not`` only a comprehension or ``every`` binds, for itself."""
    waiting: list[tuple[Any, bool]] = [(root, True)]
    while waiting:
        node, binds = waiting.pop()
        if isinstance(node, list):
            waiting.extend((inner, binds) for inner in node)
        elif isinstance(node, Mapping):
            for shape, inner in node.items():
                if binds and isinstance(inner, Mapping):
                    yield from _binding(shape, inner, text)
                inside = (binds and shape != "NotExpr") or shape in _OWN_SCOPE
                waiting.append((inner, inside))


def _binding(shape: str, node: Node, text: str) -> Iterator[str]:
    match shape:
        case "AssignExpr":
            yield from _pattern([node["lhs"], node["rhs"]])
        case "SomeIn":
            yield from _pattern([node.get("key"), node["value"]])
        case "RefBrack":
            yield from _pattern([node["index"]])
        case "Call":
            yield from _pattern(node["params"])
        case "Every":
            yield from (text_of(text, node[name]) for name in ("key", "value") if node.get(name))


def _pattern(nodes: Sequence[Any]) -> Iterator[str]:
    """Variables of a pattern: alone, or in a list or object that is written out."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Mapping):
            continue
        if isinstance(node.get("Var"), Mapping):
            yield str(node["Var"]["value"])
        for shape in ("Array", "Object", "Set"):
            if isinstance(node.get(shape), Mapping):
                yield from (
                    str(n["Var"]["value"]) for n in walk(node[shape]) if isinstance(n.get("Var"), Mapping)
                )
