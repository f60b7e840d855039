"""YAML as people write it: what it means, where it stands, and what is said when it is broken."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.kit.yaml_positions import MAX_DEPTH, read


def only(text: str):
    """The one document of a text, which is fine."""
    reading = read(text, "f.yaml")
    assert reading.diagnostics == []
    (parsed,) = reading.documents
    return parsed


def faults(text: str) -> list[tuple[str, str, str]]:
    """Position, message and hint of everything that is wrong."""
    return [(str(d.position), d.message, d.hint) for d in read(text, "f.yaml").diagnostics]


def fault(text: str) -> tuple[str, str, str]:
    """The one thing that is wrong."""
    (found,) = faults(text)
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("10.0.0.0/16", "10.0.0.0/16"),
        ("2024-01-01", "2024-01-01"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("nobody", "nobody"),
        ("-x", "-x"),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value):
    result = only(f"a: {text}").body["a"]
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("012345678901", 'quote it: "012345678901"'),
        ("0755", 'quote it: "0755"'),
        (".inf", "quote it"),
        (".NaN", "quote it"),
        ("1e999", "quote it"),
        ("9" * 5000, "quote it"),
    ],
)
def test_a_number_that_would_lose_something_is_refused(text, hint):
    position, _, told = fault(f"a: {text}")
    assert position == "f.yaml:1:4"
    assert hint in told


def test_keys_are_always_text():
    assert only("80: a\ntrue: b\n1.5: c").body == {"80": "a", "true": "b", "1.5": "c"}


def test_empty_documents_are_passed_over():
    assert [p.body for p in read("---\n---\na: 1\n...\n---\n# nothing\n", "f").documents] == [{"a": 1}]
    assert read("", "f").documents == read("# only a comment\n", "f").documents == []


def test_positions_are_of_scalars_and_of_the_keys_of_the_rest():
    text = "# top\n---\na: 1\nb:\n  - x\n  - {c: \"y z\"}\n---\nd:\n  e: 'f'\n"
    first, second = (p.source for p in read(text, "f.yaml").documents)
    assert str(first.position(())) == "f.yaml:3:1"
    assert str(first.position(("a",))) == "f.yaml:3:4"
    assert str(first.position(("b",))) == "f.yaml:4:1"
    assert str(first.position(("b", 0))) == "f.yaml:5:5"
    assert str(first.position(("b", 1, "c"))) == "f.yaml:6:9"
    assert str(first.key_position(("b", 1, "c"))) == "f.yaml:6:6"
    assert str(second.position(("d", "e"))) == "f.yaml:9:6"
    assert second.position(("d", "e")).text == "  e: 'f'"


def test_what_is_not_there_is_where_its_nearest_parent_is():
    source = only("a:\n  b:\n    c: 1\n").source
    assert str(source.position(("a", "b", "nope"))) == "f.yaml:2:3"
    assert str(source.position(("nope",))) == "f.yaml:1:1"
    assert str(source.position(("a", "b", "c", "deeper"))) == "f.yaml:3:5"


def test_a_character_of_a_string_has_a_place():
    source = only(
        'plain: ab ${x}\nquoted: "cd ${y}"\nblock: |\n  one\n  two ${z}\nfolded: >\n  a ${b}\n'
    ).source
    assert str(source.within(("plain",), 3)) == "f.yaml:1:11"
    assert str(source.within(("quoted",), 3)) == "f.yaml:2:13"
    assert str(source.within(("block",), 8)) == "f.yaml:5:7"
    assert str(source.within(("folded",), 2)) == "f.yaml:6:9"


def test_lines_are_counted_as_editors_count_them():
    source = read("a: é€😀\r\nb: 1\r\n---\r\nc: 2\r\n", "f.yaml").documents[1].source
    assert str(source.position(("c",))) == "f.yaml:4:4"
    assert source.position(("c",)).text == "c: 2"


def test_everything_wrong_with_a_document_is_told_at_once():
    text = "a: 1\na: 2\nb: {c: 012, c: 1}\n<<: {x: 1}\n? [k]\n: v\n"
    messages = [message for _, message, _ in faults(text)]
    assert [m.split(" ")[0] for m in messages] == ["duplicate", "012", "duplicate", "YAML", "a"]


def test_reading_goes_on_at_the_next_document():
    reading = read("a: b: c\n---\nok: 1\n---\nx: {\n---\nok: 2\n", "f.yaml")
    assert [str(d.position) for d in reading.diagnostics] == ["f.yaml:1:5", "f.yaml:6:1"]
    assert [p.body for p in reading.documents] == [{"ok": 1}, {"ok": 2}]


@pytest.mark.parametrize(
    ("text", "position", "better"),
    [
        ("x: ${a ? b : c}", "1:4", 'x: "${a ? b : c}"'),
        ('x: ${m["a"] ? "b: c" : "d"}', "1:4", 'x: \'${m["a"] ? "b: c" : "d"}\''),
        ("x: {a: ${b.c}, d: 1}", "1:8", 'x: {a: "${b.c}", d: 1}'),
        ("spec:\n  - x: ${a ? b : c}", "2:8", '- x: "${a ? b : c}"'),
        ('y: 1\nx: ${{"a": 1}}', "2:4", "x: '${{\"a\": 1}}'"),
    ],
)
def test_an_unquoted_expression_that_breaks_yaml_is_shown_quoted(text, position, better):
    where, message, hint = fault(text)
    assert where == f"f.yaml:{position}"
    assert "must be quoted" in message
    assert hint == f"quote this: {better}"
    assert faults(better.removeprefix("- ")) == []


@pytest.mark.parametrize("text", ['a: {b: "${c.d}", e', 'a: "${b}" c', '- [x, "${y}"', "a: '${b}': c"])
def test_a_quoted_expression_is_not_blamed(text):
    assert all("must be quoted" not in message for _, message, _ in faults(text))


def test_an_unquoted_template_of_another_tool_is_shown_quoted():
    _, message, hint = fault("x: {{ .Values.name }}")
    assert "{{" in message
    assert hint == 'x: "{{ .Values.name }}"'


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("!Ref main", "${main.status.id}"),
        ("!Ref AWS::Region", "${params."),
        ("!GetAtt main.Arn", "${main.status.Arn}"),
        ("!GetAtt [main, Arn]", "${main.status.Arn}"),
        (
            '!Sub "a-${main}-${db.Endpoint.Port}-${AWS::Region}"',
            "a-${main.status.id}-${db.status.Endpoint.Port}-${params.region}",
        ),
        ("!Join ['', [a, b]]", "join"),
        ("!If [a, b, c]", "? a : b"),
        ("!ImportValue net-vpc", 'stack.outputs(\\"net-vpc\\")'),
        ("!FindInMap [a, b, c]", "params.map"),
        ("!Base64 text", "base64.encode"),
        ("!!str 12", 'write "12"'),
        ("!!python/object:os.system x", "remove it"),
        ("!Something x", "an expression"),
    ],
)
def test_a_tag_gets_the_expression_to_write(text, better):
    position, message, hint = fault(f"a: {text}")
    assert position == "f.yaml:1:4"
    assert "another tool's" in message or "not needed" in message
    assert better in hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\ta: 1", "a tab cannot indent"),
        ("a: 1\n b: 2", "a colon and a space"),
        ('a: "x', "ends inside a quoted text"),
        ("a: [1", "is not closed"),
        ("a: {b: 1", "is not closed"),
        ("a: @x", "cannot start with '@'"),
        ("a: %x", "cannot start with '%'"),
        ("a: *nope", "no anchor"),
        ("a: &x [*x]", "refers to what it stands in"),
        ("- a\nb: 1", "a list item"),
        ("x: - a", "cannot start here"),
        ("hello", "must be a map"),
        ("- 1", "must be a map"),
        ("a: \x01", "U+0001"),
        ("a: \x00", "U+0000"),
        ("a: \ud800", "U+D800"),
        ("key value\nother: 1", "a colon and a space"),
        ('a: "\\ud800"', "Unicode"),
        ("%YAML 9.0\n---\na: 1", "version"),
    ],
)
def test_broken_text_is_one_clear_message(text, message):
    position, told, _ = fault(text)
    assert message in told
    assert position.startswith("f.yaml:")


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: " + "[" * 200 + "]" * 200,
        "- " * 5_000 + "a",
        "\n".join(" " * depth + "a:" for depth in range(2_000)),
        "{" * 50_000,
    ],
)
def test_depth_is_limited_before_anything_recurses(text):
    _, message, _ = fault(text)
    assert str(MAX_DEPTH) in message


def test_many_flow_maps_are_not_deep():
    assert len(only("a:\n" + "  - {b: [1]}\n" * 5_000).body["a"]) == 5_000


def test_a_few_aliases_are_fine():
    assert only("a: &x {k: [1]}\nb: *x\nc: [*x, *x]").body["c"][1] == {"k": [1]}


def test_aliases_do_not_expand_without_bound():
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"{n}: &{n} [{','.join(['*' + p] * 10)}]" for p, n in zip("abcdefgh", "bcdefghi", strict=True)]
    _, message, _ = fault("\n".join(lines))
    assert "10,000" in message


PLAIN = st.text(
    st.characters(
        min_codepoint=32,
        max_codepoint=0x2FFF,
        exclude_characters="\x7f\x85\u2028\u2029",
        exclude_categories=("Cc", "Cs"),
    ),
    max_size=6,
)
DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(-1e300, 1e300), PLAIN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(PLAIN.filter(lambda k: k != "<<"), DATA, max_size=4), st.sampled_from((None, 1, 2)))
def test_json_is_yaml_and_every_value_has_its_place(data, indent):
    """The text at a scalar's position is the scalar."""
    parsed = only(json.dumps(data, ensure_ascii=False, indent=indent))
    assert parsed.body == data

    def walk(value, at):
        items = (
            value.items()
            if isinstance(value, dict)
            else enumerate(value)
            if isinstance(value, list)
            else None
        )
        if items is None:
            position = parsed.source.position(at)
            assert position.text[position.column - 1 :].startswith(json.dumps(value, ensure_ascii=False))
        for key, item in items or ():
            walk(item, (*at, key))

    walk(data, ())
