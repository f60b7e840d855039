"""JSON results have the shapes that are published."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from orchestrator.bootstrap.backends import backend_settings
from orchestrator.bootstrap.ciphers import key_sources

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
FILE = """\
apiVersion: opsctl.dev/v1
kind: Resource
type: Local::File
metadata: {name: letter, labels: {app: shop}}
spec: {path: letter.txt, content: "%s"}
"""


def fits(document) -> None:
    """Raises where a document does not fit the schema of its kind."""
    schema = json.loads((FOLDER / f"{document['kind']}.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda p: p.name)
def test_schemas_are_schemas(path):
    """Each file is a valid JSON Schema."""
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


@pytest.mark.parametrize("name", ["plan.json"])
def test_a_plan_with_everything_fits(name):
    """The golden plan, in which everything occurs, fits."""
    fits(json.loads((Path(__file__).parents[1] / "golden" / name).read_text()))


def test_every_command_keeps_its_shape(stack):
    """From a first plan to drift and an error: each document fits."""
    stack.write(
        "opsctl.yaml",
        (stack.folder / "opsctl.yaml").read_text() + 'outputs: {path: "${letter.status.path}", n: 1}\n',
    )
    stack.write("letter.yaml", FILE % "one")
    stack.values(a='"${letter.status.sha256}"')
    fits(stack.run("validate", "--output", "json").json)
    fits(stack.run("plan", "--output", "json").json)
    fits(stack.run("apply", "--auto-approve", "--output", "json").json)
    fits(stack.run("plan", "--output", "json").json)
    fits(stack.run("show", "--output", "json").json)
    fits(stack.run("state", "list", "--output", "json").json)
    fits(stack.run("output", "--output", "json").json)
    (stack.folder / "letter.txt").write_text("changed")
    fits(stack.run("drift", "--output", "json").json)
    fits(stack.run("destroy", "--auto-approve", "--output", "json").json)
    stack.write("letter.yaml", "kind: [")
    fits(stack.run("plan", "--output", "json").json)


def test_the_schema_of_documents_accepts_what_plan_accepts(stack):
    """``opsctl schema`` fits resources that are right, and refuses a property that does not exist."""
    schema = stack.run("schema").json
    checker = jsonschema.Draft202012Validator(schema)
    checker.check_schema(schema)
    right = {
        "apiVersion": "opsctl.dev/v1",
        "kind": "Resource",
        "type": "Local::File",
        "metadata": {"name": "x"},
        "spec": {"path": "x", "content": "${a.status.value}"},
    }
    assert not list(checker.iter_errors(right))
    assert list(checker.iter_errors({**right, "spec": {"path": "x", "contents": ""}}))
    assert list(checker.iter_errors({**right, "type": "Local::Fil"}))


def test_the_schema_of_one_type(stack):
    """An unknown type is answered with the nearest."""
    schema = stack.run("schema", "Local::File").json
    assert schema["required"] == ["content", "path"]
    assert "did you mean 'Local::File'?" in stack.run("schema", "Local::Fil").err


def test_types_and_providers(stack):
    """What is installed, in text and JSON."""
    assert "Local::Value" in stack.run("types", "local").out
    assert {t["type"] for t in stack.run("types", "local", "--output", "json").json["types"]} >= {
        "Local::File"
    }
    assert "did you mean 'local'?" in stack.run("types", "locl").err
    families = {p["family"] for p in stack.run("providers", "--output", "json").json["providers"]}
    assert families >= {"aws", "azure", "local", "openstack"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("state", ['default "sqlite"', "postgresql", "backend: s3", "opsctl explain state."]),
        ("state.s3", ["bucket", "required", "secretAccessKey", "lease", "bucket: my-states"]),
        ("state.postgresql.timeout", ["state.postgresql.timeout", 'default "40s"', "for one statement"]),
        ("state.lease", ['default "30s"']),
        ("encryption", ["fallback", "aws-kms", "passphrase: env:OPSCTL_PASSPHRASE"]),
        ("encryption.aws-kms", ["keyId", "needs: kms:"]),
        ("encryption.passphrase", ["string", "secret", "key: {passphrase:"]),
    ],
)
def test_explain_shows_the_sections_of_the_stack_file(stack, name, said):
    """Their keys, what each takes, the backends and key sources that are installed, an example; as for a type."""
    out = stack.run("explain", name).out
    assert [word for word in said if word not in out] == []


def test_every_backend_and_every_key_is_explained_with_an_example_that_can_be_written(stack):
    """Of a backend, each key of the example is one of its settings."""
    for name, settings in backend_settings().items():
        assert settings.properties, name
        out = stack.run("explain", f"state.{name}").out
        example = yaml.safe_load(out[out.index("example\n") + 8 :])["state"]
        assert set(example) - {"backend"} <= set(settings.properties)
        assert example["backend"] == name
        assert "known: " in stack.run("explain", f"state.{name}.nonsense-at-all").err
    for source in key_sources():
        out = stack.run("explain", f"encryption.{source.name}").out
        example = yaml.safe_load(out[out.index("example\n") + 8 :].partition("\n\n")[0])
        assert list(example["encryption"]["key"]) == [source.name]
    assert "did you mean 'bucket'?" in stack.run("explain", "state.s3.buckt").err
    assert "did you mean 's3'?" in stack.run("explain", "state.s33").err


def test_explain(stack):
    """A type, a property, and the nearest name of one that does not exist."""
    assert "required, a change replaces the resource" in stack.run("explain", "Local::File").out
    assert "matches" in stack.run("explain", "Local::File.mode").out
    assert "kept by an update" in stack.run("explain", "Local::File.status.path").out
    assert "did you mean 'content'?" in stack.run("explain", "Local::File.contnt").err
    assert "did you mean 'Local::File'?" in stack.run("explain", "Local::Fil").err
    assert stack.run("explain", "Microsoft.Compute/disks").code == 0
