"""What a policy says of itself, for a page: its metadata, its parameters with their defaults, its tests.

Parameters stand in the metadata under ``custom.parameters``: a mapping of names to ``default`` and ``description``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from orchestrator.adapters.policy_embedded import compile_modules
from orchestrator.adapters.policy_metadata import Annotation, blocks_of
from orchestrator.adapters.policy_rules import TEST_SUFFIX, Outline, Rule, discover
from orchestrator.model.verdict import Bundle


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a policy: a name below ``policy.data`` of a stack."""

    name: str
    default: Any
    description: str


@dataclass(frozen=True, slots=True)
class Page:
    """One rule that is asked."""

    rule: str
    effect: str
    """Its level, or ``warn``, ``remediate``."""
    title: str
    description: str
    severity: str
    fix: str
    stages: tuple[str, ...]
    links: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    tests: tuple[str, ...]
    """Names of the tests of its package's test module."""
    file: str
    line: int
    text: str
    """The module's whole source."""


def pages(bundle: Bundle) -> list[Page]:
    """A page for every asked rule, in order of package."""
    outlines, _ = compile_modules(bundle.modules, bundle.data)
    rules, _ = discover([o for o in outlines if not o.file.endswith(TEST_SUFFIX)])
    return [_page(rule, outlines, bundle) for rule in rules if not rule.exempts]


def _page(rule: Rule, outlines: list[Outline], bundle: Bundle) -> Page:
    annotations = [a for a in (*rule.annotations, rule.package_annotation) if a is not None]
    text = bundle.modules[rule.file]
    custom = _custom(text)
    about = rule.outline()
    return Page(
        rule=rule.label,
        effect=", ".join(map(str, about.levels)),
        title=_first(annotations, "title"),
        description=_first(annotations, "description"),
        severity=_first(annotations, "severity"),
        fix=_first(annotations, "fix"),
        stages=tuple(sorted(map(str, about.stages))),
        links=tuple(dict.fromkeys(link for a in annotations for link in a.links)),
        parameters=tuple(_parameters(custom.get("parameters"))),
        tests=tuple(_tests(rule, outlines)),
        file=rule.file,
        line=rule.line,
        text=text,
    )


def _first(annotations: list[Annotation], name: str) -> str:
    return next((str(v) for a in annotations if (v := getattr(a, name))), "")


def _custom(text: str) -> Mapping[str, Any]:
    """What all blocks of a module say under ``custom``."""
    merged: dict[str, Any] = {}
    for body in blocks_of(text):
        said = yaml.safe_load(body)
        custom = said.get("custom") if isinstance(said, Mapping) else None
        merged |= custom if isinstance(custom, Mapping) else {}
    return merged


def _parameters(said: Any) -> list[Parameter]:
    if not isinstance(said, Mapping):
        return []
    return [
        Parameter(str(name), about.get("default"), str(about.get("description") or ""))
        for name, about in said.items()
        if isinstance(about, Mapping)
    ]


def _tests(rule: Rule, outlines: list[Outline]) -> list[str]:
    """The tests beside the rule: those of the package that has its name and ``_test``."""
    package = f"{rule.package}_test"
    names = [name for o in outlines if o.package == package for name, _ in o.rules]
    return list(dict.fromkeys(n for n in names if n.startswith("test_")))
