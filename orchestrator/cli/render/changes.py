"""One change as lines: what is done to which resource and why, its properties, and its gates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from orchestrator.cli.render.style import Style
from orchestrator.cli.render.values import ago, block, inline, line_diff
from orchestrator.model.change import Action, Cause, Change, Gate, PropertyChange
from orchestrator.model.expression import untemplated
from orchestrator.model.ids import render_path
from orchestrator.model.values import Secret

SIGNS: Final[Mapping[Action, tuple[str, str]]] = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.REPLACE: ("±", "magenta"),
    Action.DELETE: ("-", "red"),
    Action.ADOPT: (">", "cyan"),
    Action.FORGET: ("x", "yellow"),
    Action.MOVE: (">", "cyan"),
    Action.RETAG: ("#", "cyan"),
    Action.GATE: ("!", "cyan"),
    Action.READ: ("?", "dim"),
    Action.NOOP: ("=", "dim"),
}
DOING: Final[Mapping[Action, str]] = {
    Action.CREATE: "is created",
    Action.UPDATE: "is updated",
    Action.REPLACE: "is replaced",
    Action.DELETE: "is deleted",
    Action.ADOPT: "is taken over",
    Action.FORGET: "is let go of, and stays in its cloud",
    Action.MOVE: "has a new name",
    Action.RETAG: "gets its marker back",
    Action.GATE: "has to pass its health gate",
    Action.READ: "is looked up",
    Action.NOOP: "stays as it is",
}
_CAUSES: Final[Mapping[str, str]] = {
    Cause.CONFIG: "the spec was edited",
    Cause.DRIFT: "it was changed outside opsctl",
    Cause.DEFAULT: "a default comes back",
    Cause.UPSTREAM: "it follows another resource",
}
_LONGEST_ID: Final = 48
_PLAIN_CREATE: Final = "it is not there yet"
_GATE_END: Final = {"undo": "undo", "halt": "halt", "continue": "go on"}


def render_change(change: Change, style: Style) -> Iterator[str]:
    """The head line of a change, and what stands below it."""
    sign, colour = SIGNS[change.action]
    head = f"{style.paint(style.sign(sign), colour, 'bold')} {style.paint(change.address, 'bold')}"
    yield f"  {head}  {_about(change, style)}"
    yield from (f"      {line}" for line in _body(change, style))
    yield from (f"      {line}" for line in _after(change, style))


def _about(change: Change, style: Style) -> str:
    place = f"{change.file}:{change.line}" if change.file else ""
    provider = f"at {change.provider}" if "." in change.provider else ""
    known = f"({_short(change.id)})" if change.id and change.action is not Action.READ else ""
    parts = [change.type, provider, style.paint(known, "dim"), why(change), style.paint(place, "dim")]
    return "  ".join(p for p in parts if p)


def _short(id: str) -> str:
    """An id that fits a line: the end of a long path tells most."""
    return id if len(id) <= _LONGEST_ID else f"…{id[-_LONGEST_ID + 1 :]}"


def why(change: Change) -> str:
    """What is done and for which reason, and in which order where that matters."""
    text = DOING[change.action]
    if change.action is Action.REPLACE:
        order = "the new one is made first" if change.create_first else "the old one is deleted first"
        text = f"{text} ({order})"
    if change.deposed:
        text = f"{text}: it was left behind by a replacement"
    elif change.reason and change.reason != _PLAIN_CREATE:
        text = f"{text}: {', '.join(_CAUSES.get(word, word) for word in change.reason.split(', '))}"
    if change.moved_from and change.action is not Action.MOVE:
        text = f"{text}; it was called {change.moved_from}"
    return text


def _body(change: Change, style: Style) -> Iterator[str]:
    match change.action:
        case Action.CREATE:
            for name, value in (change.after or {}).items():
                yield from (_dimmed(line, style) for line in block(name, untemplated(value)))
        case Action.DELETE | Action.FORGET | Action.NOOP | Action.READ:
            return
        case _:
            yield from properties(change.properties, style)


def _dimmed(line: str, style: Style) -> str:
    return line.replace("(known after apply)", style.paint("(known after apply)", "dim"))


def properties(changes: Iterable[PropertyChange], style: Style) -> Iterator[str]:
    """Each property with before and after; differences in writing alone are counted, not shown."""
    cosmetic = 0
    for change in changes:
        if change.cause is Cause.COSMETIC:
            cosmetic += 1
            continue
        yield from _property(change, style)
    if cosmetic:
        yield style.paint(f"({cosmetic} written differently, and the same)", "dim")


def _property(change: PropertyChange, style: Style) -> Iterator[str]:
    name = render_path(change.path)
    lines = line_diff(change.before, change.after)
    if lines:
        yield f"{name}:{_suffix(change, style)}"
        for line in lines:
            colour = {"+": "green", "-": "red"}.get(line[0], "dim")
            yield f"  {style.paint(line, colour)}"
        return
    before = style.paint(inline(change.before), "red")
    after = style.paint(inline(change.after), "green")
    if isinstance(change.before, Secret) and isinstance(change.after, Secret):
        after = style.paint("(sensitive, another value)", "green")
    yield f"{name}: {before} {style.sign('→')} {after}{_suffix(change, style)}"


def _suffix(change: PropertyChange, style: Style) -> str:
    words = {
        Cause.CONFIG: "",
        Cause.DRIFT: "changed outside opsctl",
        Cause.DEFAULT: "back to the provider's default",
        Cause.COSMETIC: "",
        Cause.UPSTREAM: "follows another resource",
    }[change.cause]
    parts = [style.paint(words, "dim")] if words else []
    if change.replaces:
        parts.insert(0, style.paint("forces replacement", "magenta", "bold"))
    return f"  {', '.join(parts)}" if parts else ""


def _after(change: Change, style: Style) -> Iterator[str]:
    if change.action in (Action.NOOP, Action.READ, Action.MOVE, Action.FORGET, Action.DELETE):
        return
    for gate in change.gates:
        yield f"{style.paint('then:', 'cyan')} {describe_gate(gate, change)}"


def describe_gate(gate: Gate, change: Change) -> str:
    """``http gate on http://… (status 200) within 5m, on failure undo (delete it)``."""
    settings = untemplated(gate.settings)
    target = settings.get("url") or settings.get("address") or settings.get("host") or ""
    if settings.get("port") and not settings.get("url"):
        target = f"{target}:{settings['port']}"
    on = f" on {target if isinstance(target, str) else inline(target)}" if target else ""
    times = f", {gate.successes} times in a row" if gate.successes > 1 else ""
    end = _GATE_END.get(gate.on_failure, gate.on_failure)
    how = {"delete": " (delete it again)", "reapply": " (put the old spec back)"}.get(change.undo, "")
    how = how if gate.on_failure == "undo" else ""
    if gate.on_failure == "halt" and change.irreversible and change.action is not Action.GATE:
        how = f" ({change.irreversible})"
    return f"{gate.kind} gate{on} within {_within(gate.within)}{times}, on failure {end}{how}"


def _within(seconds: float) -> str:
    text = ago(seconds).replace(".0s", "s")
    return text.replace("m00s", "m").replace("h00m", "h")
