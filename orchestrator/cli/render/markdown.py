"""A plan as a comment on a pull request: the summary first, each change behind a fold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.cli.render.changes import DOING, SIGNS, render_change
from orchestrator.cli.render.findings import LARGEST, code, comment_lines, cut, text
from orchestrator.cli.render.report import Report, counted
from orchestrator.cli.render.style import PLAIN
from orchestrator.cli.render.text import denial, output_changes, summary, told
from orchestrator.cli.render.values import count
from orchestrator.model.change import Action, Change
from orchestrator.model.plan import Plan

_MOST_ROWS: Final = 100


def render_markdown(plan: Plan, report: Report) -> str:
    """The plan in Markdown; folds are left out, the last first, where it would be too long for a comment."""
    top = [*_top(plan), *_findings(report), *_table(plan)]
    folds = ["\n".join(_fold(change, plan)) for change in plan.pending]
    bottom = [*_outputs(plan), *_reads(plan)]
    shown = list(folds)
    while shown and len("\n".join([*top, *shown, *bottom])) > LARGEST:
        shown.pop()
    if len(shown) < len(folds):
        left_out = count(len(folds) - len(shown), "more change")
        shown.append(f"_{left_out}: too long for a comment; see the log or the JSON plan._\n")
    return cut("\n".join([*top, *shown, *bottom]).rstrip() + "\n")


def _top(plan: Plan) -> Iterator[str]:
    environment = f" ({plan.charter.environment})" if plan.charter.environment else ""
    yield f"### opsctl plan: {plan.charter.name}{environment}"
    yield ""
    yield f"**{summary(plan)}**"
    yield ""
    if plan.denied:
        yield f"🛑 **{denial(plan)}**"
        yield ""


def _table(plan: Plan) -> Iterator[str]:
    if plan.empty:
        return
    yield "| | resource | type | why |"
    yield "|---|---|---|---|"
    for change in plan.pending[:_MOST_ROWS]:
        place = f"<br><sub>{_cell(f'{change.file}:{change.line}')}</sub>" if change.file else ""
        what = f"{change.action}{f': {change.reason}' if change.reason else ''}"
        yield f"| `{SIGNS[change.action][0]}` | {code(change.address)}{place} | {code(change.type)} | {_cell(what)} |"
    if len(plan.pending) > _MOST_ROWS:
        yield f"| | and {len(plan.pending) - _MOST_ROWS} more | | |"
    yield ""


def _findings(report: Report) -> Iterator[str]:
    if report.findings:
        yield from ("#### Findings", "", f"{counted(report.findings)}", "")
        yield from comment_lines(report.findings, report)


def _fold(change: Change, plan: Plan) -> Iterator[str]:
    doing = DOING[change.action].partition(",")[0]
    yield f"<details><summary><code>{_html(change.address)}</code> {doing}</summary>"
    yield ""
    body = [_diffed(line, change) for line in render_change(told(change, plan), PLAIN)]
    fence = "```" if not any("```" in line for line in body) else "`````"
    yield f"{fence}diff"
    yield from body
    yield fence
    yield ""
    yield "</details>"
    yield ""


def _diffed(line: str, change: Change) -> str:
    """A line that ``diff`` highlighting colours: its first letter tells."""
    mark = {Action.CREATE: "+", Action.DELETE: "-"}.get(change.action, " ")
    if line.startswith("  ") and not line.startswith("      "):
        sign = {Action.CREATE: "+", Action.DELETE: "-"}.get(change.action, "!")
        return f"{sign} {line.strip().partition(' ')[2]}"
    return f"{mark}{line[2:]}"


def _outputs(plan: Plan) -> Iterator[str]:
    if not plan.outputs or plan.destroy:
        return
    yield f"<details><summary>{count(len(plan.outputs), 'output')}</summary>"
    yield ""
    yield "```yaml"
    yield from output_changes(plan.outputs, None, PLAIN)
    yield "```"
    yield ""
    yield "</details>"
    yield ""


def _reads(plan: Plan) -> Iterator[str]:
    same = sum(c.action is Action.NOOP for c in plan.changes)
    parts = [f"{same} unchanged"] if same else []
    parts += [f"{name}: {count(n, 'API call')}" for name, n in sorted(plan.reads.items()) if n]
    parts.append(f"plan `{plan.digest[:12]}`" if plan.digest else "")
    told = " · ".join(p for p in parts if p)
    if told:
        yield f"<sub>{told}</sub>"


def _cell(told: str) -> str:
    return text(told).replace("|", "\\|")


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
