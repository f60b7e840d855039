"""A result as a page that stands alone: to keep beside a build, to attach, to open without a network.

Enters: a report, and a plan where there is one. Leaves: one HTML document. Holds: it loads nothing and runs nothing (its own
policy forbids both), and every text in it is escaped; what a terminal shows in colour is coloured here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import chain
from typing import Final

from orchestrator.cli.render.changes import render_change, why
from orchestrator.cli.render.findings import SEVERITY_WORDS, STANDING_WORDS, grouped
from orchestrator.cli.render.report import Finding, Report, counted
from orchestrator.cli.render.style import COLOURS, Style
from orchestrator.cli.render.text import denial, output_changes, told
from orchestrator.cli.render.values import addressed, count
from orchestrator.model.change import Action, Change
from orchestrator.model.plan import Plan

_STYLE: Final = Style(colour=True)
_ESCAPE: Final = re.compile(r"\x1b\[([0-9;]*)m")
_SHEET: Final = """
:root { color-scheme: light dark; --line: #d5d9de; --soft: #667; --back: #fff; --block: #f6f7f9;
  --red: #b3261e; --green: #17712f; --yellow: #8a5a00; --blue: #1d57b8; --magenta: #8a2a86; --cyan: #00687a }
@media (prefers-color-scheme: dark) { :root { --line: #3a3f46; --soft: #9aa3ad; --back: #16191d; --block: #1f2429;
  --red: #ff8a80; --green: #7fd793; --yellow: #e8bf6a; --blue: #8ab4ff; --magenta: #e39bdf; --cyan: #6fd3e2 } }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem; background: var(--back); font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.35rem; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
.soft { white-space: pre-wrap } .summary { font-size: 1.05rem; margin: .4rem 0 0 } .soft, footer, .dim { color: var(--soft) }
header { border-left: .4rem solid var(--green); padding-left: 1rem } header.bad { border-color: var(--red) }
code, pre { font: 13px/1.5 ui-monospace, monospace } pre { overflow-x: auto; margin: .4rem 0 0 }
details, .rule { border: 1px solid var(--line); border-radius: .4rem; background: var(--block); margin: .4rem 0; padding: .5rem .8rem }
summary { cursor: pointer } ul { margin: .4rem 0 0; padding-left: 1.2rem } footer { margin-top: 2rem; font-size: .85rem }
.red { color: var(--red) } .green { color: var(--green) } .yellow { color: var(--yellow) } .blue { color: var(--blue) }
.magenta { color: var(--magenta) } .cyan { color: var(--cyan) } .bold { font-weight: 600 }
"""


def render_html(report: Report) -> str:
    """A report as a page."""
    return _page(report, _findings(report))


def render_plan_page(plan: Plan, report: Report) -> str:
    """A plan as a page: what it comes to, what policy says of it, and every change behind a fold."""
    body = chain(_findings(report), _changes(plan), _outputs(plan), _foot(plan))
    return _page(report, body, denial(plan) if plan.denied else "")


def _page(report: Report, body: Iterable[str], stopped: str = "") -> str:
    title = f"{report.command}{f': {report.subject}' if report.subject else ''}"
    said = report.summary.removesuffix(stopped).strip()
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>{_SHEET}</style>",
        "</head>",
        "<body>",
        f'<header class="{"bad" if report.exit_code not in (0, 2) else "good"}">',
        f"<h1>{escape(title)}</h1>",
        f'<p class="summary">{escape(said)}</p>',
        *([f'<p class="summary bold red">{escape(stopped)}</p>'] if stopped else []),
        "</header>",
        *body,
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _findings(report: Report) -> Iterator[str]:
    if not report.findings:
        return
    yield f'<h2>Findings <span class="soft">{escape(counted(report.findings))}</span></h2>'
    for group in grouped(report.findings):
        yield from _rule(group, report)


def _rule(group: Sequence[Finding], report: Report) -> Iterator[str]:
    first = group[0]
    word, colour = STANDING_WORDS[first.standing][:2] if first.standing else SEVERITY_WORDS[first.severity]
    about = [
        f'<span class="bold {colour}">{word}</span>',
        f'<span class="bold">{escape(first.title)}</span>' if first.title else "",
        f'<code class="soft">{escape(first.rule)}</code>' if first.standing else "",
        f'<span class="soft">{escape(first.rank)}</span>' if first.rank else "",
        _link(first.link),
    ]
    yield f'<div class="rule">{" ".join(filter(None, about))}'
    yield "<ul>"
    for finding in group:
        yield f"<li>{_item(finding, report)}</li>"
    yield "</ul></div>"


def _link(link: str) -> str:
    """Only where it leads to the web: nothing else that a rule writes becomes a link."""
    if not link.startswith(("https://", "http://")):
        return escape(link)
    return f'<a href="{escape(link)}" rel="noreferrer">why</a>'


def _item(finding: Finding, report: Report) -> str:
    place = f"{report.file(finding)}:{finding.line}" if finding.line else finding.file
    where = "  ".join(p for p in (place, finding.path) if p)
    parts = [
        escape(addressed(finding.message, finding.address)),
        f'<code class="soft">{escape(where)}</code>' if where else "",
        f'<span class="green">To change:</span> {escape(finding.hint)}' if finding.hint else "",
        *(f'<span class="soft">{escape(note)}</span>' for note in finding.notes),
    ]
    return "<br>".join(filter(None, parts))


def _changes(plan: Plan) -> Iterator[str]:
    if plan.empty:
        return
    yield f'<h2>Changes <span class="soft">{len(plan.pending)}</span></h2>'
    for change in plan.pending:
        yield from _fold(told(change, plan))


def _fold(change: Change) -> Iterator[str]:
    """The head line of a change, and the rest behind it."""
    first, *lines = render_change(change, _STYLE)
    sign = first.strip().partition(" ")[0]
    place = f'<code class="soft">{escape(f"{change.file}:{change.line}")}</code>' if change.file else ""
    head = [
        f"<code>{coloured(sign)}</code>",
        f'<code class="bold">{escape(change.address)}</code>',
        f"<code>{escape(change.type)}</code>",
        escape(why(change)),
        place,
    ]
    about = " ".join(filter(None, head))
    if not lines:
        yield f'<div class="rule">{about}</div>'
        return
    yield f"<details><summary>{about}</summary>"
    yield _block(line.removeprefix("      ") for line in lines)
    yield "</details>"


def _block(lines: Iterable[str]) -> str:
    return f"<pre>{coloured(chr(10).join(lines))}</pre>"


def coloured(text: str) -> str:
    """A terminal's text, escaped, its colours as classes; other control sequences are shown, and do nothing."""
    parts = _ESCAPE.split(text)
    told = [escape(parts[0])]
    for codes, part in zip(parts[1::2], parts[2::2], strict=True):
        names = " ".join(COLOURS[c] for c in codes.split(";") if c in COLOURS)
        said = escape(part)
        told.append(f'<span class="{names}">{said}</span>' if names and said else said)
    return "".join(told).replace("\x1b", "\N{SYMBOL FOR ESCAPE}")


def _outputs(plan: Plan) -> Iterator[str]:
    if plan.outputs and not plan.destroy:
        yield f"<h2>Outputs</h2>\n{_block(output_changes(plan.outputs, None, _STYLE))}"


def _foot(plan: Plan) -> Iterator[str]:
    same = sum(c.action is Action.NOOP for c in plan.changes)
    parts = [f"{same} unchanged"] if same else []
    parts += [f"{name}: {count(n, 'API call')}" for name, n in sorted(plan.reads.items()) if n]
    parts += [plan.engine] if plan.engine else []
    parts += [f"plan {plan.digest[:12]}"] if plan.digest else []
    if parts:
        yield f"<footer>{escape(' · '.join(parts))}</footer>"
