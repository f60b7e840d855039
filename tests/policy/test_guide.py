"""The guide for policy authors says what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.adapters.policy_embedded import EmbeddedEngine
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.adapters.policy_rules import TEST_SUFFIX
from orchestrator.adapters.policy_tests import check, run_tests
from orchestrator.model.verdict import Effect, Stage

GUIDE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
SHARED = {"lib", "network"}


@pytest.fixture
def first_rule(tmp_path):
    """The guide's first rule and its test, as a reader would write them."""
    policy, test, *_ = re.findall(r"```rego\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "small.rego").write_text(policy)
    (tmp_path / "small_test.rego").write_text(test)
    return tmp_path


def test_the_first_rule_works(first_rule):
    """What the guide shows compiles, passes its tests and denies what it says."""
    assert check(load_bundle([first_rule])) == []
    assert [r.passed for r in run_tests(load_bundle([first_rule]))] == [True, True]
    engine = EmbeddedEngine()
    engine.load(load_bundle([first_rule]))
    large = {"address": "web", "type": "OS::Nova::Server", "change": {"after": {"flavor": "m1.xlarge"}}}
    (said,) = engine.evaluate({"resource_changes": [large]}, Stage.PLAN).verdicts
    assert (said.effect, said.title, said.severity) == (Effect.DENY, "Servers are small", "medium")


@pytest.mark.parametrize("profile", ["baseline", "strict", "change-safety"])
def test_every_guardrail_is_in_the_table(shipped, profile):
    """The table names what ships, with its parameters, and nothing else."""
    folder = shipped / profile
    files = {p.stem for p in folder.glob("*.rego") if not p.name.endswith(TEST_SUFFIX)} - SHARED
    told = GUIDE.partition(f"Profile `{profile}`")[2].partition("\nProfile `")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)$", told, re.MULTILINE))
    assert set(rows) == files
    for name, row in rows.items():
        text = (folder / f"{name}.rego").read_text(encoding="utf-8")
        assert {p for p in re.findall(r'lib\.param\("(\w+)"', text) if f"`{p}`" not in row} == set()
        assert {
            e
            for e in re.findall(r"^(deny|warn|require_approval) contains", text, re.MULTILINE)
            if e not in row
        } == set()
