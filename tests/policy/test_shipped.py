"""The guardrails that ship: documented, tested, and agreed on by both engines."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.adapters.policy_embedded import EmbeddedEngine, compile_modules, mentions_in
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.adapters.policy_metadata import annotations_of
from orchestrator.adapters.policy_pages import pages
from orchestrator.adapters.policy_rules import TEST_SUFFIX, discover
from orchestrator.adapters.policy_tests import check, run_covered, run_tests
from orchestrator.bootstrap.catalogue import abstract_types, catalogue
from orchestrator.model.verdict import Stage
from orchestrator.stages.policy import ask

POLICIES = Path(__file__).parents[2] / "policies"
GUARDRAILS = sorted(p for p in POLICIES.glob("*/*.rego") if not p.name.endswith(TEST_SUFFIX))
RULES = [p for p in GUARDRAILS if p.stem not in ("lib", "network")]


def test_nothing_is_wrong_with_them():
    """The shipped folder passes its own check, without a warning."""
    assert check(load_bundle([POLICIES])) == []


def test_their_tests_pass():
    """Every Rego test that ships passes on the embedded engine."""
    results = run_tests(load_bundle([POLICIES]))
    assert len(results) > 100
    assert [r for r in results if not r.passed] == []


@pytest.mark.parametrize("path", RULES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_each_is_documented_and_tested(path: Path):
    """A guardrail says what, why, how bad and where to read more; its package is its file; its tests are beside it."""
    text = path.read_text(encoding="utf-8")
    assert f"\npackage opsctl.{path.parent.name.replace('-', '_')}.{path.stem}\n" in text
    said = annotations_of(path.name, text).found[0]
    assert said.title
    assert said.description
    assert said.severity in ("low", "medium", "high", "critical")
    assert said.links[0].startswith("https://")
    assert path.with_name(f"{path.stem}{TEST_SUFFIX}").exists()


def test_there_are_at_least_thirty():
    """What the documentation promises, counted by the rules that are asked."""
    bundle = load_bundle([POLICIES])
    outlines, _ = compile_modules(bundle.modules, bundle.data)
    assert len({rule.package for rule in discover(outlines)[0]}) >= 30


def test_every_type_that_they_name_exists():
    """A rule about a type that no provider knows could never speak."""
    known = {*catalogue().types(), *abstract_types()}
    assert known >= {"AWS::S3::Bucket", "OS::Nova::Server", "ComputeInstance"}
    modules = {path.name: path.read_text("utf-8") for path in GUARDRAILS if path.stem != "lib"}
    named = {mention.name for found in mentions_in(modules).values() for mention in found}
    assert len(named) > 20
    assert named - known == set()


@pytest.mark.parametrize("path", RULES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_each_parameter_is_in_the_metadata(path: Path):
    """What a rule reads of the stack's data is documented, with the default that holds."""
    text = path.read_text(encoding="utf-8")
    read = {m[1]: _literal(text[m.end() :]) for m in re.finditer(r'lib\.param\("(\w+)", ', text)}
    said = {
        p.name: p.default
        for page in pages(load_bundle([path.parent]))
        if page.text == text
        for p in page.parameters
    }
    assert said == read


def _literal(text: str):
    """The Rego value at the start of a text, up to the bracket that closes the call around it."""
    depth = 0
    for place, sign in enumerate(text):
        depth += {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}.get(sign, 0)
        if depth < 0:
            raw = re.sub(r",(\s*[}\]])", r"\1", text[:place].strip().rstrip(","))
            return json.loads(re.sub(r"`([^`]*)`", lambda m: json.dumps(m[1]), raw))
    raise AssertionError(text)


def test_an_empty_plan_passes():
    """No guardrail speaks where nothing changes, at any stage."""
    bundle = load_bundle([POLICIES])
    for stage in Stage:
        assert ask(EmbeddedEngine(), bundle, {"resource_changes": [], "resources": []}, stage) == ()


@pytest.mark.server
def test_opa_agrees(opa_binary):
    """OPA's own test runner, its strict check and its formatter accept the same files."""
    ran = subprocess.run(
        [opa_binary, "test", "--format=json", str(POLICIES)], capture_output=True, text=True, check=False
    )
    results = json.loads(ran.stdout)
    assert [r["name"] for r in results if r.get("fail") or r.get("error")] == []
    assert len(results) == len(run_tests(load_bundle([POLICIES])))
    subprocess.run([opa_binary, "check", "--strict", str(POLICIES)], check=True, capture_output=True)
    fmt = subprocess.run(
        [opa_binary, "fmt", "--list", str(POLICIES)], capture_output=True, text=True, check=True
    )
    assert fmt.stdout == ""


@pytest.mark.parametrize("profile", sorted(p.name for p in POLICIES.iterdir() if p.is_dir()))
def test_each_profile_stands_alone(profile):
    """A stack may name one profile and no other: it compiles and its tests pass by itself."""
    assert check(load_bundle([POLICIES / profile])) == []
    assert [r for r in run_tests(load_bundle([POLICIES / profile])) if not r.passed] == []


def test_the_tests_reach_every_line():
    """Nothing that ships is without a test."""
    assert [(c.file, c.missed) for c in run_covered(load_bundle([POLICIES])).coverage if c.missed] == []


@pytest.mark.parametrize("always", [True, False], ids=["always-speaks", "never-speaks"])
def test_every_rule_has_a_passing_and_a_failing_case(tmp_path, always):
    """Were a rule to speak always, or never, a test of its own would fail."""
    shutil.copytree(POLICIES, tmp_path / "policies")
    for path in RULES:
        copy = tmp_path / "policies" / path.parent.name / path.name
        text = copy.read_text("utf-8")
        effect = re.search(r"^(deny|warn|require_approval) contains", text, re.MULTILINE)[1]
        silent = re.sub(rf"^{effect} contains", "never contains", text, flags=re.MULTILINE)
        more = f'\n\n{effect} contains "always"\n' if always else f'\n\n{effect} contains "never" if false\n'
        copy.write_text((text if always else silent) + more, "utf-8")
    failed = {
        r.name.removeprefix("data.").rpartition(".")[0]
        for r in run_tests(load_bundle([tmp_path / "policies"]))
        if not r.passed
    }
    packages = {f"opsctl.{p.parent.name.replace('-', '_')}.{p.stem}_test" for p in RULES}
    assert packages - failed == set()
