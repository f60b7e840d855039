"""The published schema of what policies see: every input fits it, and Rego is checked by it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import bootstrap
from orchestrator.adapters.policy_tests import check
from orchestrator.cli.running import run
from orchestrator.model.change import Action, Change, PropertyChange
from orchestrator.model.policy_input import policy_input
from orchestrator.model.policy_schema import input_schema, stage_schemas
from orchestrator.model.resource import Desired, Mode
from orchestrator.model.schema import Property
from orchestrator.model.values import UNKNOWN, Secret
from orchestrator.model.verdict import Bundle, Stage

DOCS = Path(__file__).parents[2] / "docs" / "schemas" / "policy-input"
HEAD = """# METADATA
# title: T
# description: D
# custom: {severity: low%s}
%spackage opsctl.t

import rego.v1

"""
DECLARED = "# schemas:\n# - input: schema.plan\n"
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.just(UNKNOWN)
    | st.just(Secret("hunter2", "env:S")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
specs = st.dictionaries(st.text(max_size=3), values, max_size=4)
paths = st.lists(st.text(max_size=3) | st.integers(0, 3), min_size=1, max_size=3).map(tuple)
labels = st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)
changes = st.builds(
    Change,
    st.text(min_size=1, max_size=4),
    st.sampled_from(["OS::Nova::Server", "Local::Value"]),
    st.just("cloud"),
    st.sampled_from(Action),
    before=st.none() | specs,
    after=st.none() | specs,
    properties=st.lists(
        st.builds(PropertyChange, paths, st.none(), st.none(), replaces=st.booleans()), max_size=2
    ).map(tuple),
    labels=labels,
    create_first=st.booleans(),
    deposed=st.sampled_from(["", "d1"]),
    moved_from=st.none() | st.just("old"),
    file=st.sampled_from(["", "a.yaml"]),
    line=st.integers(0, 99),
)
resources = st.builds(
    Desired,
    st.text(min_size=1, max_size=4),
    st.just("Local::Value"),
    st.just("local"),
    specs,
    mode=st.sampled_from([m for m in Mode if m is not Mode.EMPTY]),
    labels=labels,
)


def fits(document, schema):
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(document)))


@given(
    st.sampled_from([s for s in Stage if s is not Stage.SPEC]),
    st.lists(changes, max_size=3),
    st.lists(resources, max_size=2),
    specs,
)
def test_whatever_is_planned_fits(stage, planned, desired, params):
    """Any changes and resources, with unknown and secret values anywhere: the schema of the stage and that of all."""
    about = {"name": "shop", "id": "shop-1", "environment": "", "providers": {"aws": {"region": None}}}
    document = policy_input(
        stage=stage, stack=about, params=params, changes=planned, resources=desired, now=1.5e9
    )
    fits(document, input_schema(stage))
    fits(document, input_schema())


def test_every_schema_is_one():
    """They are JSON Schema themselves, those of all types too."""
    published = bootstrap.policy_schemas()
    for name in published.names():
        jsonschema.Draft202012Validator.check_schema(published.named(name))


def test_what_is_published_is_what_the_code_says():
    """docs/schemas/policy-input holds the same files as `opsctl policy schema --out`."""
    assert {p.stem: json.loads(p.read_text("utf-8")) for p in DOCS.glob("*.json")} == stage_schemas()


def test_a_types_schema_takes_what_a_plan_holds():
    """Nothing is required, a secret may stand for an object, an item may be unknown; a name that is none is refused."""
    inner = Property("object", properties={"key": Property("string"), "on": Property("boolean")})
    spec = Property(
        "object",
        properties={
            "size": Property("integer", required=True),
            "rules": Property("array", items=inner),
            "tags": Property("object", additional=Property("string")),
        },
    )
    schema = input_schema(Stage.PLAN, "Test::Thing", spec)

    def document(after):
        change = Change("a", "Test::Thing", "test", Action.CREATE, after=after)
        about = {"name": "s", "id": "s", "environment": "", "providers": {}}
        return policy_input(stage=Stage.PLAN, stack=about, params={}, changes=[change])

    secret = Secret("x", "env:X")
    for after in (None, {}, {"rules": [UNKNOWN, {"on": secret}]}, {"rules": secret, "size": UNKNOWN}):
        fits(document(after), schema)
    fits(document({"tags": {"any": "thing"}}), schema)
    for after in ({"siz": 1}, {"rules": [{"kee": "x"}]}, {"size": True}):
        with pytest.raises(jsonschema.ValidationError):
            fits(document(after), schema)


def found_in(body, declared="", stages=""):
    bundle = Bundle({"t.rego": HEAD % (stages, declared) + body})
    return [
        (str(d.severity), d.message, d.hint, d.position.line)
        for d in check(bundle, bootstrap.policy_schemas())
    ]


@pytest.mark.parametrize(
    ("body", "said", "hint"),
    [
        ("input.resource_chnges[_].x", "no input has 'resource_chnges' here", "did you mean 'resource_changes'?"),
        ("some c in input.resource_changes\n\tc.chang.after", "no input has 'chang' here", "did you mean 'change'?"),
        ("c := input.resource_changes[_]\n\tc.change.aftr", "no input has 'aftr' here", "did you mean 'after'?"),
        ("every r in input.resources { r.spek }", "no input has 'spek' here", "did you mean 'spec'?"),
        ("x := [r | some r in input.resources; r.lables]\n\tx", "no input has 'lables' here", "'labels'?"),
        ('input["stack"].nam', "no input has 'nam' here", "did you mean 'name'?"),
        ("input.summary.destroy", "no input has 'destroy' here", "there are adopt, create"),
        ("input.resource_changes.type", "'type' is asked of a list", "write [_] before it"),
        ("input.stage.name", "'name' is asked of a string, which has no names", ""),
        ("c := input.resource_changes[_].change\n\tx := c.after.size.y\n\tx\n\tc.befor", "no input has 'befor' here", ""),
    ],
)  # fmt: skip
def test_a_path_that_no_input_has_is_found(body, said, hint):
    """With the nearest name; an error where the metadata names a schema, as for OPA, and a warning elsewhere."""
    rule = f'deny contains "x" if {{\n\t{body}\n}}\n'
    (plain,) = found_in(rule)
    (declared,) = found_in(rule, DECLARED)
    assert (plain[0], declared[0]) == ("warning", "error")
    assert plain[1] == declared[1] == said
    assert hint in declared[2]


@pytest.mark.parametrize(
    "body",
    [
        "some c in input.resource_changes\n\tc.change.after.any.thing[0].goes == 1",
        "input.params.whatever.there.is",
        "input.stack.providers[name].region == name",
        "some name, n in input.summary\n\tn > 3\n\tname",
        "some c in input.resource_changes\n\tc.labels.owner == c.previous_address",
        "count([c | some c in input.resource_changes; c.change]) > count([c | some c in input.resources; c.spec])",
        "input.anything.at.all with input as {}",
    ],
)
def test_a_path_that_may_be_there_is_not(body):
    """Free maps, and what cannot be followed, are left alone."""
    assert found_in(f'deny contains "x" if {{\n\t{body}\n}}\n', DECLARED) == []


def test_a_types_schema_knows_its_properties():
    """A rule about one type is held to that type's properties, in changes and in resources."""
    head = "# schemas:\n# - input: schema.types.os_nova_server\n"
    rule = (
        'deny contains "x" if {\n\tsome c in input.resource_changes\n\tc.change.after.%s == "m1.small"\n}\n'
    )
    assert found_in(rule % "flavor", head) == []
    ((severity, message, hint, line),) = found_in(rule % "flavour", head)
    assert (severity, message, hint, line) == (
        "error",
        "no input has 'flavour' here",
        "did you mean 'flavor'?",
        13,
    )
    ((_, message, hint, line),) = found_in('deny contains "x"\n', head.replace("nova_server", "nova_servr"))
    assert (message, line) == ("no schema is called schema.types.os_nova_servr", 6)
    assert hint == "did you mean 'schema.types.os_nova_server'?"


def test_the_stage_decides_without_a_schema():
    """A package that is not ours is left alone where it does not ask; metadata that is no list of maps is told."""
    bundle = Bundle(
        {"m.rego": 'package main\n\nimport rego.v1\n\ndeny contains "x" if input.kind == "Pod"\n'}
    )
    assert [d for d in check(bundle, bootstrap.policy_schemas()) if "no input" in d.message] == []
    ((severity, message, *_), *_) = found_in('deny contains "x"\n', "# schemas: [plan]\n")
    assert (severity, "schemas: a list of maps was expected" in message) == ("error", True)


def opa_check(opa_binary, schemas, *folders):
    arguments = [opa_binary, "check", "--schema", str(schemas), *map(str, folders)]
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


@pytest.mark.server
def test_a_real_opa_checks_by_our_schemas(opa_binary, shipped, tmp_path, monkeypatch):
    """`opa check --schema` takes the policies that ship and what `policy new` writes, and finds what we find."""
    monkeypatch.chdir(tmp_path)
    assert run(["policy", "schema", "--out", "schemas", "--type", "OS::*"], {}) == 0
    assert run(["policy", "new", "owners", "--type", "OS::Nova::Server"], {}) == 0
    for folder in (shipped, tmp_path / "policies"):
        ran = opa_check(opa_binary, tmp_path / "schemas", folder)
        assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.server
@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ("plan", "input.resource_chnges"),
        ("plan", "input.resource_changes[_].change.aftr"),
        ("spec", "input.resources[_].spek"),
        ("types.os_nova_server", "input.resource_changes[_].change.after.flavour"),
    ],
)
def test_a_real_opa_finds_the_same(opa_binary, tmp_path, monkeypatch, schema, body):
    """A path that we call an error is one for `opa check --schema` too."""
    monkeypatch.chdir(tmp_path)
    assert run(["policy", "schema", "--out", "schemas", "--type", "OS::Nova::Server"], {}) == 0
    text = HEAD % ("", f"# schemas:\n# - input: schema.{schema}\n") + f'deny contains "x" if {body}\n'
    (tmp_path / "t.rego").write_text(text)
    ran = opa_check(opa_binary, tmp_path / "schemas", tmp_path / "t.rego")
    assert "undefined ref" in ran.stderr
    assert [d.severity for d in check(Bundle({"t.rego": text}), bootstrap.policy_schemas())] == ["error"]
