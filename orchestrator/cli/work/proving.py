"""provider test: the conformance suite over an installed provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.conformance import render_page, render_run, run_document, run_report


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
            console.report(report, lambda: render_page(found, f"{console.command} {family}"))
    return code
