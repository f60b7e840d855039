"""``# METADATA`` comments of Rego: what a rule says of itself.

Enters: a module's text. Leaves: its annotations with the line that each stands over, and what is wrong with
them. The format is OPA's (policy-annotations); ``custom.severity``, ``custom.level``, ``custom.stages``, ``custom.code``
and ``custom.fix`` are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from orchestrator.model.diagnostic import Diagnostic, Position, Severity, did_you_mean
from orchestrator.model.verdict import Level, Stage

V0_MARK: Final = re.compile(r"^#\s*rego-version:\s*0\s*$", re.MULTILINE)
"""A comment that makes a module legacy Rego: ``deny[msg] { ... }``."""
_KEYS: Final = (
    *("scope", "title", "description", "related_resources", "authors", "organizations"),
    *("schemas", "entrypoint", "custom"),
)
"""OPA's own (Policy Language, "Annotations")."""
_CUSTOM: Final = ("severity", "level", "stages", "code", "fix", "parameters")
DEFAULT_STAGES: Final = frozenset((Stage.PLAN, Stage.APPLY))


@dataclass(frozen=True, slots=True)
class Annotation:
    """One METADATA block. ``line`` is the line of what it annotates."""

    line: int
    scope: str = "rule"
    """rule, document, package or subpackages."""
    title: str = ""
    description: str = ""
    severity: str = ""
    level: Level | None = None
    stages: frozenset[Stage] | None = None
    """None where it does not say."""
    code: str = ""
    links: tuple[str, ...] = ()
    fix: str = ""
    schemas: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """By path (``input``): the name of a schema (``schema.plan``), or the schema itself."""


@dataclass(frozen=True, slots=True)
class Annotations:
    """Everything that one module says of itself."""

    found: tuple[Annotation, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def annotations_of(file: str, text: str) -> Annotations:
    """Read the METADATA blocks of one module."""
    found: list[Annotation] = []
    wrong: list[Diagnostic] = []
    for block in _blocks(text.splitlines()):
        try:
            body = yaml.safe_load("\n".join(block.body)) or {}
            found.append(_annotation(body, block))
            wrong += _misspelt(body, block, file)
        except (yaml.YAMLError, ValueError) as error:
            problem = str(error) if isinstance(error, ValueError) else "it is not YAML"
            position = Position(file, block.line, 1, "# METADATA")
            wrong.append(Diagnostic(f"metadata of {block.target!r}: {problem}", position))
    return Annotations(tuple(found), tuple(wrong))


def blocks_of(text: str) -> Iterator[str]:
    """The YAML of each METADATA block of a module, as it is written."""
    return ("\n".join(block.body) for block in _blocks(text.splitlines()))


@dataclass(frozen=True, slots=True)
class _Block:
    line: int
    body: list[str]
    target_line: int
    target: str


def _blocks(lines: list[str]) -> Iterator[_Block]:
    number = 0
    while number < len(lines):
        if lines[number].strip() != "# METADATA":
            number += 1
            continue
        start = number
        number += 1
        body: list[str] = []
        while number < len(lines) and lines[number].startswith("#"):
            body.append(lines[number].removeprefix("#").removeprefix(" "))
            number += 1
        while number < len(lines) and (not lines[number].strip() or lines[number].startswith("#")):
            number += 1
        target = lines[number].strip() if number < len(lines) else ""
        yield _Block(start + 1, body, number + 1, target)


def _annotation(body: Any, block: _Block) -> Annotation:
    if not isinstance(body, Mapping):
        raise ValueError("a mapping was expected")  # noqa: TRY004 - reported, not raised to a caller
    custom = body.get("custom") or {}
    if not isinstance(custom, Mapping):
        raise ValueError("custom: a mapping was expected")  # noqa: TRY004 - as above
    return Annotation(
        line=block.target_line,
        scope=str(body.get("scope") or ("package" if block.target.startswith("package ") else "rule")),
        title=str(body.get("title") or ""),
        description=str(body.get("description") or "").strip(),
        severity=str(custom.get("severity") or ""),
        level=_level(custom.get("level")),
        stages=_stages(custom.get("stages")),
        code=str(custom.get("code") or ""),
        links=_links(body.get("related_resources")),
        fix=str(custom.get("fix") or ""),
        schemas=_schemas(body.get("schemas")),
    )


def _misspelt(body: Any, block: _Block, file: str) -> Iterator[Diagnostic]:
    """Keys that nobody reads, and that look like one that is read. Others are the author's own."""
    custom = body.get("custom") or {} if isinstance(body, Mapping) else {}
    for known, given in ((_KEYS, body), (_CUSTOM, custom)):
        for key in given:
            meant = did_you_mean(str(key), known) if key not in known else ""
            if meant:
                place = Position(file, block.line, 1, "# METADATA")
                message = f"metadata of {block.target!r}: nobody reads {key!r}"
                yield Diagnostic(message, place, meant, severity=Severity.WARNING)


def _level(value: Any) -> Level | None:
    if value is None:
        return None
    if value not in list(Level):
        raise ValueError(f"custom.level: {value!r} is none of {', '.join(Level)}")
    return Level(value)


def _stages(value: Any) -> frozenset[Stage] | None:
    if value is None:
        return None
    names = value if isinstance(value, list) else [value]
    for name in names:
        if name not in list(Stage):
            hint = did_you_mean(str(name), Stage) or f"known are {', '.join(Stage)}"
            raise ValueError(f"custom.stages: there is no stage {name!r}; {hint}")
    return frozenset(Stage(n) for n in names)


def _schemas(value: Any) -> dict[str, Any]:
    items = value if isinstance(value, list) else [value] if value else []
    if not all(isinstance(item, Mapping) for item in items):
        raise ValueError("schemas: a list of maps was expected, such as `- input: schema.plan`")
    return {str(path): schema for item in items for path, schema in item.items()}


def _links(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    found = (item.get("ref") if isinstance(item, Mapping) else item for item in items)
    return tuple(str(link) for link in found if link)
