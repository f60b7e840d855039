"""Expressions keep types, name what they read, and say what is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from orchestrator.model.expression import (
    ExpressionError,
    Template,
    evaluate,
    parse,
    referable,
    templated,
    untemplated,
)
from orchestrator.model.values import UNKNOWN, Secret

NAMES = {
    "main": {"status": {"id": "vpc-1", "count": 5, "zones": ["a", {"name": "b"}], "none": None, "half": 0.5}},
    "web": {"a": {"status": {"id": "web-a"}}, "b": {"status": {"id": "web-b"}}},
    "resources": {"web-1": {"status": {"id": "w1"}}},
    "params": {"zones": {"b": 1, "a": 2, "c": 3}, "on": True, "size": "12x"},
    "late": {"status": {"id": UNKNOWN, "name": "n"}},
    "db": {
        "status": {
            "password": Secret("hush", "env:PW", "7"),
            "login": {"user": "u", "pw": Secret("x", "env:X")},
        }
    },
    "stack": {"name": "shop"},
}


def value(text: str, **names):
    """The value of a template over NAMES."""
    template = parse(text)
    assert isinstance(template, Template)
    return evaluate(
        template,
        {**NAMES, **names},
        secret=lambda reference: Secret("plain", reference, "v1"),
        outputs={"net": {"id": "net-1"}, "later": UNKNOWN}.__getitem__,
    )


def fault(text: str, **names) -> ExpressionError:
    """The error of a template over NAMES."""
    with pytest.raises(ExpressionError) as caught:
        value(text, **names)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${main.status.id}", "vpc-1"),
        ("${ main.status.count }", 5),
        ("${main.status.zones}", ["a", {"name": "b"}]),
        ('${main["status"].zones[1].name}', "b"),
        ("${params.on}", True),
        ("${main.status.none}", None),
        ('${web["a"].status.id}', "web-a"),
        ('${resources["web-1"].status.id}', "w1"),
        ("${main.status.count + 1}", 6),
        ('${main.status.id + "/x"}', "vpc-1/x"),
        ('${{"a": [1, 2.5, null, true], "b": {"c": "}"}}}', {"a": [1, 2.5, None, True], "b": {"c": "}"}}),
        ('${has(main.status.nope) ? main.status.nope : "default"}', "default"),
        ('${main.status.?nope.orValue("default")}', "default"),
        ('${main[?"nope"].?more.orValue(2)}', 2),
        ("${web.map(key, web[key].status.id)}", ["web-a", "web-b"]),
        ("${[3, 1].map(x, x * 2)}", [6, 2]),
        ("${cel.bind(x, main.status.count, x + x)}", 10),
        ('${stack.outputs("net").id + stack.name}', "net-1shop"),
        ('${stack.outputs("net")}', {"id": "net-1"}),
        ("${type(main.status.count) == int}", True),
        ("${base64.encode(bytes(main.status.id))}", "dnBjLTE="),
        ('${"%s-%d".format([main.status.id, main.status.count])}', "vpc-1-5"),
    ],
)
def test_a_whole_expression_keeps_the_type_of_its_value(text, expected):
    result = value(text)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id=${main.status.id}", "id=vpc-1"),
        ("${main.status.count}-${params.on}", "5-true"),
        ("half=${main.status.half}", "half=0.5"),
        ("big=${1e20}", "big=1e+20"),
        ("one=${1.0}", "one=1"),
        ("$${main.status.id}", "${main.status.id}"),
        ("a$${x}-${main.status.id}", "a${x}-vpc-1"),
        ("cost: 5$", "cost: 5$"),
        ('${"$" + "{"}', "${"),
        ("${main.status.id // a comment with }\n}.", "vpc-1."),
    ],
)
def test_text_around_an_expression_interpolates(text, expected):
    assert (value(text) if "${" in text else parse(text)) == expected


def test_loops_over_maps_run_in_the_order_of_keys_in_every_process():
    """CEL's own maps are ordered by a seed per process."""
    program = (
        "from orchestrator.model.expression import evaluate, parse\n"
        "zones = dict.fromkeys(['zeta', 'b', 'alpha', 'q', 'w', 'e', 'c'], 1)\n"
        "print(evaluate(parse('${zones.map(k, k)} '.strip()), {'zones': zones}))\n"
        "print(evaluate(parse('${{\"z\": zones.filter(k, k != \"b\").map(j, [j])}}'), {'zones': zones}))"
    )
    runs = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(3)
    }
    assert len(runs) == 1
    assert runs.pop().startswith("['alpha', 'b', 'c', 'e', 'q', 'w', 'zeta']")


def test_what_an_expression_reads_is_known_before_it_is_evaluated():
    text = '${[a.b[0], a["k"].c].map(x, x + y.z).size() + items[i.j].n + stack.outputs("net").id + secret("env:A")}'
    (expression,) = parse(text).expressions
    assert expression.paths == (("a", "b", 0), ("a", "k", "c"), ("i", "j"), ("items",), ("y", "z"))
    assert (expression.secrets, expression.outputs) == (("env:A",), ("net",))
    assert not expression.bare
    assert parse("${main.status.id}").expressions[0].bare


@pytest.mark.parametrize(
    "text",
    [
        "${late.status.id}",
        "${late.status}",
        "${late}",
        "${late.status.id.deeper}",
        "x-${late.status.id}",
        "${has(late.status.id)}",
        "${size(late.status)}",
        '${"id" in late.status}',
        "${params.on ? main.status.id : late.status.id}",
        "${late.map(k, k)}",
        "${late.status[stack.name]}",
        '${stack.outputs("later")}',
    ],
)
def test_whoever_reads_an_unknown_is_unknown(text):
    assert value(text) is UNKNOWN


def test_a_known_neighbour_of_an_unknown_is_known():
    assert value("${late.status.name + stack.name}") == "nshop"


def test_a_secret_passes_whole_and_taints_what_is_made_of_it():
    assert value("${db.status.password}") is NAMES["db"]["status"]["password"]
    assert value('${secret("env:A")}') == Secret("", "env:A", "v1")
    made = value("user:${db.status.password}@${main.status.id}")
    assert isinstance(made, Secret)
    assert made.value == "user:hush@vpc-1"
    assert made.version
    assert "hush" not in made.version + made.reference


def test_a_change_of_anything_that_a_secret_is_made_of_is_a_change_of_it():
    text = "user:${db.status.password}@${host}"
    assert value(text, host="a") == value(text, host="a")
    assert value(text, host="a") != value(text, host="b")
    rotated = {"status": {"password": Secret("hush", "env:PW", "8")}}
    assert value(text, host="a") != value(text, host="a", db=rotated)


def test_a_secret_without_a_version_makes_one_without_a_version():
    made = value("${db.status.login}")
    assert isinstance(made, Secret)
    assert (made.value, made.version) == ({"user": "u", "pw": "x"}, "")


def test_below_and_about_a_secret_everything_is_secret():
    vault = {"vault": Secret({"key": "k"}, "vault:x", "1")}
    assert isinstance(value("${vault.key}", **vault), Secret)
    assert isinstance(value("${has(vault.nope)}", **vault), Secret)
    assert isinstance(value("${size(vault)}", **vault), Secret)


def test_an_error_about_a_secret_does_not_tell_it():
    for text in (
        "${int(db.status.password)}",
        "${params.zones[db.status.password]}",
        "${db.status.password.keyy}",
    ):
        error = fault(text)
        assert "hush" not in f"{error.message} {error.hint}"
    error = fault("${vault.nope}", vault=Secret({"inside": 1}, "vault:x"))
    assert "inside" not in f"{error.message} {error.hint}"


@pytest.mark.parametrize(
    ("text", "message", "hint", "offset"),
    [
        ("${}", "the expression is empty", "$${", 0),
        ("x ${a.b", "does not end", "$${", 2),
        ('${a + "b}', "not closed", "close", 6),
        ("${a.b +}", "ends too early", "", 7),
        ("ab ${a b}", "unexpected 'b'", "", 7),
        ("${AWS::Region}", "not CEL", "params.region", 0),
        ("${var.region}", "not CEL", "${params.region}", 0),
        ("${NAME:-x}", "not CEL", "default", 0),
        ("${{ main.status.id }}", "not CEL", "${main.status.id}", 0),
        ("${upper(a.b)}", "no function upper()", "upperAscii", 7),
        ("${a.mapp(x, x)}", "no function mapp()", "'map'", 8),
        ("${a.map(x)}", "used wrongly", "map(x, …)", 7),
        ('${"a" + 1}', "+ does not work on a string and an integer", "string(", 6),
        ('${a = "b"}', "unexpected '='", "==", 4),
        ("${a and b}", "unexpected 'and'", "&&", 4),
        ("${secret(a.b)}", "one literal string", 'secret("…")', 2),
        ('${stack.outputs("a" + "b")}', "one literal string", "stack.outputs", 2),
        ("${import.status.id}", "import is a reserved word", 'resources["import"].status.id', 2),
        ("${map.status.id}", "map is a reserved word", 'resources["map"].status.id', 2),
        ('${"x\0y" + a}', "NUL", "", 2),
        ("${a.in}", "unexpected", '["in"]', 4),
        ("${" + "(" * 40 + "1" + ")" * 40 + "}", "nested too deeply", "", 2),
    ],
)
def test_what_cannot_be_parsed_says_where_and_what_to_write(text, message, hint, offset):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("${main.status.idd}", "main.status has no 'idd'", "'id'"),
        ('${main.status.idd + "x"}', "main.status has no 'idd'", "'id'"),
        ("${mian.status}", "there is no 'mian'", "'main'"),
        ("${has(mian.status)}", "there is no 'mian'", "'main'"),
        ("${main.status.zones[7]}", "has 2 items", ""),
        ("${main.status.id.x}", "is a string", ""),
        ("n=${main.status.none}", "null cannot stand inside text", "orValue"),
        ("n=${main.status.zones}", "a list cannot stand inside text", "join"),
        ("${main.status.count / 0}", "divide by zero", ""),
        ('${main.status.count + "a"}', "an integer and a string", "string("),
        ("${main.status.id ? 1 : 2}", "true or false", "=="),
        ("${main.status.count.map(x, x)}", "a loop runs over", ""),
        ("${main.?status}", "optional", "orValue"),
        ("${[main.?status]}", "optional", "orValue"),
        ('${timestamp("2020-01-01T00:00:00Z")}', "a timestamp", "string("),
        ("${{1: 2}}", "keys that are not strings", "string(key)"),
        ("${int(params.size)}", "cannot convert", ""),
        ("${huge + 1}", "64 bits", ""),
        ("${[cut]}", "NUL", ""),
        ("${[broken]}", "NUL", ""),
    ],
)
def test_what_cannot_be_evaluated_says_what_is_there_instead(text, message, hint):
    error = fault(text, huge=2**63, cut={"a": "x\0y"}, broken={"k\ud800": 1})
    assert message in error.message
    assert hint in error.hint


def test_a_large_integer_passes_where_nothing_is_computed():
    assert value("${huge}", huge=2**70) == 2**70


def test_a_string_without_an_expression_is_itself():
    text = "plain $ text"
    assert parse(text) is text


def test_templated_leaves_untouched_data_as_the_same_object():
    plain = {"a": [1, {"b": "c"}]}
    assert templated(plain) is plain
    mixed = {"a": "${main.status.id}", "b": plain}
    changed = templated(mixed)
    assert isinstance(changed["a"], Template)
    assert changed["b"] is plain
    assert untemplated(changed) == mixed


def test_templated_collects_faults_with_their_paths():
    faults = []
    templated({"a": ["${", "${x.y}"], "b": "${}"}, faults)
    assert [path for path, _ in faults] == [("a", 0), ("b",)]


def test_names_that_cannot_stand_bare_are_known():
    assert [n for n in ("web", "web-1", "map", "import", "params", "1a", "in") if referable(n)] == ["web"]


def test_a_plan_without_computing_expressions_never_loads_the_engine():
    program = (
        "import sys\n"
        "from orchestrator.model.expression import evaluate, parse\n"
        "evaluate(parse('a-${m.x}'), {'m': {'x': 1}})\n"
        "print('cel_expr_python' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
