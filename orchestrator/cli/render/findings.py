"""Findings for people, grouped by rule: on a terminal, and as a comment on a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from orchestrator.cli.render.report import Finding, Report, Standing
from orchestrator.cli.render.style import Style
from orchestrator.cli.render.values import addressed
from orchestrator.model.diagnostic import Severity

LARGEST: Final = 60_000
"""Characters that a comment may have on the common hosts (GitHub: 65,536), with room for a header."""
_MOST: Final = 20
"""Findings of one rule that are shown one by one in a comment."""
STANDING_WORDS: Final = {
    Standing.DENIED: ("deny", "red", "🛑 denied"),
    Standing.TO_APPROVE: ("needs approval", "magenta", "✋ needs approval"),
    Standing.APPROVED: ("approved", "green", "✅ approved"),
    Standing.WAIVED: ("waived", "cyan", "☑️ waived"),
    Standing.WARNED: ("warn", "yellow", "⚠️ warning"),
    Standing.PROPOSED: ("proposal", "cyan", "🔧 proposal"),
}
"""How a standing is called on a terminal, in which colour, and in a comment."""
SEVERITY_WORDS: Final = {
    Severity.ERROR: ("error", "red"),
    Severity.WARNING: ("warning", "yellow"),
    Severity.NOTE: ("note", "cyan"),
}
_SEVERITIES: Final = {
    Severity.ERROR: "🛑 error",
    Severity.WARNING: "⚠️ warning",
    Severity.NOTE: "\N{INFORMATION SOURCE}\ufe0f note",
}


def grouped(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    """Findings of one rule together, in the order of their first ones."""
    found = list(findings)
    first = {_group(f): n for n, f in reversed(list(enumerate(found)))}
    for _, group in groupby(sorted(found, key=lambda f: first[_group(f)]), key=_group):
        yield list(group)


def _group(finding: Finding) -> tuple[object, ...]:
    return (finding.standing, finding.severity, finding.rule, finding.title, finding.link)


def policy_lines(findings: Sequence[Finding], style: Style) -> Iterator[str]:
    """What policy says on a terminal: each rule once, with everything that it names."""
    for group in grouped(findings):
        yield from _rule_lines(group, style)


def _rule_lines(group: Sequence[Finding], style: Style) -> Iterator[str]:
    first = group[0]
    word, colour, _ = STANDING_WORDS[first.standing or Standing.WARNED]
    about = style.paint("  ".join(p for p in (first.rule, first.rank) if p), "dim")
    title = style.paint(first.title, "bold")
    yield "  ".join(p for p in (f"  {style.paint(word, colour, 'bold')}", title, about) if p)
    for finding in group:
        yield f"    {addressed(finding.message, finding.address)}"
        place = "  ".join(p for p in (finding.place, finding.path) if p)
        if place:
            yield f"      {style.paint(place, 'dim')}"
        yield from (f"      {line}" for line in finding.notes)
    for hint in dict.fromkeys(f.hint for f in group if f.hint):
        yield f"      {style.paint('to change:', 'green')} {hint}"
    if first.link:
        yield f"      {style.paint(first.link, 'dim')}"


def standings(findings: Iterable[Finding]) -> str:
    """How many of each: ``2 denied, 1 waived``."""
    tally = Counter(f.standing for f in findings)
    return ", ".join(f"{tally[s]} {s}" for s in Standing if tally[s])


def render_comment(report: Report, body: str = "") -> str:
    """A report as a comment: what happened first, then each rule with what it names, then ``body``."""
    title = f"### {report.command}{f': {report.subject}' if report.subject else ''}"
    top = [title, "", f"**{text(report.summary)}**", ""]
    return cut("\n".join([*top, *comment_lines(report.findings, report), body]).rstrip() + "\n")


def cut(comment: str) -> str:
    """A comment that its host takes: what is too long ends at a line, and says so."""
    if len(comment) <= LARGEST:
        return comment
    kept = comment[:LARGEST].rpartition("\n")[0]
    fence = "\n```" if kept.count("```") % 2 else ""
    return f"{kept}{fence}\n\n_The rest is too long for a comment; see the log or `--output json`._\n"


def comment_lines(findings: Sequence[Finding], report: Report) -> Iterator[str]:
    """Each rule once, with everything that it names; long lists are cut, and say so."""
    for group in grouped(findings):
        first = group[0]
        sign = STANDING_WORDS[first.standing][2] if first.standing else _SEVERITIES[first.severity]
        about = [
            f"**{sign}**",
            text(first.title),
            code(first.rule) if first.standing else "",
            text(first.rank),
        ]
        more = f"[why]({first.link})" if first.link else ""
        yield " · ".join(p for p in (*about, more) if p)
        yield ""
        for finding in group[:_MOST]:
            yield f"- {_item(finding, report)}"
        if len(group) > _MOST:
            yield f"- and {len(group) - _MOST} more"
        yield ""


def _item(finding: Finding, report: Report) -> str:
    place = (
        f"{report.file(finding)}:{finding.line}" if finding.line else finding.file and report.file(finding)
    )
    said = text(addressed(finding.message, finding.address))
    told = [said, code(place), code(finding.path)]
    line = " ".join(part for part in told if part)
    more = [*([f"To change: {finding.hint}"] if finding.hint else []), *finding.notes]
    return "<br>".join([line, *map(text, more)])


def code(told: str) -> str:
    """Text as code, in a table too."""
    return f"`{told.replace('|', chr(92) + '|').replace('`', chr(39))}`" if told else ""


def text(told: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    plain = " ".join(told.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in ("*", "_", "[", "]", "~", "`"):
        plain = plain.replace(sign, f"\\{sign}")
    return plain
