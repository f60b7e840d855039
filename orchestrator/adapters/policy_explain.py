"""Why a rule fired, and why another did not: each body followed expression by expression.

Enters: a bundle, the input, the rules that are asked. Leaves: for each body how many ways lead through each of its
expressions, with the values of its variables where it ended. The engine tells no trace, so each body is asked again
up to each of its expressions: what it says is what the engine evaluates, not an imitation of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from orchestrator.adapters.policy_child import ChildFailedError, in_child
from orchestrator.adapters.policy_embedded import Limits, new_engine, plain, syntax_trees
from orchestrator.adapters.policy_lint import read_modules
from orchestrator.adapters.policy_rules import TEST_SUFFIX, Rule, discover
from orchestrator.adapters.policy_tree import Node, dotted, span_of, text_of, walk, whole_span
from orchestrator.model.verdict import Bundle

_PROBE: Final = "opsctl_explain"
_MOST: Final = 3
"""Ways that are shown of one body."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression of a body. ``ways``: how many bindings hold up to and with it; None where it was not reached."""

    text: str
    line: int
    ways: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """One body of a rule, and how far it came."""

    file: str
    line: int
    expressions: tuple[Expression, ...]
    values: tuple[Mapping[str, Any], ...] = ()
    """Variables and their values where it ended, for the first few ways; of the expression that does not hold, also
    what it reads."""

    @property
    def fired(self) -> bool:
        """Whether every expression holds at once."""
        return all(e.ways for e in self.expressions)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule with its bodies."""

    rule: str
    path: str
    bodies: tuple[Body, ...]

    @property
    def fired(self) -> bool:
        """Whether any body does."""
        return any(body.fired for body in self.bodies)


@dataclass(frozen=True, slots=True)
class _Probe:
    """One body as it is asked: a module with one rule for each number of expressions."""

    file: str
    line: int
    package: str
    expressions: tuple[tuple[str, int], ...]
    text: str


def explain(
    bundle: Bundle, document: Mapping[str, Any], *, only: str = "", limits: Limits | None = None
) -> list[Explanation]:
    """Every asked rule whose name has ``only`` in it. Raises ChildFailedError where the policies do not compile."""
    limits = limits or Limits()
    modules = {f: t for f, t in bundle.modules.items() if not f.endswith(TEST_SUFFIX)}
    trees = syntax_trees(modules, limits)
    rules, _ = discover([m.outline() for m in read_modules(trees)])
    text = msgspec.json.encode(document).decode()
    found = []
    for rule in (r for r in rules if only in r.label):
        probes = list(_probes(rule, trees))
        asked = [_follow(probe, modules, bundle, text, limits) for probe in probes]
        found.append(Explanation(rule.label, rule.path, tuple(asked)))
    return found


def _probes(rule: Rule, trees: Sequence[Node]) -> Iterator[_Probe]:
    for tree in trees:
        if dotted(tree["ast"]["package"]["refr"]) != rule.package:
            continue
        for spec in (item["Spec"] for item in tree["ast"]["rules"] if "Spec" in item):
            (head,) = spec["head"].values()
            if dotted(head["refr"]).partition(".")[0] == rule.name and "args" not in head:
                for body in spec["bodies"]:
                    yield _probe(tree, rule.package, body)


def _probe(tree: Node, package: str, body: Node) -> _Probe:
    source = str(tree["source"]["contents"])
    statements = body["query"]["stmts"]
    texts = [_whole(source, s["span"]) for s in statements]
    imports = [text_of(source, item["span"]) for item in tree["ast"].get("imports", ())]
    lines = [f"package {package}", *imports]
    for count in range(len(statements) + 1):
        bound = _bound(statements[:count])
        reads = [] if count == len(statements) else _reads(statements[count], bound, source)
        shown = [f'"{name}": {name}' for name in bound]
        shown += [f"{msgspec.json.encode(t).decode()}: [v_ | v_ := {t}]" for t in reads]
        head = "{" + ",\n".join(shown) + "}"
        query = "\n".join(texts[:count]) or "true"
        lines += [f"{_PROBE}_{count} := [count(w_), array.slice(w_, 0, {_MOST})] if {{"]
        lines += [f"w_ := [{head} |", query, "]", "}"]
    expressions = tuple((t, s["span"]["line"]) for t, s in zip(texts, statements, strict=True))
    return _Probe(tree["source"]["file"], span_of(body)["line"], package, expressions, "\n".join(lines))


def _whole(source: str, span: Node) -> str:
    """An expression's text; where it ends with a string, the engine's span leaves the closing quote out."""
    data = source.encode()
    closing = data[span["end"] : span["end"] + 1]
    return text_of(source, {**span, "end": span["end"] + (closing in (b'"', b"`"))})


def _bound(statements: Sequence[Node]) -> list[str]:
    """The variables that these expressions bind, in order."""
    names: dict[str, None] = {}
    for literal in (s["literal"] for s in statements):
        if "SomeIn" in literal:
            names |= _pattern(literal["SomeIn"].get("key")) | _pattern(literal["SomeIn"]["value"])
        assign = (literal.get("Expr") or {}).get("expr", {}).get("AssignExpr")
        if assign is not None:
            names |= _pattern(assign["lhs"])
    return [name for name in names if name != "_"]


def _pattern(node: Node | None) -> dict[str, None]:
    """The variables of a pattern: ``x``, or ``[x, y]``."""
    if not node:
        return {}
    if "Var" in node:
        return {str(node["Var"]["value"]): None}
    items = node["Array"]["items"] if "Array" in node else ()
    return {name: None for item in items for name in _pattern(item)}


def _reads(statement: Node, bound: Sequence[str], source: str) -> list[str]:
    """The references of an expression whose variables are known before it."""
    known = {*bound, "input", "data"}
    found: dict[str, None] = {}
    for node in walk(statement["literal"]):
        if "RefDot" not in node and "RefBrack" not in node:
            continue
        names = {v["Var"]["value"] for v in walk(node) if isinstance(v.get("Var"), Mapping)}
        base = dotted(node).partition(".")[0]
        if base in known and base != "data" and names <= known:
            found[text_of(source, whole_span(node))] = None
    longest = [t for t in found if not any(o != t and o.startswith(t) for o in found)]
    return [t for t in longest if "\n" not in t]


def _follow(probe: _Probe, modules: Mapping[str, str], bundle: Bundle, text: str, limits: Limits) -> Body:
    def work() -> bytes:
        engine = new_engine({**modules, f"{_PROBE}.rego": probe.text}, bundle.data)
        engine.set_input_json(text)
        answers = []
        for count in range(len(probe.expressions) + 1):
            try:
                raw = engine.eval_query_as_json(f"data.{probe.package}.{_PROBE}_{count}")
                result = msgspec.json.decode(raw).get("result")
                answers.append(result[0]["expressions"][0]["value"] if result else [0, []])
            except RuntimeError as error:
                answers.append([0, [], plain(str(error))])
            if not answers[-1][0]:
                break
        return msgspec.json.encode(answers)

    try:
        answers = msgspec.json.decode(in_child(work, seconds=limits.seconds, memory=limits.memory))
    except ChildFailedError as error:
        answers = [[0, [], plain(str(error))]]
    return _body(probe, answers)


def _body(probe: _Probe, answers: Sequence[Sequence[Any]]) -> Body:
    """Ways by expression: the first answer is that of no expression at all."""
    expressions = []
    for number, (text, line) in enumerate(probe.expressions, 1):
        answer = answers[number] if number < len(answers) else None
        if number == 1 and len(answers) == 1 and len(answers[0]) > 2:
            answer = answers[0]
        ways = answer[0] if answer is not None else None
        error = str(answer[2]) if answer is not None and len(answer) > 2 else ""
        expressions.append(Expression(text, line, ways, error))
    reached = [a for a in answers if a[0]]
    values = tuple(reached[-1][1]) if reached else ()
    return Body(probe.file, probe.line, tuple(expressions), values)
