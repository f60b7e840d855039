"""Which rules of a bundle are asked, and how their answers become verdicts: the same for every engine.

Enters: outlines of modules (package, rules, text) as an engine's parser sees them, and the raw values of
rules. Leaves: rules, verdicts. Holds: an answer that is no message is a deny, never silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Final

from orchestrator.adapters.policy_metadata import (
    DEFAULT_STAGES,
    Annotation,
    Annotations,
    annotations_of,
)
from orchestrator.model.diagnostic import Diagnostic, Position, Severity
from orchestrator.model.ids import render_path
from orchestrator.model.verdict import (
    LEVELS,
    POLICY_ERROR,
    Effect,
    Mention,
    Patch,
    PolicyRule,
    Remediation,
    Stage,
    Verdict,
    Waiver,
)

TEST_SUFFIX: Final = "_test.rego"
_EFFECTS: Final = {
    "deny": Effect.DENY,
    "require_approval": Effect.REQUIRE_APPROVAL,
    "warn": Effect.WARN,
    "violation": Effect.DENY,
    "remediate": Effect.REMEDIATE,
}
EXCEPTION: Final = "exception"
"""Conftest's rule of package main: it names rules, without their ``deny_``, that do not count for this input."""
_OPERATIONS: Final = ("add", "replace", "remove")
_CONFTEST: Final = re.compile(r"(deny|violation|warn)(_[A-Za-z0-9_]+)?")


@dataclass(frozen=True, slots=True)
class Outline:
    """One module as a parser saw it."""

    file: str
    text: str
    package: str
    rules: tuple[tuple[str, int], ...] = ()
    """Names of rules that are no functions, with their lines; one entry a body."""
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that is asked: ``data.<package>.<name>``, with all its bodies in all modules."""

    package: str
    name: str
    effect: Effect
    file: str
    line: int
    annotations: tuple[Annotation | None, ...] = (None,)
    """Of its own bodies; None for a body that has none."""
    package_annotation: Annotation | None = None
    mentions: tuple[Mention, ...] = ()

    @property
    def path(self) -> str:
        """As a query names it."""
        return f"data.{self.package}.{self.name}"

    @property
    def label(self) -> str:
        """As results name it: the package, and the rule too where the package may have several of one effect."""
        return (
            self.package
            if self.name in _EFFECTS and self.package != "main"
            else f"{self.package}.{self.name}"
        )

    @property
    def exempts(self) -> bool:
        """Whether it is conftest's list of exceptions."""
        return self.package == "main" and self.name == EXCEPTION

    @property
    def short(self) -> str:
        """As conftest's exceptions name it: ``web`` for ``deny_web``, and nothing for ``deny``."""
        return self.name.partition("_")[2]

    def outline(self) -> PolicyRule:
        """What can be known of it before it is asked."""
        levels = tuple(dict.fromkeys(LEVELS[self.effect_of(a)] for a in self.annotations))
        stages = frozenset(s for a in self.annotations for s in self._stages(a))
        return PolicyRule(self.label, levels, stages, self.file, self.line, self.mentions)

    def effect_of(self, annotation: Annotation | None) -> Effect:
        """A deny may be levelled by its own block, else by its package's."""
        blocks = [a for a in (annotation, self.package_annotation) if a is not None]
        level = next((a.level for a in blocks if a.level is not None), None)
        return level.effect if self.effect is Effect.DENY and level is not None else self.effect

    def asked_at(self, stage: Stage) -> bool:
        """Whether any body of it runs at this stage."""
        return any(stage in self._stages(a) for a in self.annotations)

    def _stages(self, annotation: Annotation | None) -> frozenset[Stage]:
        for candidate in (annotation, self.package_annotation):
            if candidate is not None and candidate.stages is not None:
                return candidate.stages
        return DEFAULT_STAGES

    def annotation_for(self, code: str) -> Annotation | None:
        """The block that speaks for a verdict: by its code, else the rule's only one."""
        if len(self.annotations) == 1:
            return self.annotations[0]
        return next((a for a in self.annotations if a is not None and code and a.code == code), None)

    def heard_at(self, stage: Stage, code: str) -> bool:
        """Whether verdicts of a code count at a stage. One of an unknown body does: silence would be the wrong guess."""
        annotation = self.annotation_for(code)
        if code == POLICY_ERROR or (len(self.annotations) > 1 and not annotation):
            return True
        return stage in self._stages(annotation)

    def verdicts(self, value: Any, stage: Stage) -> list[Verdict]:
        """What the rule's value says. A value that is no message is a deny."""
        said = cache(lambda code: _block(self, code, stage))
        return [v for v in _verdicts(self, value, said) if said(v.code).heard]

    def crashed(self, reason: str) -> Verdict:
        """The deny of a rule that could not be asked."""
        return Verdict(
            Effect.DENY,
            f"the policy could not be evaluated, so it denies: {reason}",
            self.label,
            code=POLICY_ERROR,
            file=self.file,
            line=self.line,
        )


def verdicts_of(rules: Sequence[Rule], answers: Sequence[Any], stage: Stage) -> list[Verdict]:
    """What the rules' values say, in their order. An answer that is a Verdict says why there is no value.

    What conftest's exceptions name is kept, and counts as waived by the policies themselves.
    """
    said: list[tuple[Rule, list[Verdict]]] = []
    exempted: dict[str, Rule] = {}
    for rule, value in zip(rules, answers, strict=True):
        if isinstance(value, Verdict):
            said.append((rule, [value]))
        elif rule.exempts:
            exempted.update((name, rule) for name in _names(value))
        else:
            said.append((rule, rule.verdicts(value, stage)))
    return [_exempted(v, rule, exempted) for rule, found in said for v in found]


def _exempted(verdict: Verdict, rule: Rule, exempted: Mapping[str, Rule]) -> Verdict:
    by = exempted.get(rule.short) if rule.package == "main" else None
    if by is None or verdict.code == POLICY_ERROR:
        return verdict
    why = f"the rule {EXCEPTION} of package main names {rule.short or rule.name!r}"
    waiver = Waiver(EXCEPTION, verdict.rule, "*", why, "", "", file=by.file, line=by.line)
    return replace(verdict, waiver=waiver, waived=True)


def _names(value: Any) -> Iterator[str]:
    """Conftest's ``exception[_][_]``: a set of lists of names."""
    for item in value if isinstance(value, list) else ():
        yield from (name for name in (item if isinstance(item, list) else ()) if isinstance(name, str))


def discover(outlines: Sequence[Outline]) -> tuple[list[Rule], list[Diagnostic]]:
    """The rules to ask, in order of path, and what is wrong with how modules present them."""
    notes: list[Diagnostic] = []
    bodies: dict[tuple[str, str], list[tuple[Outline, int, Annotation | None]]] = {}
    packages: dict[str, Annotation] = {}
    for outline in sorted(outlines, key=lambda o: o.file):
        said = annotations_of(outline.file, outline.text)
        notes += said.diagnostics
        for annotation in said.found:
            if annotation.scope in ("package", "subpackages"):
                packages[outline.package] = annotation
        for name, line in outline.rules:
            if _effect(outline.package, name) is not None:
                own = _own_annotation(said, outline, name, line)
                bodies.setdefault((outline.package, name), []).append((outline, line, own))
        notes += _unasked(outline)
    rules = [_rule(package, name, found, packages) for (package, name), found in sorted(bodies.items())]
    return rules, notes


def _effect(package: str, name: str) -> Effect | None:
    if package == "main":
        match = _CONFTEST.fullmatch(name)
        exempts = Effect.WARN if name == EXCEPTION else None
        return _EFFECTS[match[1]] if match else _EFFECTS.get(name, exempts)
    return _EFFECTS.get(name) if _ours(package) else None


def _ours(package: str) -> bool:
    return package == "opsctl" or package.startswith("opsctl.")


def _own_annotation(said: Annotations, outline: Outline, name: str, line: int) -> Annotation | None:
    at_line = (a for a in said.found if a.line == line and a.scope in ("rule", "document"))
    lines = {other for rule, other in outline.rules if rule == name}
    document = (a for a in said.found if a.scope == "document" and a.line in lines)
    return next(at_line, None) or next(document, None)


def _unasked(outline: Outline) -> Iterator[Diagnostic]:
    if _ours(outline.package) or outline.package == "main":
        return
    for name, line in outline.rules:
        if name in _EFFECTS:
            yield Diagnostic(
                f"the rule {name!r} of package {outline.package} is never asked",
                Position(outline.file, line, 1, outline.text.splitlines()[line - 1]),
                "rules count in packages opsctl.* and main",
                severity=Severity.WARNING,
            )
            return


def _rule(
    package: str,
    name: str,
    bodies: Iterable[tuple[Outline, int, Annotation | None]],
    packages: Mapping[str, Annotation],
) -> Rule:
    found = list(bodies)
    own = tuple(dict.fromkeys(a for _, _, a in found))
    effect = _effect(package, name)
    assert effect is not None  # noqa: S101 - only such rules were collected
    outline, line, _ = found[0]
    mentions = tuple(dict.fromkeys(m for o, _, _ in found for m in o.mentions))
    return Rule(package, name, effect, outline.file, line, own, _for_package(package, packages), mentions)


def _for_package(package: str, packages: Mapping[str, Annotation]) -> Annotation | None:
    if package in packages:
        return packages[package]
    parts = package.split(".")
    above = (".".join(parts[:n]) for n in range(len(parts) - 1, 0, -1))
    return next((packages[p] for p in above if p in packages and packages[p].scope == "subpackages"), None)


@dataclass(frozen=True, slots=True)
class _Block:
    """What metadata adds to the verdicts of one code; the rule's own block wins over its package's."""

    effect: Effect
    heard: bool
    message: str
    """For a verdict that has none."""
    title: str
    severity: str
    links: tuple[str, ...]
    fix: str


_Blocks = Callable[[str], _Block]


def _block(rule: Rule, code: str, stage: Stage) -> _Block:
    own = rule.annotation_for(code)
    blocks = [a for a in (own, rule.package_annotation) if a is not None]
    title = next((a.title for a in blocks if a.title), "")
    return _Block(
        rule.effect_of(own),
        rule.heard_at(stage, code),
        title or f"{rule.path} is true",
        title,
        next((a.severity for a in blocks if a.severity), ""),
        next((a.links for a in blocks if a.links), ()),
        next((a.fix for a in blocks if a.fix), ""),
    )


def _verdicts(rule: Rule, value: Any, blocks: _Blocks) -> Iterator[Verdict]:
    match value:
        case None | False:
            return
        case True:
            yield _verdict(rule, "", blocks)
        case list():
            for item in value:
                yield _verdict(rule, item, blocks)
        case _:
            yield _verdict(rule, value, blocks)


def _verdict(rule: Rule, item: Any, blocks: _Blocks) -> Verdict:
    if rule.effect is Effect.REMEDIATE:
        return _proposal(rule, item, blocks)
    fields: Mapping[str, Any] = {"msg": item} if isinstance(item, str) else item
    message = fields.get("msg", fields.get("message")) if isinstance(fields, dict) else None
    if not isinstance(message, str):
        return _nonsense(
            rule, blocks, f"it said {_short(item)}, where a string or an object with msg was expected"
        )
    get = fields.get
    code = _text(get("code"))
    block = blocks(code)
    return Verdict(
        block.effect,
        message or block.message,
        rule.label,
        address=_text(get("address")),
        path=_path(get("path")),
        code=code,
        title=block.title,
        severity=_text(get("severity")) or block.severity,
        fix=_text(get("fix")) or block.fix,
        links=tuple(filter(None, [_text(get("link"))])) or block.links,
    )


def _nonsense(rule: Rule, blocks: _Blocks, reason: str) -> Verdict:
    """The deny of a rule that says what is no message."""
    block = blocks(POLICY_ERROR)
    return replace(
        rule.crashed(reason),
        title=block.title,
        severity=block.severity,
        fix=block.fix,
        links=block.links,
    )


def _proposal(rule: Rule, item: Any, blocks: _Blocks) -> Verdict:
    """What ``remediate`` says: an address, and a JSON patch on its spec."""
    patch = item.get("patch") if isinstance(item, dict) else None
    if not isinstance(patch, list) or not patch or not all(map(_is_operation, patch)) or not _addressed(item):
        expected = "an object with address and patch (add, replace or remove at a path such as /size)"
        return _nonsense(rule, blocks, f"it proposed {_short(item)}, where {expected} was expected")
    operations = tuple(Patch(p["op"], p["path"], p.get("value")) for p in patch)
    message, code = _text(item.get("msg")), _text(item.get("code"))
    block = blocks(code)
    return Verdict(
        rule.effect,
        message or "a change is proposed",
        rule.label,
        address=item["address"],
        path=_path(item.get("path")),
        code=code,
        title=block.title,
        severity=block.severity,
        fix=block.fix,
        links=block.links,
        remediation=Remediation(message, operations),
    )


def _addressed(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("address"), str)


def _is_operation(item: Any) -> bool:
    if not isinstance(item, dict) or item.get("op") not in _OPERATIONS:
        return False
    path = item.get("path")
    return isinstance(path, str) and path.startswith("/") and ("value" in item or item["op"] == "remove")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else _short(value)


def _path(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(p, str | int) for p in value):
        return _rendered(tuple(value))
    return _text(value)


_rendered: Final = lru_cache(maxsize=1024)(render_path)
"""Thousands of verdicts name a few paths."""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
