"""How an apply ended: what was done, what failed and what stands behind it, gates, outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import ago, block, count
from orchestrator.engine.applying import Applied
from orchestrator.engine.stepping import NOT_STARTED
from orchestrator.model.change import Action
from orchestrator.model.outcome import Outcome, Result

DONE: Final[Mapping[Action, str]] = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
    Action.ADOPT: "adopted",
    Action.FORGET: "forgotten",
    Action.MOVE: "moved",
    Action.RETAG: "retagged",
    Action.GATE: "gate passed",
    Action.READ: "read",
    Action.NOOP: "unchanged",
}
_FAILED: Final[Mapping[Action, str]] = {
    Action.CREATE: "create failed",
    Action.UPDATE: "update failed",
    Action.REPLACE: "replace failed",
    Action.DELETE: "delete failed",
    Action.ADOPT: "adopt failed",
    Action.FORGET: "forget failed",
    Action.MOVE: "move failed",
    Action.RETAG: "retag failed",
    Action.GATE: "gate failed",
    Action.READ: "read failed",
    Action.NOOP: "failed",
}
_SIGNS: Final[Mapping[Result, tuple[str, str]]] = {
    Result.DONE: ("✓", "green"),
    Result.NOTHING: ("✓", "green"),
    Result.FAILED: ("✗", "red"),
    Result.GATE_FAILED: ("!", "red"),
    Result.UNDONE: ("↶", "yellow"),
    Result.DEGRADED: ("!", "yellow"),
    Result.SKIPPED: ("-", "yellow"),
    Result.INTERRUPTED: ("·", "yellow"),
    Result.UNSETTLED: ("?", "red"),
    Result.STALE: ("✗", "red"),
}
_WORDS: Final[Mapping[Result, str]] = {
    Result.NOTHING: "nothing was to do",
    Result.GATE_FAILED: "gate failed; the change stays",
    Result.UNDONE: "gate failed",
    Result.DEGRADED: "gate failed; went on as the spec says",
    Result.SKIPPED: "skipped",
    Result.INTERRUPTED: "interrupted",
    Result.UNSETTLED: "not settled: the next run finds out",
    Result.STALE: "stopped",
}


def outcome_line(outcome: Outcome, style: Style = PLAIN) -> str:
    """One finished step: ``✓ main  created  0.4s``."""
    sign, colour = _SIGNS[outcome.result]
    what = _WORDS.get(outcome.result) or (
        _FAILED[outcome.action] if outcome.result is Result.FAILED else DONE[outcome.action]
    )
    time = style.paint(ago(outcome.seconds), "dim") if outcome.seconds >= 0.05 else ""
    message = ""
    if outcome.message and outcome.result not in (Result.DONE, Result.NOTHING):
        message = f": {outcome.message}"
    line = f"{style.paint(style.sign(sign), colour, 'bold')} {style.paint(outcome.address, 'bold')}  {what}{message}"
    return style.plain(f"{line}  {time}".rstrip())


def render_applied(applied: Applied, style: Style = PLAIN) -> str:
    """The result of the command, for standard output; ends with a newline."""
    sections = [
        list(_troubles(applied, style)),
        list(_outputs(applied.outputs, style)),
        list(_foot(applied, style)),
    ]
    return style.plain("\n\n".join("\n".join(s) for s in sections if s) + "\n")


def _troubles(applied: Applied, style: Style) -> Iterator[str]:
    """Each cause once, with what stands behind it."""
    behind: dict[str, list[str]] = {}
    for outcome in applied.having(Result.SKIPPED):
        behind.setdefault(str(outcome.cause or ""), []).append(outcome.address)
    causes = applied.having(
        Result.FAILED, Result.STALE, Result.UNSETTLED, Result.GATE_FAILED, Result.UNDONE, Result.DEGRADED
    )
    for outcome in causes:
        yield outcome_line(outcome, style)
        skipped = behind.pop(str(outcome.address), [])
        if skipped:
            yield f"    not started because of it: {_some(skipped)}"
    for cause, skipped in behind.items():
        yield f"  not started because of {cause or 'a failure'}: {_some(skipped)}"
    interrupted = applied.having(Result.INTERRUPTED)
    for outcome in interrupted:
        if outcome.message not in ("", NOT_STARTED):
            yield outcome_line(outcome, style)
    untouched = [o.address for o in interrupted if o.message in ("", NOT_STARTED)]
    if untouched:
        yield f"  interrupted before they started: {_some(untouched)}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown


def _outputs(outputs: Mapping[str, Any], style: Style) -> Iterator[str]:
    if outputs:
        yield style.paint("Outputs", "bold")
        for name, value in sorted(outputs.items()):
            yield from (f"  {line}" for line in block(name, value))


def _foot(applied: Applied, style: Style) -> Iterator[str]:
    calls = {name: n for name, n in applied.calls.items() if n}
    if calls:
        told = ", ".join(f"{name} {count(n, 'call')}" for name, n in sorted(calls.items()))
        yield style.paint(f"API calls: {told}.", "dim")
    yield style.paint(summary(applied), "bold")
    advice = _advice(applied)
    if advice:
        yield advice


def summary(applied: Applied) -> str:
    """In one line: ``Apply: 3 created, 1 failed, 2 skipped``."""
    counts: dict[str, int] = {}
    for outcome in applied.outcomes.values():
        word = _word(outcome)
        if word:
            counts[word] = counts.get(word, 0) + 1
    head = "Destroy" if applied.plan.destroy else "Apply"
    told = ", ".join(f"{n} {word}" for word, n in counts.items())
    return f"{head}: {told}." if told else f"{head}: nothing to do."


def _word(outcome: Outcome) -> str:
    if outcome.address.endswith(" (old)") and outcome.result in (Result.DONE, Result.NOTHING):
        return ""
    match outcome.result:
        case Result.DONE:
            return "" if outcome.action.quiet else DONE[outcome.action]
        case Result.NOTHING:
            return ""
        case Result.DEGRADED:
            return "degraded"
        case _:
            return str(outcome.result)


def _advice(applied: Applied) -> str:
    match applied.exit_code:
        case 0:
            return ""
        case 130:
            return "The state is consistent. Run apply again to go on."
        case _ if applied.unrecorded is not None:
            return "The state is consistent. Put that right and apply again: the rest follows."
        case 6:
            return "The plan is stale: plan again and review it."
        case 4:
            return "The next plan shows what is still open."
        case _:
            return "What was done is kept. Put right what failed and apply again: the rest follows."
