"""The policy stage, and loading bundles from folders."""

from __future__ import annotations

import pytest

from orchestrator.adapters.policy_embedded import EmbeddedEngine
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.model.diagnostic import Position
from orchestrator.model.document import Document
from orchestrator.model.errors import InvalidSpecError
from orchestrator.model.resource import Desired
from orchestrator.model.verdict import Answer, Bundle, Effect, Stage, Verdict, denies
from orchestrator.stages.policy import ask

HEAD = "package opsctl.t\n\nimport rego.v1\n\n"


class Broken:
    """An engine that raises."""

    name = "broken"
    rules = ()

    def load(self, bundle):
        return ()

    def evaluate(self, input, stage):
        raise ConnectionError("nobody there")


def test_an_engine_that_raises_denies():
    """Whatever an engine raises is a denial that says so."""
    (said,) = ask(Broken(), Bundle({"a.rego": ""}), {}, Stage.PLAN)
    assert said.effect is Effect.DENY
    assert "nobody there" in said.message


def test_policies_that_do_not_compile_deny():
    """Bad Rego denies, with its file and line."""
    (said,) = ask(EmbeddedEngine(), Bundle({"a.rego": HEAD + "deny contains if {"}), {}, Stage.PLAN)
    assert (said.effect, said.file, said.line) == (Effect.DENY, "a.rego", 5)


def test_no_policies_say_nothing():
    """Without a bundle the embedded engine has nothing to ask."""
    assert ask(EmbeddedEngine(), Bundle(), {}, Stage.PLAN) == ()


def test_verdicts_point_at_the_line():
    """A verdict with an address has the file and line of that resource; worst first, each once."""
    rules = 'warn contains {"msg": "w", "address": "web"}\n\ndeny contains {"msg": "d", "address": "web"}\n'
    resource = {"address": "web", "file": "net.yaml", "line": 7}
    deny, warn = ask(
        EmbeddedEngine(), Bundle({"a.rego": HEAD + rules}), {"resource_changes": [resource]}, Stage.PLAN
    )
    assert (deny.effect, deny.file, deny.line) == (Effect.DENY, "net.yaml", 7)
    assert (warn.effect, warn.file, warn.line) == (Effect.WARN, "net.yaml", 7)
    assert denies((deny, warn))
    assert not denies((warn,))


class Lines:
    """A source whose lines count the parts of a path."""

    def position(self, path):
        return Position("net.yaml", {("spec", "Ingress", 0, "a b", "Cidr"): 12}.get(path, 7))


def test_a_verdict_on_a_property_stands_at_its_line():
    """Where the documents are at hand, the property's own line is shown; a path that is not there falls back."""
    rules = (
        'deny contains {"msg": "1", "address": "web", "path": ["Ingress", 0, "a b", "Cidr"]}\n\n'
        'deny contains {"msg": "2", "address": "web", "path": ["Nowhere"]}\n'
    )
    resource = {"address": "web", "file": "net.yaml", "line": 7}
    web = Desired("web", "T", "p", {}, document=Document({}, Lines()), file="net.yaml", line=7)
    said = ask(
        EmbeddedEngine(),
        Bundle({"a.rego": HEAD + rules}),
        {"resource_changes": [resource]},
        Stage.PLAN,
        resources=[web],
    )
    assert [(v.message, v.line) for v in sorted(said, key=lambda v: v.message)] == [("1", 12), ("2", 7)]


def test_an_engine_may_say_the_same_twice():
    """The same verdict of two rules' bodies is shown once."""

    class Twice(Broken):
        def evaluate(self, input, stage):
            return Answer((Verdict(Effect.DENY, "m", "r"),) * 2)

    assert len(ask(Twice(), Bundle({"a.rego": ""}), {}, Stage.PLAN)) == 1


def test_a_bundle_is_modules_and_data(tmp_path):
    """Data sits where its folder says, as in OPA; the stack's parameters win."""
    (tmp_path / "opsctl" / "params").mkdir(parents=True)
    (tmp_path / "a.rego").write_text(HEAD)
    (tmp_path / "top.json").write_text('{"x": 1}')
    (tmp_path / "opsctl" / "params" / "data.yaml").write_text("regions: [eu]\nlimit: 1\n")
    bundle = load_bundle([tmp_path, tmp_path / "a.rego"], {"limit": 2})
    assert list(bundle.modules) == [f"{tmp_path.name}/a.rego"]
    assert bundle.data == {"x": 1, "opsctl": {"params": {"regions": ["eu"], "limit": 2}}}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "there is no policy in here"),
        ({"a.rego": b"\xff\xfe"}, "not UTF-8"),
        ({"a.rego": b"package a", "d.yaml": b"a: [1"}, "not YAML"),
        ({"a.rego": b"package a", "d.json": b"{"}, "JSON"),
        ({"a.rego": b"package a", "d.json": b"[1]"}, "a mapping was expected"),
        (
            {"a.rego": b"package a", "d.json": b'{"a": 1}', "e.json": b'{"a": 2}'},
            "data.a is set by another data file too",
        ),
    ],
)
def test_a_folder_that_cannot_be_read_is_an_error(tmp_path, files, message):
    """Nothing unreadable becomes an empty bundle."""
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidSpecError, match=message):
        load_bundle([tmp_path])


def test_modules_are_named_from_where_we_stand(tmp_path, monkeypatch):
    """Inside the current folder a module has the name that an editor opens."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.rego").write_text(HEAD)
    monkeypatch.chdir(tmp_path)
    assert list(load_bundle([tmp_path / "policies"]).modules) == ["policies/a.rego"]


def test_two_policies_of_one_name_are_an_error(tmp_path):
    """None of two files hides the other."""
    for parent in ("a", "b"):
        (tmp_path / parent / "policies").mkdir(parents=True)
        (tmp_path / parent / "policies" / "p.rego").write_text(f"package opsctl.{parent}")
    with pytest.raises(InvalidSpecError, match=r"another policy is called policies/p\.rego too"):
        load_bundle([tmp_path / "a" / "policies", tmp_path / "b" / "policies"])


def test_a_missing_folder_is_an_error(tmp_path):
    """A typo in the path does not switch policy off."""
    with pytest.raises(InvalidSpecError, match="no such policy folder"):
        load_bundle([tmp_path / "nowhere"])
