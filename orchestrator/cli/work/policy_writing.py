"""policy new, policy fmt and policy schema."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrator import bootstrap
from orchestrator.cli.console import Console
from orchestrator.cli.render.json import dump
from orchestrator.cli.render.values import count
from orchestrator.cli.work.formatting import rewrite
from orchestrator.cli.work.policies import policies_of
from orchestrator.model.errors import OpsctlError
from orchestrator.model.ids import TypeName
from orchestrator.model.policy_schema import type_name
from orchestrator.model.verdict import Stage

if TYPE_CHECKING:
    from orchestrator.bootstrap.authoring import PublishedSchemas

_EFFECTS: Final = ("deny", "require_approval", "warn")
_POLICY: Final = """\
# METADATA
# title: {type} has an owner
# description: |
#   Say here why this matters, and what to do instead.
# related_resources:
# - ref: https://example.com/why
# custom:
#   severity: medium
#   fix: "metadata: {{labels: {{owner: TEAM}}}}"
# schemas:
# - input: schema.types.{schema}
package opsctl.{name}

import rego.v1

{effect} contains {{"msg": msg, "address": change.address}} if {{
	some change in input.resource_changes
	change.type == "{type}"
	change.action in {{"create", "update", "replace"}}
	not change.labels.owner
	msg := sprintf("%s has no owner", [change.address])
}}
"""
_TESTS: Final = """\
package opsctl.{name}_test

import data.opsctl.{name}
import rego.v1

plan(labels) := {{"resource_changes": [{{
	"address": "it",
	"type": "{type}",
	"action": "create",
	"labels": labels,
	"change": {{"after": {{}}}},
}}]}}

test_without_an_owner if {{
	found := {name}.{effect} with input as plan({{}})
	{{item.msg | some item in found}} == {{"it has no owner"}}
}}

test_with_an_owner if count({name}.{effect}) == 0 with input as plan({{"owner": "shop"}})
"""


def new(console: Console, name: str, folder: Path, *, type: str, effect: str) -> int:
    """Write a policy and its tests; nothing that is there is overwritten."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
        plain = re.sub(r"\W+", "_", name.lower()).strip("_")
        hint = f"\nhint: write {plain}" if plain and not plain[0].isdigit() else ""
        raise OpsctlError(f"{name!r} is no name of a policy: letters, digits and _ are allowed{hint}")
    if effect not in _EFFECTS:
        raise OpsctlError(f"--effect {effect}: write one of {', '.join(_EFFECTS)}")
    kinds = bootstrap.catalogue()
    if kinds.kind(TypeName(type)) is None:
        near = kinds.nearest_type(type)
        hint = f"did you mean {near!r}?" if near else "opsctl types lists what is known"
        raise OpsctlError(f"unknown type {type!r}\nhint: {hint}")
    written = [folder / f"{name}.rego", folder / f"{name}_test.rego"]
    there = next((path for path in written if path.exists()), None)
    if there is not None:
        raise OpsctlError(f"{there} is there already: nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in zip(written, (_POLICY, _TESTS), strict=True):
        path.write_text(text.format(name=name, type=type, effect=effect, schema=type_name(type)), "utf-8")
    console.result("\n".join(f"Written: {path}" for path in written))
    console.say(f"Next: opsctl policy test {folder}; and policy: {{bundles: [{folder}]}} in opsctl.yaml")
    return 0


def schema(console: Console, stage: Stage | None, types: Sequence[str], out: Path | None) -> int:
    """One schema to standard output, or all of them (and those of the named types) to a folder."""
    published = bootstrap.policy_schemas()
    chosen = published.matching(types)
    unknown = next((t for t in types if not published.matching([t])), None)
    if unknown is not None:
        near = bootstrap.catalogue().nearest_type(unknown)
        hint = f"did you mean {near!r}?" if near else "opsctl types lists what is known"
        raise OpsctlError(f"unknown type {unknown!r}\nhint: {hint}")
    if out is None:
        return _print_schema(console, published, stage, chosen)
    if stage is not None:
        raise OpsctlError("--stage and --out: every stage is written to the folder, so leave --stage out")
    names = [n for n in published.names() if "." not in n] + [f"types.{type_name(t)}" for t in chosen]
    for name in names:
        path = published.file_of(out, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{dump(published.named(name) or {})}\n", "utf-8")
    console.result("\n".join(f"schema.{name}" for name in names))
    console.say(f"{count(len(names), 'schema')} written to {out}: opa check --schema {out} FOLDER uses them.")
    return 0


def _print_schema(
    console: Console, published: PublishedSchemas, stage: Stage | None, types: Sequence[str]
) -> int:
    if len(types) > 1 or (types and stage is not None):
        raise OpsctlError("one schema is printed at a time\nhint: --out FOLDER writes many")
    name = f"types.{type_name(types[0])}" if types else str(stage or "input")
    console.result(dump(published.named(name) or {}))
    return 0


def fmt(
    console: Console,
    paths: Sequence[Path],
    *,
    environment: str | None,
    dry: bool,
    diff: bool,
    opa: str | None,
) -> int:
    """Lay the modules out; with ``dry`` only say which would change, and end with 1 where one would."""
    policies = policies_of(console, paths, environment)
    layout = _opa(opa) if opa else bootstrap.policy_format
    return rewrite(console, list(_modules(policies.paths)), layout, dry=dry, diff=diff)


def _modules(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise OpsctlError(f"{path}: there is no such folder or file")
        if path.is_file():
            yield path
        else:
            yield from sorted(p for p in path.rglob("*.rego") if p.is_file())


def _opa(program: str) -> Callable[[str], str]:
    """A real ``opa fmt``; raises OpsctlError where it is not there, or refuses the module."""
    found = shutil.which(program)
    if found is None:
        raise OpsctlError(f"--opa {program}: there is no such program")

    def layout(text: str) -> str:
        ran = subprocess.run([found, "fmt"], input=text, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise OpsctlError(f"{program} fmt: {ran.stderr.strip() or 'it failed and says nothing'}")
        return ran.stdout

    return layout
