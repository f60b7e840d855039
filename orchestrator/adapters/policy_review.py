"""What is right to an engine and still not what its author means: found before any rule runs.

Enters: modules and their syntax trees. Leaves: diagnostics: rules without metadata, rules that nothing asks, bodies
that can never hold, variables that nothing binds, syntax that Rego has left behind.
Holds: only what is certain is an error; the rest are warnings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from orchestrator.adapters.policy_lint import Module, read_modules
from orchestrator.adapters.policy_metadata import V0_MARK, Annotation
from orchestrator.adapters.policy_rules import TEST_SUFFIX, Outline, Rule, discover
from orchestrator.adapters.policy_safety import unsafe_variables
from orchestrator.adapters.policy_tree import Node, dotted, references, span_of
from orchestrator.model.diagnostic import Diagnostic, Position, Severity, did_you_mean

_ASKED: Final = ("deny", "violation", "warn", "require_approval", "remediate", "exception")
_FUTURE: Final = "future.keywords"
_DEPRECATED: Final[Mapping[str, str]] = {
    "any": "some x in xs; x",
    "all": "every x in xs { x }",
    "cast_array": "a check with is_array",
    "cast_boolean": "a check with is_boolean",
    "cast_null": "a check with is_null",
    "cast_object": "a check with is_object",
    "cast_set": "a check with is_set",
    "cast_string": "a check with is_string",
    "net.cidr_overlap": "net.cidr_contains",
    "re_match": "regex.match",
    "set_diff": "the operator -",
}
"""Functions that OPA 1.0 no longer has, and what is written instead (OPA, "Upgrading to v1.0")."""
_FALSE: Final = {
    "Eq": lambda a, b: a != b,
    "Ne": lambda a, b: a == b,
}


def review(trees: Sequence[Node]) -> list[Diagnostic]:
    """Everything that these modules may do better, in order of file and line."""
    modules = read_modules(trees)
    outlines = [m.outline() for m in modules if not m.file.endswith(TEST_SUFFIX)]
    rules, _ = discover(outlines)
    found = [d for rule in rules if not rule.exempts for d in _metadata(rule, outlines)]
    for module, tree in zip(modules, trees, strict=True):
        found += [*_syntax(module, tree), *_bodies(module, tree)]
    found += unsafe_variables(modules, trees)
    found += [*_unreachable(modules, trees, rules), *_undefined(modules, trees)]
    return sorted(found, key=lambda d: (d.position.file, d.position.line) if d.position else ("", 0))


def _warning(message: str, module: Module, node: Node, hint: str = "") -> Diagnostic:
    return Diagnostic(message, _at(module, node), hint, severity=Severity.WARNING)


def _at(module: Module, span: Node) -> Position:
    return module.position(span["line"], span["col"])


def _metadata(rule: Rule, outlines: Sequence[Outline]) -> Iterator[Diagnostic]:
    blocks = [*rule.annotations, rule.package_annotation]
    missing = [name for name in ("title", "description", "severity") if not _said(blocks, name)]
    if missing:
        text = next(o.text for o in outlines if o.file == rule.file)
        position = Module(rule.file, text, rule.package).position(rule.line, 1)
        what = " and ".join([", ".join(missing[:-1]), missing[-1]] if len(missing) > 1 else missing)
        hint = "write a block `# METADATA` with title, description and custom.severity over the rule or its package"
        yield Diagnostic(f"{rule.label} has no {what}", position, hint, severity=Severity.WARNING)


def _said(blocks: Sequence[Annotation | None], name: str) -> bool:
    return any(getattr(block, name) for block in blocks if block is not None)


def _syntax(module: Module, tree: Node) -> Iterator[Diagnostic]:
    for item in tree["ast"].get("imports", ()):
        path = dotted(item["refr"])
        if path == _FUTURE or path.startswith(f"{_FUTURE}."):
            yield _warning(
                f"import {path} is deprecated",
                module,
                span_of(item),
                "these keywords are part of Rego now: write `import rego.v1`",
            )
    mark = V0_MARK.search(module.text)
    if mark:
        line = module.text.count("\n", 0, mark.start()) + 1
        hint = "opa fmt --v0-v1 writes it anew; then take the mark away"
        yield Diagnostic(
            "this module is written in legacy Rego (v0)",
            module.position(line, 1),
            hint,
            severity=Severity.WARNING,
        )
    for call in module.calls:
        if call.name in _DEPRECATED:
            hint = f"write {_DEPRECATED[call.name]} instead"
            at = module.position(call.line, call.column)
            yield Diagnostic(f"{call.name} is deprecated", at, hint, severity=Severity.WARNING)


def _bodies(module: Module, tree: Node) -> Iterator[Diagnostic]:
    for rule in tree["ast"].get("rules", ()):
        for body in (rule.get("Spec") or {}).get("bodies", ()):
            for statement in body["query"]["stmts"]:
                if _never(statement["literal"]):
                    yield _warning(
                        "this never holds, so nothing behind it is reached", module, span_of(statement)
                    )
        yield from _after_always(module, (rule.get("Spec") or {}).get("bodies", ()))


def _after_always(module: Module, bodies: Sequence[Node]) -> Iterator[Diagnostic]:
    for before, body in pairwise(bodies):
        statements = before["query"]["stmts"]
        always = [_constant(s["literal"].get("Expr", {}).get("expr", {})) for s in statements]
        if body["is_else"] and all(known and value is True for known, value in always):
            yield _warning(
                "this else is never reached: what stands before it always holds", module, span_of(body)
            )


def _never(literal: Node) -> bool:
    expression = (literal.get("Expr") or {}).get("expr")
    if expression is None:
        return False
    known, value = _constant(expression)
    if known:
        return value is False
    comparison = expression.get("BoolExpr")
    if comparison is None or comparison["op"] not in _FALSE:
        return False
    (left_known, left), (right_known, right) = _constant(comparison["lhs"]), _constant(comparison["rhs"])
    return left_known and right_known and _FALSE[comparison["op"]](left, right)


def _constant(node: Node) -> tuple[bool, Any]:
    """Whether it is a scalar that is written out, and which."""
    for shape in ("Bool", "Number", "String"):
        if shape in node:
            return True, node[shape]["value"]
    return False, None


def _unreachable(
    modules: Sequence[Module], trees: Sequence[Node], rules: Sequence[Rule]
) -> Iterator[Diagnostic]:
    """Rules of packages that are asked, which nothing that is asked, and no test, leads to."""
    asked = {rule.path for rule in rules}
    packages = {rule.package for rule in rules}
    places: dict[str, list[tuple[Module, Node]]] = {}
    uses: dict[str, set[str]] = {}
    for module, tree in zip(modules, trees, strict=True):
        for rule in tree["ast"].get("rules", ()):
            path = f"data.{module.package}.{_name(rule)}"
            places.setdefault(path, []).append((module, rule))
            uses.setdefault(path, set()).update(_references(module, rule))
    roots = {
        path
        for path, found in places.items()
        if path in asked or any(m.package not in packages or m.file.endswith(TEST_SUFFIX) for m, _ in found)
    }
    reached = _reached(roots, uses)
    for path, found in places.items():
        module, rule = found[0]
        name = path.rpartition(".")[2]
        meant = did_you_mean(name, _ASKED) if name not in _ASKED else ""
        alone = module.package not in packages and not any(
            path in used for user, used in uses.items() if user != path
        )
        if module.file.endswith(TEST_SUFFIX):
            continue
        if path not in reached or (meant and alone):
            hint = meant or "take it away, or use it in deny, warn or require_approval"
            yield _warning(
                f"{name} is never reached: nothing that is asked uses it", module, span_of(_of(rule)), hint
            )


def _undefined(modules: Sequence[Module], trees: Sequence[Node]) -> Iterator[Diagnostic]:
    """What is read of a package that stands here, and is not in it: it is undefined, so the rule is silent."""
    defined = {f"data.{m.package}.{_name(r)}" for m, t in zip(modules, trees, strict=True) for r in _rules(t)}
    packages = sorted((f"data.{m.package}" for m in modules), key=len, reverse=True)
    known = {*defined, *packages}
    for module, tree in zip(modules, trees, strict=True):
        for node in references(tree["ast"].get("rules", ())):
            named = dotted(node)
            if named.partition(".")[0] not in ("data", *module.aliases):
                continue
            path = module.resolve(named)
            package = next((p for p in packages if path.startswith(f"{p}.")), "")
            if package and not any(
                _overlap(path, name) for name in known - {package, *_above(package, known)}
            ):
                name = path.removeprefix(f"{package}.").partition(".")[0]
                here = [d.rpartition(".")[2] for d in defined if d.startswith(f"{package}.")]
                message = f"{package.removeprefix('data.')} has no {name}, so this is undefined"
                yield _warning(message, module, span_of(node), did_you_mean(name, here))


def _above(package: str, known: set[str]) -> set[str]:
    """Packages that a package lies below: they do not define what is in it."""
    return {name for name in known if package.startswith(f"{name}.")}


def _rules(tree: Node) -> Sequence[Node]:
    return list(tree["ast"].get("rules", ()))


def _of(rule: Node) -> Node:
    (inner,) = rule.values()
    return dict(inner)


def _name(rule: Node) -> str:
    inner = _of(rule)
    head = inner if "refr" in inner else next(iter(inner["head"].values()))
    return dotted(head["refr"]).partition(".")[0]


def _references(module: Module, rule: Node) -> Iterator[str]:
    """Every path under ``data`` that a rule may read; names of its own package are written out."""
    for node in references(rule):
        name = dotted(node)
        if name:
            yield module.resolve(name)


def _reached(roots: set[str], uses: Mapping[str, set[str]]) -> set[str]:
    seen, waiting = set(roots), list(roots)
    while waiting:
        for used in uses.get(waiting.pop(), ()):
            for path in uses:
                if path not in seen and _overlap(path, used):
                    seen.add(path)
                    waiting.append(path)
    return seen


def _overlap(path: str, used: str) -> bool:
    """Whether one of two paths lies at or below the other."""
    return path == used or used.startswith(f"{path}.") or path.startswith(f"{used}.")
