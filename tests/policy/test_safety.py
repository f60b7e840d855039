"""Variables that nothing binds are found before a rule runs, and no others are."""

from __future__ import annotations

import subprocess

import pytest

from orchestrator.adapters.policy_embedded import syntax_trees
from orchestrator.adapters.policy_lint import read_modules
from orchestrator.adapters.policy_safety import unsafe_variables
from orchestrator.adapters.policy_tests import check
from orchestrator.bootstrap import policy_schemas
from orchestrator.model.diagnostic import Severity
from orchestrator.model.verdict import Bundle
from tests.policy.rego_programs import PROGRAMS
from tests.policy.test_differential import module

HEAD = "package opsctl.t\n\nimport rego.v1\n\n"
UNSAFE = {
    "the value of an else": 'f(x) := x if {\n\tx > 1\n} else := y\n\ndeny contains "a" if f(1)',
    "the body of an else": 'f(x) := x if {\n\tx > 1\n} else := 2 if x > y\n\ndeny contains "a" if f(1)',
    "a name of the first body": 'p := 1 if {\n\ty := 3\n\ty > 9\n} else := y\n\ndeny contains "a" if p',
    "the body of a function": 'f(x) := 1 if x > y\n\ndeny contains "a" if f(1)',
    "a negation": 'deny contains "a" if not input.a == y',
    "an index in a negation": 'deny contains "a" if not input.x[y] == 2',
    "a key of a head": 'p[y] := 1 if input.a\n\ndeny contains "a" if p.q',
    "a set's head": "deny contains y if input.a",
    "an object's head": 'deny contains {"msg": y} if input.a',
    "a head without a body": 'p := {"k": y}\n\ndeny contains "a" if p.k',
    "a comprehension's head": 'deny contains "a" if count([y | some _ in [1]]) > 0',
    "a comprehension's body": 'deny contains "a" if count([v | some v in [1]; v > y]) > 0',
    "an every": 'deny contains "a" if every q in [1] { q == y }',
    "an argument": 'deny contains "a" if count(y) > 1',
    "a with": 'deny contains "a" if input.a with input as y',
    "a name that is only declared": 'deny contains "a" if {\n\tsome y\n\ty > 1\n}',
}


def messages(body):
    found = check(Bundle({"t.rego": f"{HEAD}{body}\n"}), policy_schemas())
    return [d.message for d in found if d.severity is Severity.ERROR]


@pytest.mark.parametrize("body", UNSAFE.values(), ids=UNSAFE)
def test_a_variable_that_nothing_binds_is_an_error(body):
    (said,) = messages(body)
    assert "unsafe" in said
    assert "y" in said.replace("`", "'").split("'")


def test_what_a_real_opa_takes_is_taken():
    """Of the programs that both engines run, none has an unsafe variable."""
    trees = syntax_trees({"d.rego": module(list(enumerate(PROGRAMS)))})
    assert list(unsafe_variables(read_modules(trees), trees)) == []


@pytest.mark.server
def test_a_real_opa_finds_the_same_unsafe(opa_binary, tmp_path):
    for number, body in enumerate(UNSAFE.values()):
        file = tmp_path / f"{number}.rego"
        file.write_text(f"{HEAD}{body}\n")
        ran = subprocess.run([opa_binary, "check", file], capture_output=True, text=True, check=False)
        assert "y is unsafe" in ran.stderr, body
