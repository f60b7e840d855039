"""A policy's page: what it says of itself, as Markdown and as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from orchestrator.cli.render.findings import code
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import inline

if TYPE_CHECKING:
    from orchestrator.bootstrap.authoring import RulePage


def page_markdown(page: RulePage) -> str:
    """One policy in Markdown; ends with a newline."""
    return "\n".join(_markdown(page)) + "\n"


def _markdown(page: RulePage) -> Iterator[str]:
    yield f"# {page.title or page.rule}"
    yield ""
    if page.description:
        yield from (page.description, "")
    yield "| | |"
    yield "|---|---|"
    yield f"| rule | {code(page.rule)} |"
    yield f"| level | {page.effect} |"
    if page.severity:
        yield f"| severity | {page.severity} |"
    yield f"| asked at | {', '.join(page.stages)} |"
    yield f"| source | {code(f'{page.file}:{page.line}')} |"
    yield ""
    if page.fix:
        yield from ("## What to change", "", page.fix, "")
    if page.parameters:
        yield from ("## Parameters", "", "Set under `policy.data` of the stack.", "")
        yield "| name | default | meaning |"
        yield "|---|---|---|"
        for p in page.parameters:
            yield f"| {code(p.name)} | {code(inline(p.default))} | {_cell(p.description)} |"
        yield ""
    if page.links:
        yield from ("## Read more", "", *(f"* <{link}>" for link in page.links), "")
    if page.tests:
        yield from ("## What its tests hold", "", *(f"* {_sentence(name)}" for name in page.tests), "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def page_index(pages: Sequence[RulePage]) -> str:
    """The list of all pages in Markdown."""
    lines = ["# Policies", "", "| policy | what holds | level | severity |", "|---|---|---|---|"]
    lines += [f"| [{p.rule}]({p.rule}.md) | {_cell(p.title)} | {p.effect} | {p.severity} |" for p in pages]
    return "\n".join(lines) + "\n"


def page_text(page: RulePage, style: Style = PLAIN) -> str:
    """One policy on a terminal, with its source."""
    return "\n".join(_text(page, style)) + "\n"


def _text(page: RulePage, style: Style) -> Iterator[str]:
    about = "  ".join(p for p in (page.effect, page.severity, f"at {', '.join(page.stages)}") if p)
    yield f"{style.paint(page.rule, 'bold')}  {about}"
    yield from (f"  {line}" for line in (page.title, *page.description.splitlines()) if line)
    if page.fix:
        yield f"  {style.paint('to change:', 'green')} {page.fix}"
    for p in page.parameters:
        yield f"  parameter {p.name} (default {inline(p.default)}): {' '.join(p.description.split())}"
    yield from (f"  {style.paint(link, 'dim')}" for link in page.links)
    yield from (f"  tested: {_sentence(name)}" for name in page.tests)
    yield style.paint(f"  {page.file}:{page.line}", "dim")
    yield ""
    yield from (f"  {line}" if line else "" for line in page.text.rstrip().splitlines())
