"""What was found out about rules on one input: how far each came, and how long each took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from orchestrator.cli.render.json import head
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import count, inline

if TYPE_CHECKING:
    from orchestrator.bootstrap.authoring import RuleExplanation, RuleTimings

_LONGEST: Final = 90


def render_explanations(found: Sequence[RuleExplanation], style: Style = PLAIN) -> str:
    """Each rule with its bodies: a sign an expression, the ways that lead through it, the values where it ended."""
    return style.plain("\n".join(line for rule in found for line in _rule(rule, style)) + "\n")


def _rule(rule: RuleExplanation, style: Style) -> Iterator[str]:
    said = style.paint("fired", "yellow", "bold") if rule.fired else style.paint("did not fire", "green")
    yield f"{style.paint(rule.rule, 'bold')}  {said}"
    for body in rule.bodies:
        yield style.paint(f"  {body.file}:{body.line}", "dim")
        for expression in body.expressions:
            yield from _expression(expression, style)
        for values in body.values:
            shown = [f"{name} = {_short(value)}" for name, value in values.items() if value != []]
            if shown:
                yield style.paint(f"        {style.sign('→')} {'; '.join(shown)}", "dim")
    yield ""


def _expression(expression: Any, style: Style) -> Iterator[str]:
    text = _line(expression.text)
    if expression.error:
        yield f"    {style.paint(style.sign('✗'), 'red')} {expression.line}: {text}"
        yield f"        {style.paint(expression.error, 'red')}"
    elif expression.ways is None:
        yield style.paint(f"    {style.sign('·')} {expression.line}: {text}  (not reached)", "dim")
    elif expression.ways:
        ways = style.paint(f"({count(expression.ways, 'way')})", "dim")
        yield f"    {style.paint(style.sign('✓'), 'green')} {expression.line}: {text}  {ways}"
    else:
        yield f"    {style.paint(style.sign('✗'), 'red')} {expression.line}: {text}  does not hold"


def _line(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


def _short(value: Any) -> str:
    """A value in a few words: a change or a resource is known by its address."""
    if isinstance(value, Mapping) and "address" in value:
        return f"{value['address']} ({value.get('type', 'no type')})"
    if isinstance(value, list) and len(value) == 1:
        return _short(value[0])
    return _line(inline(value))


def explanations_document(found: Sequence[RuleExplanation]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "rule": rule.rule,
            "fired": rule.fired,
            "bodies": [
                {
                    "file": body.file,
                    "line": body.line,
                    "fired": body.fired,
                    "expressions": [
                        {"text": e.text, "line": e.line, "ways": e.ways, "error": e.error or None}
                        for e in body.expressions
                    ],
                    "values": list(body.values),
                }
                for body in rule.bodies
            ],
        }
        for rule in found
    ]


def render_timings(timings: RuleTimings, changes: int, style: Style = PLAIN) -> str:
    """A table of rules, the slowest first, and what all of them take together."""
    whole = sum(t.seconds for t in timings.rules) or 1.0
    width = max((len(t.rule) for t in timings.rules), default=4)
    rows = [style.paint(f"{'rule':{width}}  {'CPU ms':>9}  {'share':>6}  {'said':>6}", "bold")]
    rows += [
        f"{t.rule:{width}}  {1000 * t.seconds:9.2f}  {100 * t.seconds / whole:5.1f}%  {t.said:6}"
        for t in timings.rules
    ]
    rows.append("")
    rows.append(
        f"{count(len(timings.rules), 'rule')} on {count(changes, 'change')}: {1000 * timings.together:.2f} ms of CPU in "
        f"one evaluation, and {1000 * timings.load:.2f} ms to hand the input over. Rules that share work take less together."
    )
    return "\n".join(rows) + "\n"


def timings_document(timings: RuleTimings, changes: int) -> dict[str, Any]:
    """The same for programs."""
    return {
        **head("policy-bench"),
        "changes": changes,
        "together_seconds": round(timings.together, 6),
        "load_seconds": round(timings.load, 6),
        "rules": [{"rule": t.rule, "seconds": round(t.seconds, 6), "said": t.said} for t in timings.rules],
    }
