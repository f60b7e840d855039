"""CEL's error texts in the words of somebody who writes a spec."""

from __future__ import annotations

import re
from typing import Final

from orchestrator.model.cel_syntax import ExpressionError
from orchestrator.model.diagnostic import did_you_mean

_LOCATED: Final = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_MACROS: Final = {
    "map": "map(x, …)",
    "filter": "filter(x, …)",
    "all": "all(x, …)",
    "exists": "exists(x, …)",
    "exists_one": "exists_one(x, …)",
    "has": "has(a.b)",
}
FUNCTIONS: Final = (
    *_MACROS,
    *[
        "secret",
        "size",
        "string",
        "int",
        "uint",
        "double",
        "bool",
        "bytes",
        "dyn",
        "type",
        "timestamp",
        "duration",
        "matches",
        "contains",
    ],
    *[
        "startsWith",
        "endsWith",
        "join",
        "split",
        "replace",
        "substring",
        "indexOf",
        "lastIndexOf",
        "trim",
        "lowerAscii",
        "upperAscii",
    ],
    *[
        "format",
        "charAt",
        "reverse",
        "greatest",
        "least",
        "ceil",
        "floor",
        "round",
        "abs",
        "sign",
        "encode",
        "decode",
    ],
    *["orValue", "hasValue", "value", "optMap", "optFlatMap", "of", "none", "ofNonZeroValue", "outputs"],
    *[
        "getFullYear",
        "getMonth",
        "getDate",
        "getHours",
        "getMinutes",
        "getSeconds",
        "getMilliseconds",
        "getDayOfWeek",
    ],
)
_ELSEWHERE: Final = {
    "sub": "an expression inside text: prefix-${a.b}",
    "ref": "name.status.id",
    "getatt": "name.status.Attribute",
    "lookup": 'map["key"], or map.?key.orValue(default)',
    "length": "size(…)",
    "len": "size(…)",
    "concat": "a + b",
    "merge": "one map written out: CEL maps do not merge",
    "tostring": "string(…)",
    "str": "string(…)",
    "tonumber": "int(…) or double(…)",
    "lower": "x.lowerAscii()",
    "upper": "x.upperAscii()",
    "jsonencode": "a text with expressions inside",
    "coalesce": "a.?b.orValue(default)",
    "try": "a.?b.orValue(default)",
    "base64encode": "base64.encode(bytes(x))",
    "file": "the text itself, as a YAML block (|)",
    "cidrsubnet": "the CIDR written out, or a parameter",
}


def syntax_error(text: str, raw: str) -> ExpressionError:
    """The first located error that the parser or the type checker reports."""
    if "recursion" in raw:
        return ExpressionError(
            "the expression is nested too deeply: 32 levels (or operators in a row) is the limit"
        )
    for match in _LOCATED.finditer(raw):
        line, column, message = int(match[1]), int(match[2]), match[3]
        if line > 0:
            return _worded(text, message, _offset(text, line, column))
    return ExpressionError(raw.removeprefix("INVALID_ARGUMENT: ").removesuffix(" [INVALID_ARGUMENT]"))


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return min(sum(len(each) + 1 for each in lines[: line - 1]) + max(column - 1, 0), len(text))


def _worded(text: str, message: str, offset: int) -> ExpressionError:
    message = message.removeprefix("Syntax error: ").removesuffix(" [INVALID_ARGUMENT]")
    if found := re.match(r"undeclared reference to '([^']*)'", message):
        return _no_function(found[1], offset)
    if found := re.match(r"found no matching overload for '([^']*)' applied to '\(([^']*)\)'", message):
        return ExpressionError(*_overload(found[1], found[2], offset))
    if found := re.match(r"missing ('.*?') at '(.*?)'", message):
        place = "at the end" if found[2] == "<EOF>" else f"before {found[2]!r}"
        return ExpressionError(f"{found[1]} is missing {place}", offset)
    if found := re.match(
        r"(?:mismatched|extraneous) input '(.*?)' expecting|.*recognition error at: '(.*)'", message
    ):
        return _unexpected(text, found[1] or found[2], offset)
    if found := re.match(r"no viable alternative at input '(.*)'", message):
        return _unexpected(text, found[1], offset)
    return ExpressionError(message, offset)


def _no_function(name: str, offset: int) -> ExpressionError:
    if name in _MACROS:
        return ExpressionError(f"{name}() is used wrongly", offset, f"write {_MACROS[name]}")
    there = _ELSEWHERE.get(name.lower().rpartition(".")[2])
    hint = f"write {there}" if there else did_you_mean(name, FUNCTIONS)
    return ExpressionError(f"there is no function {name}()", offset, hint)


def _unexpected(text: str, found: str, offset: int) -> ExpressionError:
    word = found.strip().replace("\\n", "")
    if word == "<EOF>":
        return ExpressionError("the expression ends too early", offset)
    hints = {
        "=": "compare with ==",
        "|": "write a function: x.lowerAscii(), size(x)",
        "*": "write list.map(x, x.name)",
        "?": "write a.?b.orValue(default), or condition ? a : b",
        "->": "write a.b",
    }
    hint = hints.get(word, "")
    if word.startswith(".") and word[1:].isalpha():
        hint = f'{word[1:]} is a reserved word: write ["{word[1:]}"]'
    if word[:1] in ("'", '"') and offset and not text[offset - 1].isalnum():
        hint = "close the string"
    if word in ("and", "or", "not"):
        hint = f"write {({'and': '&&', 'or': '||', 'not': '!'})[word]}"
    return ExpressionError(f"unexpected {word!r}" if word else "unexpected character", offset, hint)


def _overload(function: str, types: str, offset: int) -> tuple[str, int, str]:
    names = [_TYPE_NAMES.get(t.strip(), t.strip()) for t in types.split(", ")]
    operator = function.replace("_", "") if function.startswith(("_", "!", "-")) else f"{function}()"
    hint = ""
    if operator == "+" and "a string" in names:
        hint = "convert with string(…)"
    elif {"an integer", "a number"} <= set(names):
        hint = "convert with double(…) or int(…)"
    return f"{operator} does not work on {' and '.join(names)}", offset, hint


_TYPE_NAMES: Final = {
    "string": "a string",
    "int": "an integer",
    "int64": "an integer",
    "uint": "an unsigned integer",
    "uint64": "an unsigned integer",
    "double": "a number",
    "bool": "a boolean",
    "null": "null",
    "null_type": "null",
    "map": "a map",
    "list": "a list",
    "dyn": "a value",
}


def runtime_error(raw: str) -> ExpressionError:
    """An error value that an evaluation ended in."""
    message = re.sub(r"^[A-Z_]+: ", "", raw)
    if found := re.match(r'Key not found in map : "?(.*?)"?$', message):
        return ExpressionError(f"there is no key {found[1]!r}")
    if found := re.match(r"No matching overloads found : (.*)\((.*)\)$", message):
        if found[1] == "opsctl_ordered":
            return ExpressionError(
                f"a loop runs over a list or a map, not over {_TYPE_NAMES.get(found[2], found[2])}"
            )
        return ExpressionError(*_overload(found[1], found[2], 0))
    if "<jump_condition>" in message or message.endswith("!_"):
        return ExpressionError("a condition must be true or false", hint="compare with ==, or use has(…)")
    if found := re.match(r"Index error: index=(-?\d+) size=(\d+)", message):
        return ExpressionError(f"index {found[1]} is out of range: the list has {found[2]} items")
    if "Applying SELECT" in message:
        return ExpressionError("only a map has attributes")
    return ExpressionError(message)
