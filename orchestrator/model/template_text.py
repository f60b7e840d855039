"""How a string falls into text and expressions: ``${…}``, with ``$${`` for a literal ``${``.

Braces, strings and comments inside an expression are CEL's, so that a map literal or a ``}`` in a string does not
end it.
"""

from __future__ import annotations

import re
from typing import Final

from orchestrator.model.cel_syntax import ExpressionError

_TOKEN: Final = re.compile(
    r"""
    //[^\n]*                                    # a comment
  | [bB]?[rR][bB]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')  # a raw string: a backslash is a backslash
  | \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3}
  | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
  | \w+ | [{}] | .
    """,
    re.VERBOSE | re.DOTALL,
)
LITERAL_HINT: Final = "write $${ for a literal ${"


def split(text: str) -> list[str | tuple[int, str]]:
    """The parts of ``text``: literal text (unescaped), and each expression with its offset."""
    parts: list[str | tuple[int, str]] = []
    literal, at = "", 0
    while (start := text.find("${", at)) >= 0:
        if start > at and text[start - 1] == "$":
            literal, at = literal + text[at : start - 1] + "${", start + 2
            continue
        literal += text[at:start]
        if literal:
            parts.append(literal)
        end = _end(text, start + 2)
        parts.append((start + 2, _checked(text[start + 2 : end], start)))
        literal, at = "", end + 1
    literal += text[at:]
    return [*parts, literal] if literal or not parts else parts


def _end(text: str, at: int) -> int:
    """Where the brace that closes an expression stands."""
    depth, start = 0, at
    for token in _TOKEN.finditer(text, at):
        match token[0]:
            case "{":
                depth += 1
            case "}" if depth == 0:
                return token.start()
            case "}":
                depth -= 1
            case '"' | "'":
                raise ExpressionError(
                    "a string in this expression is not closed", token.start(), "close the string"
                )
            case _:
                pass
    what = "a map in it is not closed" if depth else "its } is missing"
    raise ExpressionError(f"the expression ${{ does not end: {what}", start - 2, LITERAL_HINT)


def _checked(expression: str, start: int) -> str:
    """The expression, unless it is empty or clearly another tool's."""
    inner = expression.strip()
    if not inner:
        raise ExpressionError("the expression is empty", start, LITERAL_HINT)
    if hint := _foreign(inner):
        raise ExpressionError(f"${{{inner}}} is not CEL", start, hint)
    return expression


def _foreign(text: str) -> str:
    """What to write instead of something that was pasted from another tool."""
    if found := re.fullmatch(r"AWS::(\w+)", text):
        name = found[1][0].lower() + found[1][1:]
        return f"CloudFormation's pseudo parameters are not there: declare a parameter and write ${{params.{name}}}"
    if found := re.fullmatch(r"var\.([\w.\[\]\"]+)", text):
        return f"write ${{params.{found[1]}}}"
    if found := re.fullmatch(r"local\.([\w.\[\]\"]+)", text):
        return f"there are no locals: write ${{params.{found[1]}}}, or the value itself"
    if re.fullmatch(r"(self|env|opt|file|ssm|cf):[^\"']*", text):
        return 'write ${params.NAME}, ${env.NAME} or ${secret("…")}'
    if re.fullmatch(r"\w+:[-=?+].*", text, re.DOTALL):
        return f"a shell default is not CEL: give the parameter a default, or {LITERAL_HINT}"
    if text.startswith("{") and text.endswith("}") and ":" not in text:
        return f"one pair of braces is enough: ${{{text[1:-1].strip()}}}"
    return ""
