"""The embedded Rego engine: regorus, run in a child process.

Enters: a bundle, then input documents. Leaves: diagnostics, then verdicts. Holds: every way in which a policy
can fail (a builtin's error, a panic, a crash, no end, no memory) is a deny verdict that names the rule, and
this process survives it. The whole input is evaluated once; only when that fails is each rule asked alone, to
name the one at fault.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from orchestrator.adapters.policy_builtins import ADDED
from orchestrator.adapters.policy_child import ChildFailedError, in_child
from orchestrator.adapters.policy_imports import expand_imports
from orchestrator.adapters.policy_lint import lint, read_modules
from orchestrator.adapters.policy_metadata import V0_MARK
from orchestrator.adapters.policy_rules import TEST_SUFFIX, Outline, Rule, discover, verdicts_of
from orchestrator.adapters.policy_tree import column_of
from orchestrator.adapters.policy_types import mentions_of
from orchestrator.model.diagnostic import Diagnostic, Position, Severity
from orchestrator.model.verdict import (
    POLICY_ERROR,
    Answer,
    Bundle,
    Effect,
    Mention,
    PolicyRule,
    Stage,
    Verdict,
)

_PLACE: Final = re.compile(r"^--> (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)$", re.MULTILINE)
_ERROR: Final = re.compile(r"^error: (?P<message>.+?)(?:\n|\Z)", re.MULTILINE)
_LEGACY: Final = (
    "this is legacy Rego: write `contains` and `if`, or mark it with the line `# rego-version: 0`"
)
_LONGEST: Final = 200
_ENTRY: Final = "opsctl_entry"
_UNTRUSTED: Final = 128 << 20
"""Bytes for the policies of others, however small the input is."""
_EACH_BYTE: Final = 40
"""Bytes for each of the input's: twice what forty rules take on ten thousand changes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one evaluation may take: wall-clock seconds and bytes of memory beyond what we have."""

    seconds: float = 60.0
    memory: int = 2 << 30
    input: int = 256 << 20
    """Bytes of the input document as JSON."""

    def within(self, bundle: Bundle, document: int = 0) -> Limits:
        """What a bundle may take: one that nobody vouches for gets what an input of so many bytes is known to need.

        Vouched for is what ships, and what the trusted base brings.
        """
        if bundle.sources and all(source.trusted or source.ships for source in bundle.sources):
            return self
        return replace(self, memory=min(self.memory, _UNTRUSTED + _EACH_BYTE * document))


class EmbeddedEngine:
    """Implements PolicyEngine; may be used from any thread."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._bundle = Bundle()
        self._rules: list[Rule] = []
        self._broken = ""
        self._loaded: tuple[Bundle, Sequence[Diagnostic]] | None = None

    @property
    def name(self) -> str:
        """The engine and its version."""
        return f"embedded (regorus {importlib.metadata.version('gordon-to-regorus')})"

    def load(self, bundle: Bundle) -> Sequence[Diagnostic]:
        """Compile the policies of a bundle, once; files of Rego tests are left out."""
        if self._loaded is None or self._loaded[0] is not bundle:
            self._loaded = bundle, self._compile(bundle)
        return self._loaded[1]

    @property
    def rules(self) -> Sequence[PolicyRule]:
        """The rules that are asked at some stage."""
        return [rule.outline() for rule in self._rules if not rule.exempts]

    def _compile(self, bundle: Bundle) -> Sequence[Diagnostic]:
        modules = {f: t for f, t in bundle.modules.items() if not f.endswith(TEST_SUFFIX)}
        self._bundle, self._rules = Bundle(modules, bundle.data, sources=bundle.sources), []
        outlines, found = compile_modules(modules, bundle.data, self._limits.within(bundle))
        self._rules, notes = discover(outlines)
        found += notes
        if modules and not self._rules and not found:
            first = next(iter(modules), "")
            message = "these policies hold no rule that is asked"
            hint = "write deny, warn or require_approval in a package opsctl.*"
            found.append(Diagnostic(message, Position(first), hint, severity=Severity.WARNING))
        self._broken = next((d.message for d in found if d.severity is Severity.ERROR), "")
        return found

    def evaluate(self, input: Mapping[str, Any], stage: Stage) -> Answer:
        """Ask every rule that runs at this stage about one whole input document."""
        if self._broken:
            return Answer((_failed(self._broken),))
        rules = [r for r in self._rules if r.exempts or r.asked_at(stage)]
        if all(rule.exempts for rule in rules):
            return Answer()
        try:
            document = msgspec.json.encode(input)
        except (TypeError, ValueError, RecursionError) as error:
            return Answer((_failed(f"the input cannot be written as JSON: {error}"),))
        if len(document) > self._limits.input:
            said = f"the input has {len(document)} bytes, and {self._limits.input} are allowed"
            return Answer((_failed(said),))
        return Answer(tuple(verdicts_of(rules, self._ask(rules, document.decode()), stage)))

    def _ask(self, rules: Sequence[Rule], document: str) -> list[Any]:
        """Each rule's value, None where it is undefined, or the verdict that says why there is none."""
        try:
            answers = self._answers(rules, document, self._limits.seconds)
        except ChildFailedError as error:
            if len(rules) == 1:
                return [rules[0].crashed(plain(str(error)))]
            return [self._ask_alone(rule, document, len(rules)) for rule in rules]
        return [answers.get(str(n)) for n in range(len(rules))]

    def _ask_alone(self, rule: Rule, document: str, of: int) -> Any:
        """Find the rule at fault; all of them together take no longer than one evaluation may."""
        try:
            answers = self._answers([rule], document, max(1.0, self._limits.seconds / of))
        except ChildFailedError as error:
            return rule.crashed(plain(str(error)))
        return answers.get("0")

    def _answers(self, rules: Sequence[Rule], document: str, seconds: float) -> Mapping[str, Any]:
        """The rules' values by number; a rule that is undefined is absent."""
        lines = [f"package {_ENTRY}", "import rego.v1"]
        lines += [f'answers["{n}"] := {rule.path}' for n, rule in enumerate(rules)]

        def work() -> bytes:
            engine = new_engine(self._bundle.modules, self._bundle.data)
            engine.set_rego_v0(False)
            engine.add_policy(f"{_ENTRY}.rego", "\n".join(lines))
            engine.set_input_json(document)
            return bytes(engine.eval_query_as_json(f"data.{_ENTRY}.answers"), "utf-8")

        memory = self._limits.within(self._bundle, len(document)).memory
        found = msgspec.json.decode(in_child(work, seconds=seconds, memory=memory))
        answers = found["result"][0]["expressions"][0]["value"] if found.get("result") else {}
        return answers if isinstance(answers, dict) else {}


def new_engine(modules: Mapping[str, str], data: Mapping[str, Any]) -> Any:
    """An engine that evaluates these modules as OPA does; raises whatever the engine raises. Only for a child."""
    trees = msgspec.json.decode(parsed(modules, {}).get_ast_as_json())
    return parsed({tree["source"]["file"]: expand_imports(tree) for tree in trees}, data)


def parsed(modules: Mapping[str, str], data: Mapping[str, Any]) -> Any:
    """A regorus engine that holds these modules as they are written."""
    import regorus  # noqa: PLC0415 - lazy: a run without policies does not pay for it

    engine = regorus.Engine()
    engine.set_gather_prints(True)
    for name, (arguments, function) in ADDED.items():
        engine.add_extension(name, arguments, function)
    if data:
        engine.add_data_json(msgspec.json.encode(data).decode())
    for file, text in modules.items():
        engine.set_rego_v0(bool(V0_MARK.search(text)))
        engine.add_policy(file, text)
    return engine


def compile_modules(
    modules: Mapping[str, str], data: Mapping[str, Any], limits: Limits | None = None
) -> tuple[list[Outline], list[Diagnostic]]:
    """Parse and check modules: their outlines, and every error that can be known before a rule runs."""
    limits = limits or Limits()
    if not modules:
        return [], []
    import regorus  # noqa: F401, PLC0415 - once here, not in every child

    found = _syntax(modules, limits)
    if found:
        return [], found

    def work() -> bytes:
        engine = parsed(modules, data)
        trees = bytes(engine.get_ast_as_json(), "utf-8")
        try:
            engine.eval_query_as_json("1")  # compiles everything: unsafe variables and conflicts show here
        except RuntimeError as error:
            return msgspec.json.encode([str(error), msgspec.Raw(trees)])
        return msgspec.json.encode(["", msgspec.Raw(trees)])

    try:
        error, trees = msgspec.json.decode(in_child(work, seconds=limits.seconds, memory=limits.memory))
    except ChildFailedError as failure:
        return [], [_diagnostic(str(failure), modules)]
    read = read_modules(trees)
    found = lint(read)
    if error and not found:
        found = [_diagnostic(error, modules)]
    return [m.outline() for m in read], found


def mentions_in(modules: Mapping[str, str], limits: Limits | None = None) -> dict[str, tuple[Mention, ...]]:
    """The types that modules name, by file; nothing of what only another engine can read."""
    limits = limits or Limits()

    def work() -> bytes:
        fine = {file: text for file, text in modules.items() if not _parse(file, text)}
        return bytes(parsed(fine, {}).get_ast_as_json(), "utf-8")

    try:
        trees = msgspec.json.decode(in_child(work, seconds=limits.seconds, memory=limits.memory))
    except ChildFailedError:
        return {}
    return {str(tree["source"]["file"]): mentions_of(tree) for tree in trees}


def syntax_trees(modules: Mapping[str, str], limits: Limits | None = None) -> list[Any]:
    """The syntax tree of every module; raises ChildFailedError where one does not parse."""
    limits = limits or Limits()

    def work() -> bytes:
        return bytes(parsed(modules, {}).get_ast_as_json(), "utf-8")

    trees: list[Any] = msgspec.json.decode(in_child(work, seconds=limits.seconds, memory=limits.memory))
    return trees


def _syntax(modules: Mapping[str, str], limits: Limits) -> list[Diagnostic]:
    """Errors of syntax, of every module; a legacy module is told how it is accepted."""

    def work() -> bytes:
        found = [(file, _parse(file, text)) for file, text in modules.items()]
        legacy = f"{chr(10)}# rego-version: 0"
        return msgspec.json.encode(
            [
                (f, e, not _parse(f, modules[f] + legacy) and not V0_MARK.search(modules[f]))
                for f, e in found
                if e
            ]
        )

    try:
        errors = msgspec.json.decode(in_child(work, seconds=limits.seconds, memory=limits.memory))
    except ChildFailedError as failure:
        return [_diagnostic(str(failure), modules)]
    return [
        replace(_diagnostic(error, {file: modules[file]}), hint=_LEGACY if legacy else "")
        for file, error, legacy in errors
    ]


def _parse(file: str, text: str) -> str:
    """The engine's error, or an empty string. Only for a child."""
    try:
        parsed({file: text}, {})
    except BaseException as error:  # noqa: BLE001 - a panic is a BaseException
        return str(error) or type(error).__name__
    return ""


def plain(error: str) -> str:
    """An engine's error in one line, without its backtrace, and with the place it names."""
    said, place = _read(error)
    return f"{said} ({place.file}:{place.line})" if place else said


def _read(error: str) -> tuple[str, Position | None]:
    """Message and place. The engine quotes whole values in a message: it is cut."""
    text = error.partition("Stack backtrace")[0]
    message, place = _ERROR.search(text), _PLACE.search(text)
    said = message["message"].strip() if message else " ".join(text.split())
    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."
    return said, Position(place["file"], int(place["line"]), int(place["column"])) if place else None


def _diagnostic(error: str, modules: Mapping[str, str]) -> Diagnostic:
    said, place = _read(error)
    if place is None:
        return Diagnostic(said, Position(next(iter(modules), "")))
    lines = modules.get(place.file, "").splitlines()
    text = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    return Diagnostic(said, replace(place, text=text, column=column_of(text, place.column)))


def _failed(reason: str) -> Verdict:
    message = f"the policies could not be evaluated, so they deny: {reason}"
    return Verdict(Effect.DENY, message, "opsctl", code=POLICY_ERROR)
