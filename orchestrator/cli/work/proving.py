"""provider new: the files of a first provider. provider test: the conformance suite over an installed one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.conformance import render_page, render_run, run_document, run_report
from orchestrator.model.errors import OpsctlError

_SKELETON: Final = "acme"
"""What the provider that is copied is called."""


def new(console: Console, name: str, folder: Path | None) -> int:
    """Copy the skeleton under another name; nothing that is there is overwritten."""
    if not re.fullmatch(r"[a-z][a-z0-9]{1,30}", name):
        plain = re.sub(r"[^a-z0-9]", "", name.lower()).lstrip("0123456789")
        hint = f"\nhint: write {plain}" if plain else ""
        raise OpsctlError(
            f"{name!r} is no name of a provider: small letters and digits, a letter first{hint}"
        )
    if name in bootstrap.catalogue().manifests:
        raise OpsctlError(
            f"a provider {name} is installed already\nhint: choose another name; opsctl providers"
        )
    place = folder or Path(f"opsctl-{name}")
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise OpsctlError(f"{place} is there already: nothing was written")
    source = bootstrap.provider_skeleton()
    written = []
    for file in sorted(path for path in source.rglob("*") if path.is_file() and _is_source(path)):
        target = place / _renamed(str(file.relative_to(source)), name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(file.read_text("utf-8"), name), "utf-8")
        written.append(f"  {target}")
    steps = f"cd {place}\n  pip install -e .\n  opsctl provider test {name}"
    console.result("\n".join(["Wrote", *written, "Next:", f"  {steps}"]))
    return 0


def _is_source(path: Path) -> bool:
    return path.suffix in {".py", ".toml", ".md"}


def _renamed(text: str, name: str) -> str:
    return text.replace(_SKELETON, name).replace(_SKELETON.title(), name.title())


@dataclass(frozen=True, slots=True)
class Tested:
    """What is tested, and where."""

    kinds: Sequence[str] = ()
    checks: Sequence[str] = ()
    config: Path | None = None
    endpoint: str = ""
    given: Mapping[str, str] = field(default_factory=dict)


def test(console: Console, family: str, wanted: Tested) -> int:
    """Run the suite; 1 where a check fails or a kind has no sample."""
    # the suite is the one part of orchestrator.testing that a command runs
    from orchestrator.testing.provider_conformance import opened, run  # noqa: PLC0415 - lazy

    manifest = bootstrap.provider_manifest(family)
    settings = bootstrap.provider_settings(manifest, wanted.config, wanted.endpoint)

    def watch(type: str, check: str) -> None:
        console.say(f"… {type}  {check}")

    with opened(manifest, settings, wanted.given) as subject:
        found = run(subject, kinds=wanted.kinds, checks=wanted.checks, watch=watch)
    code = 0 if found.passed else 1
    match console.output:
        case Output.TEXT:
            console.result(render_run(found, console.out_style))
        case Output.JSON:
            console.document(lambda: run_document(found))
        case _:
            report = run_report(console.command, found, code)
            title = f"{console.command} {family}"
            console.report(report, {Output.MARKDOWN: lambda: render_page(found, title)})
    return code
