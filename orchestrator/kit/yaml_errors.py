"""What LibYAML says about broken text, in words, with the line to type instead where one can be told."""

from __future__ import annotations

import re
from typing import Any, Final

from orchestrator.kit.yaml_text import Text
from orchestrator.model.diagnostic import Diagnostic

_ENTRY: Final = re.compile(r"(?P<head>\s*(?:- +)*(?:[\w.\-/\"']+:\s+)?)(?P<value>\S.*?)\s*$")
_FLOW: Final = re.compile(r"(?P<key>[\w.\-]+):\s*(?P<value>\$\{[^{}]*\})(?=\s*[,}\]])")
_QUOTED: Final = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")
_OPENS: Final = re.compile(r"\s*(?:- +)*(?:[\w.\-/\"']+:\s+)?[{\[]")
_WORDS: Final = {
    "mapping values are not allowed in this context": (
        "a colon and a space start a value here, where none can stand",
        "quote the text, or check the indentation",
    ),
    "did not find expected key": ("a key was expected here", "check the indentation and the quotes"),
    "did not find expected '-' indicator": ("a list item (- …) was expected here", "check the indentation"),
    "found unexpected end of stream": ("the file ends inside a quoted text", "close the quote"),
    "found unexpected document indicator": ("the document ends inside a quoted text", "close the quote"),
    "found undefined alias": (
        "this alias has no anchor in the document",
        "define it with &name, or quote the *",
    ),
    "did not find expected ',' or '}'": ("a { is not closed", "close it with }, or quote the text"),
    "did not find expected ',' or ']'": ("a [ is not closed", "close it with ], or quote the text"),
    "block sequence entries are not allowed in this context": (
        "a list item (- …) cannot start here",
        "start the list on the next line, or write [a, b]",
    ),
    "found incompatible YAML document": ("this YAML version is not read", "remove the %YAML line"),
    "did not find expected node content": (
        "a { or [ before this is not closed",
        "close it, or quote the text",
    ),
    "could not find expected ':'": ("a key without its colon", "write key: value"),
}


def explain(error: Any, whole: Text, start: int) -> tuple[int, Diagnostic]:
    """The line (from 0) at which reading stopped, and the diagnostic. ``start`` is the first line that was read."""
    mark = getattr(error, "problem_mark", None)
    context = getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or "this is not YAML"
    line, column = (start + mark.line, mark.column) if mark is not None else (start, 0)
    opened = start + context.line if context is not None else line
    for candidate in dict.fromkeys((line, opened, line - 1)):
        text = whole.line(candidate)
        if candidate >= start and _is_bare(text) and (better := quoted_line(text)):
            message = "an expression must be quoted here: its characters mean something in YAML"
            return line, Diagnostic(
                message, whole.place(candidate, text.index("${")), f"quote this: {better}"
            )
    if "\t" in whole.line(line)[: column + 1] and "token" in problem:
        return line, Diagnostic("a tab cannot indent YAML", whole.place(line, column), "use spaces")
    message, hint = _WORDS.get(problem, (problem, ""))
    if "cannot start any token" in problem:
        character = whole.line(line)[column : column + 1]
        message, hint = f"a text cannot start with {character!r}", quoted_line(whole.line(line)) or "quote it"
    if "unexpected" in problem or ("expected '," in problem and context is not None):
        line_shown, column_shown = opened, context.column if context is not None else column
        return line, Diagnostic(message, whole.place(line_shown, column_shown), hint)
    return line, Diagnostic(message, whole.place(line, column), hint)


def _is_bare(line: str) -> bool:
    """Whether an expression stands on the line without quotes around it."""
    return "${" in _QUOTED.sub("", line) and (_FLOW.search(line) is not None or _OPENS.match(line) is None)


def quoted_line(line: str) -> str:
    """The line with its value quoted, or an empty string where it is quoted already."""
    if _FLOW.search(line):
        return _FLOW.sub(lambda m: f"{m['key']}: {_quoted(m['value'])}", line).strip()
    match = _ENTRY.fullmatch(line)
    if match is None or match["value"][0] in "\"'|>":
        return ""
    return (match["head"] + _quoted(match["value"])).strip()


def _quoted(text: str) -> str:
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"
