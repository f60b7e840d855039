"""The runner of Rego tests, and the check of a folder."""

from __future__ import annotations

import pytest

from orchestrator.adapters.policy_embedded import Limits
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.adapters.policy_tests import Ending, check, run_tests
from orchestrator.model.errors import InvalidSpecError

POLICY = "# METADATA\n# title: T\n# description: D\n# custom: {severity: low}\npackage opsctl.t\n\nimport rego.v1\n\ndeny contains input.params.x if input.params.x > 1\n"
TESTS = """package opsctl.t_test

import data.opsctl.t
import rego.v1

test_denies if {
	count(t.deny) == 1 with input as {"params": {"x": 2}}
}

test_stops if {
	found := t.deny with input as {"params": {"x": 2}}
	print("found", found)
	count(found) == 2
	count(found) == 1
}

test_crashes if to_number("x") == 1

test_last if not t.deny[1]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t.rego").write_text(POLICY)
    (tmp_path / "t_test.rego").write_text(TESTS)
    return tmp_path


def test_each_test_has_its_result(folder):
    """A failing test names the line that did not hold, a crashing one its error; neither hides another."""
    passed, stopped, crashed, last = run_tests(load_bundle([folder]))
    assert (passed.name, passed.ending) == ("data.opsctl.t_test.test_denies", Ending.PASS)
    assert (stopped.ending, stopped.line) == (Ending.FAIL, 13)
    assert stopped.printed[0].endswith("found {2}")
    assert (crashed.ending, crashed.line) == (Ending.ERROR, 17)
    assert "could not parse string as number" in crashed.message
    assert last.passed


def test_a_test_without_end_is_an_error(folder):
    """The tests beside an endless one still have their results."""
    endless = "\ntest_endless if {\n\tsome a in numbers.range(1, 90000)\n\tsome b in numbers.range(1, 90000)\n\ta * b < 0\n}\n"
    (folder / "t_test.rego").write_text(TESTS + endless)
    results = run_tests(load_bundle([folder]), limits=Limits(seconds=1))
    assert [r.ending for r in results] == [Ending.PASS, Ending.FAIL, Ending.ERROR, Ending.PASS, Ending.ERROR]


def test_policies_that_do_not_compile_are_diagnostics(folder):
    """Tests do not run on broken policies; check names the same places."""
    (folder / "t.rego").write_text(POLICY + "warn contains foo(1)\n")
    with pytest.raises(InvalidSpecError, match="there is no function 'foo'"):
        run_tests(load_bundle([folder]))
    (found,) = check(load_bundle([folder]))
    assert found.position is not None
    assert (found.position.line, found.position.column) == (10, 15)


def test_a_good_folder_has_no_findings(folder):
    """Check is silent where nothing is wrong."""
    assert check(load_bundle([folder])) == []
