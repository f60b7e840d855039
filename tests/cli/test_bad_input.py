"""Whatever is wrong with the user's files: one clear message with its place, exit code 1, and nothing touched."""

from __future__ import annotations

from pathlib import Path

import pytest

STACK = "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: shop, id: shop-1}\n"
HEAD = "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\nmetadata: {name: a}\n"
FILE = HEAD.replace("Value", "File")


def other(name: str, spec: str) -> str:
    """A second resource."""
    return f"---\n{HEAD.replace('name: a', f'name: {name}')}spec: {spec}\n"


RESOURCES = {
    "not YAML": ("a: [1, 2\nb: }\n", "a.yaml:1:4", "close it with ]"),
    "no map": ("hello\n", "a.yaml:1:1", "a document must be a map"),
    "a tab": ("a:\n\tb: 1\n", "a.yaml:2:1", "use spaces"),
    "unknown kind": (
        HEAD.replace("Resource", "Resouce") + "spec: {}\n",
        "a.yaml:2:7",
        "did you mean 'Resource'?",
    ),
    "unknown type": (
        HEAD.replace("Value", "Valu") + "spec: {}\n",
        "a.yaml:3:7",
        "did you mean 'Local::Value'?",
    ),
    "unknown property": (HEAD + "spec:\n  valu: 1\n", "a.yaml:6", "did you mean 'value'?"),
    "duplicate names": (HEAD + "spec: {value: 1}\n" + other("a", "{value: 2}"), "a.yaml:10", "a.yaml:4"),
    "duplicate keys": (HEAD + "spec: {value: 1}\nspec: {value: 2}\n", "a.yaml:6:1", "duplicate key 'spec'"),
    "a cycle": (
        HEAD + 'spec: {value: "${b.status.value}"}\n' + other("b", '{value: "${a.status.value}"}'),
        "a.yaml:4",
        "a (a.yaml:4) -> b (a.yaml:10) -> a (a.yaml:4)",
    ),
    "a missing name": (
        HEAD + 'spec: {value: "${bb.status.value}"}\n' + other("b", "{value: 1}"),
        "a.yaml:5:15",
        "did you mean 'b'?",
    ),
    "a missing attribute": (
        HEAD + 'spec: {value: "${b.status.valu}"}\n' + other("b", "{value: 1}"),
        "a.yaml:5:15",
        "did you mean 'value'?",
    ),
    "a wrong type": (FILE + "spec: {path: x, content: 3}\n", "a.yaml:5:26", 'quote it: "3"'),
    "a missing property": (FILE + "spec: {path: x}\n", "a.yaml:5", "spec.content is required"),
    "an unquoted expression": (
        HEAD + "spec: {value: ${b.status.value}}\n",
        "a.yaml:5:15",
        'quote this: spec: {value: "${b.status.value}"}',
    ),
    "a pasted !Ref": (HEAD + "spec:\n  value: !Ref main\n", "a.yaml:6:10", "${main.status.id}"),
    "a pasted Ref": (HEAD + 'spec:\n  value: {"Ref": main}\n', "a.yaml:6", "${main.status.id}"),
    "an expression cut off": (HEAD + 'spec:\n  value: "${1 +}"\n', "a.yaml:6:16", "ends too early"),
    "another's provider": (
        HEAD + "provider: aws.eu\nspec: {value: 1}\n",
        "a.yaml:5:11",
        "belongs to the provider local",
    ),
}
STACKS = {
    "empty": ("", "opsctl.yaml is empty"),
    "a parameter without a value": (STACK + "params:\n  n: {type: integer}\n", "parameter n has no value"),
    "a newer opsctl": (STACK + 'requiredVersion: ">=9"\n', "requires opsctl >=9"),
    "an unknown provider": (STACK + "providers: {gcp: {}}\n", "no provider 'gcp' is installed"),
    "an unknown backend": (STACK + "state: {backend: sqlit}\n", "did you mean 'sqlite'?"),
    "no policies": (STACK + "policy: {bundles: [nope]}\n", "there is no such policy folder"),
}


@pytest.mark.parametrize("name", RESOURCES)
@pytest.mark.parametrize("command", ["plan", "validate"])
def test_a_mistake_in_a_resource_is_shown_where_it_stands(stack, name, command):
    """File, line and column, and what to type instead; no state is made."""
    text, place, said = RESOURCES[name]
    stack.write("a.yaml", text)
    ran = stack.run(command)
    assert (ran.code, ran.out) == (1, "")
    assert f"--> {place}" in ran.err
    assert said in ran.err
    assert not (stack.folder / ".opsctl").exists()


@pytest.mark.parametrize("name", STACKS)
def test_a_mistake_in_the_stack_file_is_said(stack, name):
    """One message, and nothing is touched."""
    text, said = STACKS[name]
    stack.write("opsctl.yaml", text)
    ran = stack.run("plan")
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert not (stack.folder / ".opsctl").exists()


def test_all_mistakes_are_shown_together(stack):
    """Several errors of one stage are one answer, with their number."""
    stack.write("a.yaml", HEAD + "spec:\n  valu: 1\n" + other("b", "{wert: 2}"))
    ran = stack.run("validate")
    assert ran.err.count("unknown property spec.") == 2
    assert ran.err.rstrip().endswith("errors")


def test_no_stack_says_what_to_do(stack):
    """An empty folder is answered with the command that starts a stack."""
    (stack.folder / "opsctl.yaml").unlink()
    ran = stack.run("plan")
    assert ran.code == 1
    assert "opsctl init" in ran.err


def test_errors_are_a_document_where_json_is_asked_for(stack):
    """A program reads the same findings from standard output."""
    stack.write("a.yaml", HEAD + "spec:\n  valu: 1\n")
    ran = stack.run("plan", "--output", "json")
    found = ran.json["diagnostics"]
    assert (ran.json["kind"], ran.json["exit_code"]) == ("problems", 1)
    assert {"a.yaml"} == {d["file"] for d in found}
    assert any(d["hint"] == "did you mean 'value'?" for d in found)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plann"], "No such command 'plann'"),
        (["plan", "--wat"], "No such option"),
        (["plan", "-p", "x"], "NAME=VALUE"),
        (["-C", "nowhere", "plan"], "nowhere: No such file or directory"),
        (["state"], "Missing command"),
        (["types", "--output", "sarif"], "text or json"),
        (["plan", "-e", "prod"], "prod"),
        (["output", "--output", "raw"], "needs the name"),
        (["graph", "--format", "png"], "text, mermaid, dot"),
    ],
)
def test_a_wrong_command_line_is_an_error_with_exit_code_1(stack, arguments, said):
    """Exit code 2 is kept for changes: a typing error must not look like a plan."""
    ran = stack.run(*arguments)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err


@pytest.mark.parametrize("content", [b"", b"not a plan", b"{}", b'{"format": 99}', b"\x00\xff"])
def test_a_damaged_plan_file_is_refused(stack, content):
    """Nothing is applied from a file that is no plan, and its name is said."""
    path = stack.folder / "p.opsplan"
    path.write_bytes(content)
    for command in (["apply", "p.opsplan"], ["show", "p.opsplan"]):
        ran = stack.run(*command)
        assert (ran.code, ran.out) == (1, "")
        assert "p.opsplan" in ran.err


def test_a_changed_plan_file_is_refused(stack):
    """One letter changed in a saved plan, and its digest does not fit."""
    stack.values(a="one")
    stack.run("plan", "-o", "p.opsplan")
    path = stack.folder / "p.opsplan"
    path.write_bytes(path.read_bytes().replace(b'"one"', b'"two"'))
    ran = stack.run("apply", "p.opsplan")
    assert ran.code == 1
    assert "damaged or was changed" in ran.err
    assert "empty" in stack.run("state", "list").out


def state_file(folder: Path) -> Path:
    """The file that holds the state."""
    return next(p for p in (folder / ".opsctl").iterdir() if p.suffix in {".db", ".sqlite", ".sqlite3"})


def test_a_damaged_state_is_said_and_left_alone(stack):
    """What cannot be read is not written over."""
    stack.values(a="one")
    stack.apply()
    path = state_file(stack.folder)
    for extra in path.parent.glob(f"{path.name}-*"):
        extra.unlink()
    path.write_bytes(b"this is no database, and long enough to be looked at as one" * 20)
    before = path.read_bytes()
    for command in (["plan"], ["apply", "--auto-approve"], ["state", "list"]):
        ran = stack.run(*command)
        assert ran.code == 1
        assert "state" in ran.err
    assert path.read_bytes() == before
