"""The stack file, its parameters, and what an environment changes."""

from __future__ import annotations

import pytest

from orchestrator.model.expression import Template
from orchestrator.model.values import Secret
from orchestrator.stages.load import load

PARAMS = """\
params:
  region: {type: string, default: us-east-1}
  size: {type: integer, minimum: 1, default: 2}
  zones: {type: map, default: {a: {cidr: 10.0.1.0/24}}}
  on: {type: boolean, default: false}
  ratio: {type: number, default: 0.5}
  names: {type: array, items: {type: string}, default: []}
  tier: {enum: [dev, prod], default: dev}
  box: {type: object, properties: {w: {type: integer, default: 3}, h: {type: integer}}, default: {h: 1}}
  key: {type: string, sensitive: true}
"""
MAIN = (
    "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\n"
    "metadata: {name: main, labels: {app: shop}}\nspec: {value: {size: 1, list: [a, b]}, other: x}\n"
)


def told(loaded) -> list[tuple[str, str, str]]:
    """Place, message and hint of each diagnostic."""
    return [(str(d.position or ""), d.message, d.hint) for d in loaded.diagnostics]


def environment(text: str) -> str:
    return "apiVersion: opsctl.dev/v1\nkind: Environment\n" + text


def test_a_stack_is_what_its_file_says(write):
    folder = write(
        "requiredVersion: '>=0.1, <99'\n"
        'providers:\n  aws: {region: "${params.region}"}\n  aws.eu: {region: eu-west-1}\n  local:\n'
        'state: {backend: s3, bucket: "${stack.name}-state"}\n'
        "policy: {bundles: [baseline], data: {sizes: [small]}}\n"
        "params: {region: {default: us-east-1}}\n"
        "env: [HOME]\n"
        'outputs: {url: "http://${web.status.ip}", key: {value: "${k.status.id}", sensitive: true}}\n'
    )
    stack = load(folder).stack
    assert (stack.name, stack.id, stack.environment) == ("shop", "shop", "")
    assert stack.providers == {"aws": {"region": "us-east-1"}, "aws.eu": {"region": "eu-west-1"}, "local": {}}
    assert stack.state == {"backend": "s3", "bucket": "shop-state"}
    assert stack.policy == {"bundles": ["baseline"], "data": {"sizes": ["small"]}}
    assert stack.env == ("HOME",)
    assert isinstance(stack.outputs["url"].value, Template)
    assert stack.outputs["key"].sensitive


def test_state_is_a_file_here_unless_said_otherwise(write):
    assert load(write()).stack.state == {"backend": "sqlite"}


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("provider: {}\n", "4:1", "unknown property provider", "'providers'"),
        ("providers: {AWS: {}}\n", "4:13", "no name for a provider", "aws.eu"),
        ("providers: {aws: 1}\n", "4:18", "must be an object or null", ""),
        (
            'providers: {aws: {region: "${params.regoin}"}}\nparams: {region: {default: x}}\n',
            "4:30",
            "no 'regoin'",
            "'region'",
        ),
        (
            "providers: {aws: {key: '${secret(\"env:X\")}'}}\n",
            "4:27",
            "cannot be used here",
            "params, env and stack",
        ),
        ("requiredVersion: '>=99'\n", "4:18", "requires opsctl >=99", "install"),
        ("requiredVersion: new\n", "4:18", "cannot be read", ">=0.1"),
        ("env: [A B]\n", "4:7", "no name of an environment variable", ""),
        ("policy: {server: localhost}\n", "4:18", "policy.server is 'localhost'", "OPA"),
        ("params: {a-b: {default: 1}}\n", "4:10", "no name for a parameter", "params.name"),
        ("params: {a: {type: integer, default: x}}\n", "4:38", "must be an integer, not a string", ""),
        ("params: {a: {type: itneger, default: 1}}\n", "4:20", "there is no type 'itneger'", "'integer'"),
        ("params: {a: {typ: integer, default: 1}}\n", "4:14", "unknown property params.a.typ", "'type'"),
        ('params: {a: {default: "${env.X}"}}\n', "4:23", "cannot be an expression", ""),
        ("params: {a: {type: string}}\n", "4:10", "parameter a has no value", "-p a=…"),
        ('outputs: {a: "${x +}"}\n', "4:20", "ends too early", ""),
        ('outputs: {a: "${env.X}"}\n', "4:17", "env.X is not among", "add it"),
    ],
)
def test_a_mistake_in_the_stack_file_is_shown_at_its_place(write, text, place, message, hint):
    (found,) = told(load(write(text)))
    assert found[0] == f"opsctl.yaml:{place}"
    assert message in found[1]
    assert hint in found[2]


def test_values_of_the_command_line_are_read_by_their_types(write):
    given = {
        "region": "12",
        "size": "7",
        "zones": '{"b": 1}',
        "on": "true",
        "ratio": "1.5",
        "names": '["x"]',
        "tier": "prod",
        "key": "hush",
    }
    loaded = load(write(PARAMS), params=given)
    assert told(loaded) == []
    assert loaded.stack.values == {
        "region": "12",
        "size": 7,
        "zones": {"b": 1},
        "on": True,
        "ratio": 1.5,
        "names": ["x"],
        "tier": "prod",
        "box": {"h": 1, "w": 3},
        "key": Secret("hush", "params.key"),
    }
    assert loaded.stack.values["key"].value == "hush"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("size", "12x", "params.size: '12x' is not an integer"),
        ("size", "1.0", "is not an integer"),
        ("size", "007", "is not an integer"),
        ("size", "", "is not an integer"),
        ("size", "0", "params.size is 0, which is less than 1"),
        ("on", "yes", "params.on: 'yes' is not true or false"),
        ("on", "False", "is not true or false"),
        ("ratio", "nan", "is not a number"),
        ("ratio", "1,5", "is not a number"),
        ("zones", "[1]", "is not a map as JSON"),
        ("zones", "{a: 1}", "is not a map as JSON"),
        ("names", "a,b", "is not a list as JSON"),
        ("names", "[1]", "params.names[0] must be a string"),
        ("tier", "prd", "not one of: dev, prod"),
        ("box", '{"w": "3"}', "params.box.w must be an integer"),
        ("region", "\udcff", "not UTF-8"),
        ("regoin", "x", "there is no parameter 'regoin'"),
    ],
)
def test_a_value_that_does_not_fit_is_never_coerced(write, name, text, message):
    (found,) = told(load(write(PARAMS), params={"key": "k", name: text}))
    assert message in found[1]
    if name == "regoin":
        assert "'region'" in found[2]


def test_a_sensitive_value_is_in_no_message(write):
    loaded = load(write("params: {key: {type: integer, sensitive: true}}\n"), params={"key": "hush"})
    ((_, message, hint),) = told(loaded)
    assert "hush" not in message + hint


def test_a_sensitive_default_in_the_file_is_a_warning(write):
    loaded = load(write("params: {key: {sensitive: true, default: hush}}\n"))
    assert [d.severity.value for d in loaded.diagnostics] == ["warning"]
    assert "hush" not in repr(loaded.stack.values)


def test_a_sensitive_parameter_does_not_reach_settings(write):
    text = 'params: {key: {sensitive: true}}\nproviders: {aws: {secret: "${params.key}"}}\n'
    ((place, message, _),) = told(load(write(text), params={"key": "hush"}))
    assert place == "opsctl.yaml:5:27"
    assert "sensitive" in message


def test_an_environment_gives_values_providers_and_an_id(write):
    folder = write(
        PARAMS + "providers: {aws: {region: a, expectAccount: '1'}, local: {}}\n",
        environments__prod=environment("params: {size: 9, key: k}\nproviders: {aws: {expectAccount: '2'}}\n"),
    )
    loaded = load(folder, environment="prod", params={"region": "r"})
    assert told(loaded) == []
    stack = loaded.stack
    assert (stack.id, stack.environment) == ("shop-prod", "prod")
    assert stack.providers["aws"] == {"region": "a", "expectAccount": "2"}
    assert (stack.values["size"], stack.values["region"]) == (9, "r")


def test_the_command_line_wins_over_the_environment(write):
    folder = write(PARAMS, environments__prod=environment("params: {size: 9, key: k}\n"))
    assert load(folder, environment="prod", params={"size": "4"}).stack.values["size"] == 4


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("params: {sise: 1}\n", "3:10", "there is no parameter 'sise'", "'size'"),
        ("params: {size: '9'}\n", "3:16", "must be an integer, not a string", "without quotes"),
        ("param: {}\n", "3:1", "unknown property param", "'params'"),
        ("patches: [{target: mian, merge: {}}]\n", "3:20", "no document 'mian'", "'main'"),
        ("patches: [{merge: {}}]\n", "3:10", "target is required", ""),
        ("patches: [{target: main, merge: {sepc: {}}}]\n", "3:34", "unknown property sepc", "'spec'"),
        ('patches: [{target: main, merge: {spec: {a: "${b +}"}}}]\n', "3:50", "ends too early", ""),
        ("patches: [{target: main, ops: [{op: ad, path: /a}]}]\n", "3:32", "no operation 'ad'", ""),
        ("patches: [{target: main, ops: [{op: add, path: a, value: 1}]}]\n", "3:32", "must start with /", ""),
        (
            "patches: [{target: main, ops: [{op: replace, path: /spec/no, value: 1}]}]\n",
            "3:32",
            "nothing at /spec/no",
            "",
        ),
        (
            "patches: [{target: main, ops: [{op: test, path: /spec/other, value: 1}]}]\n",
            "3:32",
            "not what the test says",
            "",
        ),
    ],
)
def test_a_mistake_in_an_environment_is_shown_there(write, text, place, message, hint):
    folder = write(
        "params: {size: {type: integer, default: 1}}\n", main=MAIN, environments__prod=environment(text)
    )
    found = told(load(folder, environment="prod"))
    assert [where for where, _, _ in found] == [f"environments/prod.yaml:{place}"] or place == "3:10"
    assert any(message in what and hint in how for _, what, how in found)


def test_patches_merge_by_name_and_know_where_they_were_written(write):
    patches = (
        "patches:\n"
        "  - target: main\n"
        "    merge: {metadata: {labels: {env: prod}}, spec: {value: {size: 5, list: [c]}, other: null}}\n"
        "    ops:\n"
        "      - {op: test, path: /spec/value/size, value: 5}\n"
        "      - {op: add, path: /spec/value/list/-, value: d}\n"
        "      - {op: add, path: /spec/value/list/0, value: b}\n"
        "      - {op: remove, path: /metadata/labels/app}\n"
        "      - {op: replace, path: /metadata/labels/env, value: live}\n"
    )
    folder = write(main=MAIN, environments__prod=environment(patches))
    loaded = load(folder, environment="prod")
    assert told(loaded) == []
    (document,) = loaded.documents
    assert document.body["spec"] == {"value": {"size": 5, "list": ["b", "c", "d"]}}
    assert document.body["metadata"]["labels"] == {"env": "live"}
    assert str(document.position("spec", "value", "size")) == "environments/prod.yaml:5:67"
    assert str(document.position("spec")) == "main.yaml:5:1"
    assert load(folder).documents[0].body["spec"]["other"] == "x"


def test_an_environment_that_is_not_there_is_named_with_those_that_are(write):
    folder = write(environments__prod=environment(""), environments__staging=environment(""))
    assert told(load(folder, environment="prd")) == [
        ("", "there is no environment 'prd'", "did you mean 'prod'?")
    ]
    assert told(load(folder, environment="qa"))[0][2] == "there are: prod, staging"
    assert told(load(folder, environment="../opsctl"))[0][1] == "there is no environment '../opsctl'"


def test_a_file_that_cannot_be_read_is_not_told_twice_by_a_patch(write):
    patches = environment("patches: [{target: main, merge: {spec: {}}}]\n")
    loaded = load(write(main="a: b: c\n", environments__prod=patches), environment="prod")
    assert [str(d.position) for d in loaded.diagnostics] == ["main.yaml:1:5"]
