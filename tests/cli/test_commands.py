"""The commands from the first file to an empty state, on the local provider."""

from __future__ import annotations

import json
import sqlite3
import stat as file_mode

import pytest

from orchestrator import bootstrap
from orchestrator.adapters.silent import Silent
from orchestrator.seams.state import Holder

FILE = """\
apiVersion: opsctl.dev/v1
kind: Resource
type: Local::File
metadata: {name: letter}
spec:
  path: letter.txt
  content: %s
"""


def actions(ran) -> set[str]:
    """The actions of a plan in JSON."""
    return {c["action"] for c in ran.json["changes"]}


def test_init_writes_a_stack_that_can_be_applied(stack):
    """The first two commands of a newcomer work, and the third finds nothing to do."""
    (stack.folder / "opsctl.yaml").unlink()
    assert stack.run("init", "--name", "first").code == 0
    assert stack.run("validate").out == "Valid: 1 resource.\n"
    assert "1 created" in stack.apply().out
    assert stack.run("plan").out.startswith("Plan: nothing to do.")
    assert stack.run("output", "greeting", "--output", "raw").out == "Hello from first"
    assert ".opsctl/" in (stack.folder / ".gitignore").read_text()


def test_init_overwrites_nothing(stack):
    """A file that is there stays as it is."""
    before = (stack.folder / "opsctl.yaml").read_text()
    ran = stack.run("init")
    assert ran.code == 1
    assert "opsctl.yaml is there already" in ran.err
    assert (stack.folder / "opsctl.yaml").read_text() == before
    assert not (stack.folder / "hello.yaml").exists()


def test_a_plan_has_no_side_effect_but_reads(stack):
    """After a plan the state is as before."""
    stack.values(a="1")
    stack.run("plan")
    assert stack.run("state", "list").out == "The state is empty.\n"


def test_detailed_exit_codes(stack):
    """2 where there are changes, 0 where there are none; without the option always 0."""
    stack.values(a="1")
    assert stack.run("plan").code == 0
    assert stack.run("plan", "--detailed-exitcode").code == 2
    stack.apply()
    assert stack.run("plan", "--detailed-exitcode").code == 0


def test_a_second_plan_holds_no_ops_and_reads_only(stack):
    """Re-planning after a clean apply is empty, in JSON too."""
    stack.values(a="1", b='"${a.status.value + 1}"')
    stack.apply()
    ran = stack.run("plan", "--output", "json")
    assert ran.json["empty"]
    assert actions(ran) <= {"no-op", "read"}


def test_a_change_shows_before_and_after(stack):
    """The property, both values, and the count."""
    stack.write("letter.yaml", FILE % "one")
    stack.apply()
    stack.write("letter.yaml", FILE % "two")
    ran = stack.run("plan")
    assert 'content: "one" → "two"' in ran.out
    assert "Plan: 1 to update." in ran.out


def test_a_saved_plan_applies_exactly(stack):
    """What was saved is applied, whatever the files say by then."""
    stack.values(a='"then"')
    assert stack.run("plan", "-o", "p.opsplan").code == 0
    assert file_mode.S_IMODE((stack.folder / "p.opsplan").stat().st_mode) == 0o600
    stack.values(a='"now"')
    assert '"then"' in stack.run("show", "p.opsplan").out
    assert stack.run("apply", "p.opsplan").code == 0
    assert '"then"' in stack.run("state", "show", "a").out


def test_a_stale_plan_is_refused_with_6(stack):
    """What the plan read has changed: nothing is applied."""
    stack.write("letter.yaml", FILE % "one")
    stack.apply()
    stack.write("letter.yaml", FILE % "two")
    stack.run("plan", "-o", "p.opsplan")
    (stack.folder / "letter.txt").unlink()
    ran = stack.run("apply", "p.opsplan")
    assert ran.code == 6
    assert "stale" in ran.err
    assert not (stack.folder / "letter.txt").exists()


def test_a_plan_stays_valid_while_what_it_read_is_unchanged(stack):
    """An unrelated change of the state does not matter."""
    stack.values(a="1")
    stack.apply()
    stack.values(a="2")
    stack.run("plan", "-o", "p.opsplan")
    (stack.folder / "unrelated.txt").write_text("x")
    assert stack.run("apply", "p.opsplan").code == 0


def test_apply_without_anybody_to_ask_is_refused(stack):
    """Neither terminal nor --auto-approve: nothing happens, and what to type is said."""
    stack.values(a="1")
    ran = stack.run("apply")
    assert (ran.code, ran.out) == (1, "")
    assert "--auto-approve" in ran.err


def test_drift_names_the_property_desired_and_actual(stack):
    """Exit code 2, and apply heals it."""
    stack.write("letter.yaml", FILE % "one")
    stack.apply()
    assert stack.run("drift").code == 0
    (stack.folder / "letter.txt").write_text("changed")
    ran = stack.run("drift")
    assert ran.code == 2
    assert "content" in ran.out
    assert 'desired: "one"' in ran.out
    assert 'actual:  "changed"' in ran.out
    stack.apply()
    assert (stack.folder / "letter.txt").read_text() == "one"
    assert stack.run("drift").code == 0


def test_a_deleted_object_is_drift(stack):
    """What is gone is named, and only it is made again."""
    stack.write("letter.yaml", FILE % "one")
    stack.values(a="1")
    stack.apply()
    (stack.folder / "letter.txt").unlink()
    ran = stack.run("drift", "--output", "json")
    assert ran.code == 2
    assert [c["address"] for c in ran.json["changes"]] == ["letter"]
    assert "Apply: 1 created." in stack.apply().out


def test_editing_the_spec_is_not_drift(stack):
    """Drift is what others did."""
    stack.write("letter.yaml", FILE % "one")
    stack.apply()
    stack.write("letter.yaml", FILE % "two")
    assert stack.run("drift").code == 0


def test_destroy_leaves_nothing(stack):
    """Everything is deleted, and a second destroy has nothing to do."""
    stack.write("letter.yaml", FILE % "one")
    stack.values(a="1", b='"${a.status.value}"')
    stack.apply()
    assert "3 to delete" in stack.run("plan", "--destroy").out
    ran = stack.run("destroy", "--auto-approve")
    assert ran.code == 0
    assert "Destroy: 3 deleted." in ran.out
    assert not (stack.folder / "letter.txt").exists()
    assert stack.run("destroy", "--auto-approve").code == 0
    assert stack.run("state", "list").out == "The state is empty.\n"


def test_a_failure_is_told_once_with_what_stands_behind_it(stack):
    """Exit code 1; what was not started names its cause; the rest is done."""
    stack.write("letter.yaml", FILE.replace("letter.txt", "nowhere/../letter.yaml/x.txt") % "one")
    stack.values(after='"${letter.status.path}"', free="1")
    ran = stack.run("apply", "--auto-approve")
    assert ran.code == 1
    assert "not started because of it: after" in ran.out
    assert "1 created" in ran.out
    assert "free" in stack.run("state", "list").out


def test_a_held_lock_ends_with_5_and_names_the_holder(stack):
    """Who, since when, and what to do; plans need no lock."""
    stack.values(a="1")
    stack.apply()
    stack.values(a="2")
    session = bootstrap.open_stack(stack.folder, progress=Silent())
    lease = session.workspace.state.lease(Holder("ada@build", "apply", 1_700_000_000.0))
    try:
        ran = stack.run("apply", "--auto-approve")
        assert ran.code == 5
        assert "ada@build" in ran.err
        assert stack.run("plan").code == 0
        refused = stack.run("state", "unlock")
        assert refused.code == 1
        assert "ada@build" in refused.err
        assert stack.run("state", "unlock", "--force").code == 0
        assert "1 updated" in stack.run("apply", "--auto-approve").out
    finally:
        session.workspace.state.release(lease)
        session.close()
    assert stack.run("state", "unlock").out == "Not locked.\n"


def test_a_failed_gate_ends_with_4_and_dependents_wait(stack):
    """The step is taken back where the spec says so, and the next plan shows it again."""
    stack.write(
        "a.yaml",
        "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\nmetadata: {name: a}\n"
        "health:\n  - tcp: {host: 127.0.0.1, port: 1}\n    within: 100ms\n    onFailure: undo\nspec: {value: 1}\n",
    )
    stack.values(b='"${a.status.value}"')
    ran = stack.run("apply", "--auto-approve")
    assert ran.code == 4
    assert "a  gate failed" in ran.out
    assert "not started because of it: b" in ran.out
    assert "then: tcp gate on 127.0.0.1:1 within 0.1s, on failure undo" in stack.run("plan").out
    assert actions(stack.run("plan", "--output", "json")) == {"create"}


def test_apply_in_json_holds_outcomes_outputs_and_the_plan(stack):
    """One document on standard output, and nothing beside it."""
    stack.values(a="1")
    ran = stack.run("apply", "--auto-approve", "--output", "json")
    assert [o["result"] for o in ran.json["outcomes"]] == ["done"]
    assert actions(type(ran)(0, json.dumps(ran.json["plan"]), "")) == {"create"}


def test_outputs(stack):
    """All, one, raw and JSON; an unknown name is answered with the nearest."""
    stack.write(
        "opsctl.yaml",
        (stack.folder / "opsctl.yaml").read_text() + 'outputs:\n  sum: "${a.status.value}"\n  list: [1, 2]\n',
    )
    stack.values(a='"one"')
    assert "no outputs" in stack.run("output").err
    stack.apply()
    assert stack.run("output").out == 'list: [1, 2]\nsum: "one"\n'
    assert stack.run("output", "sum", "--output", "raw").out == "one"
    assert stack.run("output", "list", "--output", "raw").out == "[1, 2]"
    assert stack.run("output", "--output", "json").json["outputs"]["sum"]["value"] == "one"
    assert "did you mean 'sum'?" in stack.run("output", "summ").err


def test_state_commands(stack):
    """What is remembered can be listed, shown and followed."""
    stack.values(a="1")
    stack.apply()
    assert stack.run("state", "list").out.startswith("a  Local::Value")
    assert "value: 1" in stack.run("state", "show", "a").out
    assert "did you mean 'a'?" in stack.run("state", "show", "A").err
    assert "about to create a" in stack.run("state", "history").out
    assert stack.run("state", "history", "--output", "json").json["entries"][0]["entry"] == "started"
    assert stack.run("show", "--output", "json").json["resources"][0]["address"] == "a"


@pytest.mark.parametrize(
    ("format", "edge"), [("text", "needs a"), ("mermaid", "n1 --> n0"), ("dot", '"b" -> "a";')]
)
def test_graph(stack, format, edge):
    """An edge points from a resource to what it needs."""
    stack.values(a="1", b='"${a.status.value}"')
    assert edge in stack.run("graph", "--format", format).out


def test_chdir(stack):
    """-C works as if the shell had changed the folder."""
    stack.write("inner/opsctl.yaml", (stack.folder / "opsctl.yaml").read_text())
    assert stack.run("-C", "inner", "plan").code == 0


def test_a_newer_state_is_refused(stack):
    """State that a newer opsctl has written is not touched."""
    stack.values(a="1")
    stack.apply()
    path = next(p for p in (stack.folder / ".opsctl").iterdir() if p.suffix in {".db", ".sqlite"})
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    ran = stack.run("apply", "--auto-approve")
    assert ran.code == 1
    assert "newer" in ran.err


DENY = """\
package opsctl.team

deny contains {"msg": "values may not be 13", "address": change.address} if {
	some change in input.resource_changes
	change.change.after.value == 13
}
"""


def test_a_denied_plan_ends_with_3_and_cannot_be_applied(stack):
    """Plan shows the verdict at its line; apply, and a saved plan, are refused with the reason."""
    stack.write("opsctl.yaml", (stack.folder / "opsctl.yaml").read_text() + "policy: {bundles: [rules]}\n")
    stack.write("rules/team.rego", DENY)
    stack.values(a="13")
    ran = stack.run("plan", "-o", "p.opsplan")
    assert ran.code == 3
    assert "deny  opsctl.team\n    a: values may not be 13\n      values.yaml:" in ran.out
    assert "values.yaml:" in ran.out
    for arguments in (["apply", "--auto-approve"], ["apply", "p.opsplan"]):
        ran = stack.run(*arguments)
        assert ran.code == 3
        assert "a: values may not be 13 [opsctl.team" in ran.err
    assert stack.run("state", "list").out == "The state is empty.\n"
    stack.values(a="14")
    assert stack.run("plan").code == 0


def test_policies_that_do_not_compile_deny(stack):
    """Fail closed: exit code 3, and policy check says where."""
    stack.write("opsctl.yaml", (stack.folder / "opsctl.yaml").read_text() + "policy: {bundles: [rules]}\n")
    stack.write("rules/team.rego", "package opsctl.team\n\ndeny contains x if {\n")
    stack.values(a="1")
    assert stack.run("plan").code == 3
    ran = stack.run("policy", "check")
    assert ran.code == 1
    assert "team.rego:" in ran.err


def test_policy_tests_are_run_and_counted(stack):
    """A test that fails ends with 1 and names its line."""
    stack.write("rules/team.rego", DENY)
    stack.write("rules/team_test.rego", "package opsctl.team_test\n\ntest_one if {\n\t1 == 1\n}\n")
    ran = stack.run("policy", "test", "rules")
    assert ran.code == 0
    assert ran.out.startswith("1 of 1 policy test passed in ")
    stack.write("rules/team_test.rego", "package opsctl.team_test\n\ntest_one if {\n\t1 == 2\n}\n")
    ran = stack.run("policy", "test", "rules")
    assert ran.code == 1
    assert "team_test.rego:" in ran.out
