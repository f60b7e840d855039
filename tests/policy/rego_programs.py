"""Small Rego programs of our own: the core language, and the builtins that both engines know.

Each is one expression, or the body of a rule that sets ``v``. What two engines make of them is compared.
"""

from __future__ import annotations

from typing import Final

from tests.policy.certificates import INPUT as SIGNING
from tests.policy.certificates import PROGRAMS as CERTIFICATES
from tests.policy.tokens import PROGRAMS as TOKENS

INPUT: Final = {
    "a": 1,
    "b": [3, 1, 2],
    "c": {"x": 1, "y": {"z": [True, None, "t"]}},
    "s": "Grüße, world",
    "n": 9007199254740993,
    **SIGNING,
    "changes": [
        {"address": "web", "type": "A", "tags": {"owner": "x"}, "size": 3},
        {"address": "db", "type": "B", "tags": {}, "size": 7},
        {"address": 'web["a"]', "type": "A", "tags": {"owner": "y"}, "size": 1},
    ],
}

_TEXTS: Final = ('""', '"a"', '"Hello World"', '" pad "', "input.s", '"a,b,,c"', '"10.0.0.0/8"')
_NUMBERS: Final = ("0", "1", "-7", "2.5", "-2.5", "1e3", "input.n")
_LISTS: Final = ("[]", "[1, 2, 3]", "input.b", '["b", "a"]', "[[1], [2, 3]]", "[null, true, {}]")

_OF_TEXT: Final = [
    "upper",
    "lower",
    "trim_space",
    "count",
    "json.marshal",
    "base64.encode",
    "base64url.encode",
    "hex.encode",
    "urlquery.encode",
    "is_string",
    "is_number",
    "type_name",
    "strings.reverse",
    "crypto.sha256",
    "crypto.md5",
    "crypto.sha1",
    "json.is_valid",
    "base64url.encode_no_pad",
    "glob.quote_meta",
    "net.cidr_is_valid",
    "regex.is_valid",
    "semver.is_valid",
    "yaml.is_valid",
]
_OF_NUMBER: Final = ["abs", "ceil", "floor", "round", "json.marshal", "is_number", "is_string", "type_name"]
_OF_LIST: Final = [
    "count",
    "json.marshal",
    "array.reverse",
    "array.flatten",
    "sort",
    "is_array",
    "is_object",
    "type_name",
    "yaml.marshal",
]

UNARY: Final = [
    *(f"{f}({x})" for f in _OF_TEXT for x in _TEXTS),
    *(f"{f}({x})" for f in _OF_NUMBER for x in _NUMBERS),
    *(f"{f}({x})" for f in _OF_LIST for x in _LISTS),
]

CALLS: Final = [
    "sum([1, 2.5])", "product([2, 3])", "max([1, 3, 2])", "min({4, 2})", "max([])", "sum([])", 'max(["a", "b"])',
    'concat("-", ["a", "b"])', 'concat(",", {"b", "a"})', 'contains("abc", "b")', 'startswith("abc", "a")',
    'endswith("abc", "bc")', 'indexof("hello", "l")', 'indexof("hello", "z")', 'indexof_n("hello", "l")',
    'replace("aXbX", "X", "-")', 'split("a.b.c", ".")', 'substring("hello", 1, 3)', 'substring("hello", 2, -1)',
    'trim("xxaxx", "x")', 'trim_left("xxa", "x")', 'trim_right("axx", "x")', 'trim_prefix("prefix-a", "prefix-")',
    'trim_suffix("a.txt", ".txt")', 'sprintf("%s=%d", ["a", 3])', 'sprintf("%v %v", [[1, "a"], {"k": true}])',
    'sprintf("%.2f", [2.5])', 'sprintf("%5d|%-5s|", [42, "ab"])', 'sprintf("%x", [255])', 'sprintf("%%", [])',
    'sprintf("%q", ["a"])', "format_int(255, 16)", "format_int(input.n, 10)", "format_int(7, 2)",
    'strings.any_prefix_match("abc", ["x", "ab"])', 'strings.any_suffix_match(["abc"], "bc")',
    'strings.replace_n({"a": "1", "b": "2"}, "ab")', 'strings.count("cheese", "e")', 'regex.match("^a+$", "aaa")',
    'regex.split("[,;]", "a,b;c")', 'regex.find_n("[0-9]+", "a1b22c333", 2)', 'regex.replace("a1b2", "[0-9]", "#")',
    'regex.find_all_string_submatch_n("(a)(b)?", "abaab", -1)', 'regex.template_match("urn:{.*}", "urn:x", "{", "}")',
    'glob.match("*.example.org", ["."], "www.example.org")', 'glob.match("a*", [], "abc")',
    'glob.match("{a,b}*", null, "b1")', "array.concat([1], [2])", "array.slice([1, 2, 3], 1, 2)",
    "array.slice([1, 2], -1, 9)", 'object.get(input.c, "x", 0)', 'object.get(input.c, ["y", "z", 0], "none")',
    'object.get({}, "k", [1])', 'object.keys({"a": 1, "b": 2})', 'object.remove({"a": 1, "b": 2}, ["a"])',
    'object.filter({"a": 1, "b": 2}, ["a"])', 'object.union({"a": {"x": 1}}, {"a": {"y": 2}})',
    'object.union_n([{"a": 1}, {"a": 2, "b": 3}])', 'object.subset({"a": 1, "b": 2}, {"a": 1})',
    "object.subset([1, 2, 3], [2, 3])", 'json.filter({"a": {"b": 1, "c": 2}}, ["a/b"])',
    'json.remove({"a": {"b": 1, "c": 2}}, ["a/b"])', 'json.patch({"a": 1}, [{"op": "add", "path": "/b", "value": 2}])',
    'json.unmarshal("{\\"a\\": [1, 2.5, null]}")', 'yaml.unmarshal("a: [1, x]")', 'base64.decode("aGk=")',
    'base64url.decode("aGk")', 'base64.is_valid("aGk=")', 'hex.decode("6869")', 'urlquery.decode("a%20b")',
    'urlquery.decode_object("a=1&b=2&a=3")', 'urlquery.encode_object({"a": "b c"})', "bits.and(6, 3)", "bits.or(6, 3)",
    "bits.xor(6, 3)", "bits.lsh(1, 8)", "bits.rsh(256, 4)", "bits.negate(5)", "numbers.range(1, 4)", "numbers.range(3, 1)",
    "numbers.range_step(1, 9, 4)", "intersection({{1, 2}, {2, 3}})", "union({{1}, {2}})", "{1, 2} & {2, 3}", "{1, 2} | {3}",
    "{1, 2, 3} - {2}", 'graph.reachable({"a": ["b"], "b": []}, {"a"})', 'graph.reachable_paths({"a": ["b"], "b": []}, {"a"})',
    'net.cidr_contains("10.0.0.0/8", "10.1.2.3")', 'net.cidr_contains("10.0.0.0/8", "11.0.0.0/16")',
    'net.cidr_intersects("10.0.0.0/8", "10.1.0.0/16")', 'net.cidr_merge(["10.0.0.0/9", "10.128.0.0/9"])',
    'net.cidr_expand("10.0.0.0/30")', 'semver.compare("1.2.3", "1.10.0")', 'semver.compare("1.0.0-a", "1.0.0")',
    'time.parse_rfc3339_ns("2026-11-25T10:00:00Z")', 'time.parse_duration_ns("1h30m")', "time.date(0)", "time.clock(0)",
    "time.weekday(0)", "time.add_date(0, 1, 2, 3)", "time.diff(0, 86400000000000)", 'time.parse_ns("2006-01-02", "2026-11-25")',
    "time.format(0)", 'units.parse("10K")', 'units.parse("1.5Gi")', 'units.parse_bytes("10KB")', 'units.parse_bytes("1MiB")',
    'to_number("12.5")', "to_number(true)", "to_number(null)", 'crypto.hmac.sha256("a", "k")', 'crypto.hmac.equal("a", "a")',
    'json.match_schema({"a": 1}, {"type": "object"})[0]', 'json.marshal_with_options([1], {"pretty": true})',
    'uuid.parse("00000000-0000-4000-8000-000000000000").version', '[p | walk({"a": [1]}, [p, _])]',
]  # fmt: skip

LANGUAGE: Final = [
    "1 + 2 * 3", "7 / 2", "7 % 4", "(1 + 2) * 3", "1 == 1.0", '"a" < "b"', "[1, 2] < [1, 3]", "null == false", "-1 < 0",
    "{1, 2} == {2, 1}", '{"a": 1} == {"a": 1}', "input.c.y.z[2]", 'input["c"]["x"]', "input.b[0]", "input.b[9]",
    "input.nothing.at.all", "[x | some x in input.b]", "[x | some x in input.b; x > 1]", "{x | some x in input.b}",
    "{k: v | some k, v in input.c}", "[i | some i, _ in input.b]", "{c.type | some c in input.changes}", "1 in input.b",
    '"x", 1 in input.c', "count([c | some c in input.changes; c.tags.owner])",
    "[c.address | some c in input.changes; not c.tags.owner]", "input.changes[_].size", "[input.changes[i].size, i][0]",
    "{a: b | some a; b := input.c[a]}", "[x | x := input.changes[_].size; x >= 3]", '{"a": {"b": [1, {"c": 2}]}}.a.b[1].c',
    "sum([c.size | some c in input.changes])", "{c.type: n | some c in input.changes; n := count([1 | some d in input.changes; d.type == c.type])}",
    "`raw\\n`", '"\\u00fc\\n\\t"', "0.1 + 0.2", "1e2", "input.n + 1", "100000000000000000000 + 1", "3 - 5", "[1, 2, 3][_]",
]  # fmt: skip

BODIES: Final = [
    "every x in input.b { x > 0 }\n\tv := true", "every x in [] { x > 9 }\n\tv := 1", "some x in input.b\n\tx > 2\n\tv := x",
    "not input.nothing\n\tv := 1", "not input.a\n\tv := 1", "x := input.a\n\ty := x + 1\n\tv := y", "[x, y] := [1, 2]\n\tv := x + y",
    '{"k": x} := {"k": 5}\n\tv := x', "input.a == 1\n\tv := input.s", "v := [x | x := input.b[i]; i > 0]",
    "x = input.b[0]\n\tv := x", 'some i\n\tinput.changes[i].address == "db"\n\tv := i', "v := f(3)", "v := g(1)", "v := g(2)", "v := h.a", "v := s",
    "v := d", "v := partial.x", "v := e(5)", "v := e(50)", "v := input.a with input.a as 9", "v := s with data.diff.d as 1",
    "v := count(s)", "v := {k | some k; h[k]}", "print(input.a)\n\tv := 1", 'v := nested["a"].b', "v := cond", 'v := object.get(h, "zz", d)',
]  # fmt: skip

SHARED: Final = """
f(x) := x * 2

g(1) := "one"

h := {"a": 1, "b": 2}

s contains x if some x in input.b

default d := "default"

d := 5 if input.nothing

partial.x := 1

e(x) := "small" if x < 10

else := "large"

nested["a"].b := 3

cond := "yes" if {
	input.a == 1
} else := "no"
"""
PROGRAMS: Final = [f"v := {e}" for e in (*UNARY, *CALLS, *LANGUAGE, *TOKENS, *CERTIFICATES)] + BODIES
