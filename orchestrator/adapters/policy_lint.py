"""What the embedded engine would find only when a rule is reached, found before any rule runs.

Enters: syntax trees as the engine prints them. Leaves: outlines of the modules, and diagnostics: unknown
functions, wrong argument counts, functions that call themselves, functions that are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.adapters.policy_builtins import ARITY, REFUSED, absent
from orchestrator.adapters.policy_rules import Outline
from orchestrator.adapters.policy_tree import Node, column_of, dotted, text_of, walk, whole_span
from orchestrator.adapters.policy_types import mentions_of
from orchestrator.model.diagnostic import Diagnostic, Position, did_you_mean
from orchestrator.model.verdict import Mention


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who calls (a function's path, or empty), what, with how many arguments, where."""

    caller: str
    name: str
    arguments: int
    line: int
    column: int


@dataclass(slots=True)
class Module:
    """One module's tree, read."""

    file: str
    text: str
    package: str
    aliases: dict[str, str] = field(default_factory=dict)
    rules: list[tuple[str, int]] = field(default_factory=list)
    functions: dict[str, int] = field(default_factory=dict)
    """Path to argument count."""
    calls: list[Call] = field(default_factory=list)
    mentions: tuple[Mention, ...] = ()
    """Types that it names."""

    def outline(self) -> Outline:
        """What the discovery of rules needs."""
        return Outline(self.file, self.text, self.package, tuple(self.rules), self.mentions)

    def position(self, line: int, column: int) -> Position:
        """A place in this module with its line's text."""
        lines = self.text.splitlines()
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        return Position(self.file, line, column_of(text, column), text)

    def resolve(self, name: str) -> str:
        """A called name as a path under ``data``, or as it is where it can only be a builtin."""
        head, _, rest = name.partition(".")
        if head in self.aliases:
            name = f"{self.aliases[head]}.{rest}" if rest else self.aliases[head]
        return name if name.startswith("data.") else f"data.{self.package}.{name}"


def read_modules(trees: Sequence[Node]) -> list[Module]:
    """Every module of an engine's ``get_ast_as_json``."""
    return [_module(tree) for tree in trees]


def lint(modules: Sequence[Module]) -> list[Diagnostic]:
    """Everything that is wrong with the calls of these modules, in order of file and line."""
    functions: dict[str, int] = {}
    for module in modules:
        functions |= module.functions
    found = [d for module in modules for call in module.calls for d in _check(module, call, functions)]
    return found + _recursions(modules, functions)


def _check(module: Module, call: Call, functions: Mapping[str, int]) -> Iterator[Diagnostic]:
    at = module.position(call.line, call.column)
    if call.name in REFUSED:
        yield Diagnostic(f"{call.name} is refused: {REFUSED[call.name]}", at)
        return
    instead = absent(call.name)
    if instead:
        yield Diagnostic(f"{call.name} is not supported by the embedded engine", at, instead)
        return
    path = module.resolve(call.name)
    if path in functions:
        expected: int | None = functions[path]
    elif call.name in ARITY:
        expected = ARITY[call.name]
    else:
        known = [*ARITY, *(f.removeprefix(f"data.{module.package}.") for f in functions)]
        yield Diagnostic(f"there is no function {call.name!r}", at, did_you_mean(call.name, known))
        return
    if expected is not None and call.arguments not in (expected, expected + 1):
        yield Diagnostic(f"{call.name} takes {_count(expected)}, and {call.arguments} are given", at)


def _count(number: int) -> str:
    return f"{number} argument" if number == 1 else f"{number} arguments"


def _recursions(modules: Sequence[Module], functions: Mapping[str, int]) -> list[Diagnostic]:
    edges: dict[str, list[tuple[str, Module, Call]]] = {}
    for module in modules:
        for call in module.calls:
            target = module.resolve(call.name)
            if call.caller and target in functions:
                edges.setdefault(call.caller, []).append((target, module, call))
    return [
        Diagnostic(
            f"{call.name} calls itself: Rego has no recursion", module.position(call.line, call.column)
        )
        for caller, calls in edges.items()
        for target, module, call in calls
        if _reaches(edges, target, caller)
    ]


def _reaches(edges: Mapping[str, list[tuple[str, Module, Call]]], start: str, goal: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        if here == goal:
            return True
        for target, _, _ in edges.get(here, ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return False


def _module(tree: Node) -> Module:
    source, ast = tree["source"], tree["ast"]
    module = Module(source["file"], source["contents"], dotted(ast["package"]["refr"]))
    module.mentions = mentions_of(tree)
    for item in ast.get("imports", ()):
        path = dotted(item["refr"])
        alias = item.get("as")
        name = text_of(source["contents"], alias) if alias else path.rpartition(".")[2]
        module.aliases[name] = path
    for rule in ast.get("rules", ()):
        _rule(module, rule)
    return module


def _rule(module: Module, rule: Node) -> None:
    default = rule.get("Default")
    if default is not None:
        module.rules.append((_head(default), default["span"]["line"]))
        return
    spec = rule["Spec"]
    (shape, head), *_ = spec["head"].items()
    path = ""
    if shape == "Func":
        path = f"data.{module.package}.{dotted(head['refr'])}"
        module.functions[path] = len(head["args"])
    else:
        module.rules.append((_head(head), spec["span"]["line"]))
    module.calls.extend(_calls(spec, path))


def _head(node: Node) -> str:
    """The first name of a rule's head: ``deny`` of ``deny.web contains msg``."""
    return dotted(node["refr"]).partition(".")[0]


def _calls(root: Any, caller: str) -> Iterator[Call]:
    """Every call below a node."""
    for node in walk(root):
        call = node.get("Call")
        if isinstance(call, Mapping) and "fcn" in call:
            span = whole_span(call["fcn"])
            yield Call(caller, dotted(call["fcn"]), len(call["params"]), span["line"], span["col"])
