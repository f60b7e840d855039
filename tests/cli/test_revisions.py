"""history, diff, undo, state mv and state rm as somebody types them."""

from __future__ import annotations

import shutil

import pytest

from orchestrator.cli.work import surgery as work
from tests.cli.test_json import fits


@pytest.fixture
def grown(stack):
    """A stack of two revisions: a value that changed, and one that came."""
    stack.values(a="1")
    stack.apply()
    stack.values(a="2", b="3")
    stack.apply()
    return stack


def test_history_numbers_every_run_with_its_spec_and_result(grown):
    ran = grown.run("history")
    first, _, second, by = ran.out.splitlines()
    assert first.split()[0] == "1"
    assert first.endswith("apply  done (1 create)")
    assert second.endswith("apply  done (1 create, 1 update)")
    assert "spec " in by
    assert "plan " in by
    document = grown.run("history", "--output", "json").json
    fits(document)
    one, two = document["revisions"]
    assert (one["revision"], two["revision"]) == (1, 2)
    assert one["spec_digest"] != two["spec_digest"]


def test_the_same_spec_has_the_same_digest_whatever_was_done(grown):
    grown.run("destroy", "--auto-approve")
    grown.apply()
    digests = [r["spec_digest"] for r in grown.run("history", "--output", "json").json["revisions"]]
    assert digests[1] == digests[3]


def test_history_shows_the_last_ones_and_how_to_see_more(grown):
    ran = grown.run("history", "--limit", "1")
    assert ran.out.splitlines()[0].split()[0] == "2"
    assert "1 older ones: opsctl history --limit 2" in ran.out


def test_nothing_applied_has_no_history(stack):
    stack.values(a="1")
    assert stack.run("history").out == "Nothing was applied yet.\n"
    ran = stack.run("undo", "1", "--auto-approve")
    assert ran.code == 1
    assert "there is no revision 1" in ran.err
    assert "nothing was applied yet" in ran.err


def test_diff_tells_property_by_property(grown):
    ran = grown.run("diff", "1", "2")
    assert "value: 1 → 2" in ran.out
    assert "+ b" in ran.out
    assert ran.out.endswith("From revision 1 to revision 2: 1 created, 1 updated.\n")
    fits(grown.run("diff", "1", "2", "--output", "json").json)
    assert grown.run("diff", "2").out == "From revision 2 to now: no resource differs.\n"
    assert "no revision 7" in grown.run("diff", "7").err


def test_undo_is_shown_first_and_done_when_approved(grown):
    looked = grown.run("undo", "2", "--dry-run")
    assert looked.code == 0
    assert "Plan: 1 to update, 1 to delete." in looked.out
    assert "Undo of revision 2 (opsctl apply" in looked.out
    assert "a  update: reversible" in looked.out
    assert "b  delete: final" in looked.out
    assert "the next plan shows it again" in looked.out
    assert len(grown.run("history", "--output", "json").json["revisions"]) == 2
    document = grown.run("undo", "2", "--dry-run", "--output", "json").json
    fits(document)
    fits(document["plan"])
    done = grown.run("undo", "2", "--auto-approve")
    assert done.code == 0
    assert grown.run("diff", "1").out == "From revision 1 to now: no resource differs.\n"
    assert "undo 2" in grown.run("history").out


def test_undo_needs_no_spec_files(grown):
    (grown.folder / "values.yaml").unlink()
    assert grown.run("undo", "2", "--auto-approve").code == 0
    assert [r["address"] for r in grown.run("state", "list", "--output", "json").json["resources"]] == ["a"]


def test_undo_asks_and_does_nothing_where_nobody_answers(grown):
    ran = grown.run("undo", "2")
    assert ran.code == 1
    assert "--dry-run to look; --auto-approve to do it" in ran.err


def test_a_saved_undo_is_applied_like_any_plan(grown):
    ran = grown.run("undo", "2", "--out", "back.opsplan")
    assert ran.code == 0
    assert "opsctl apply back.opsplan" in ran.err
    assert grown.run("apply", "back.opsplan").code == 0
    assert grown.run("diff", "1").out == "From revision 1 to now: no resource differs.\n"


def test_undo_is_held_to_policy(grown):
    """Going back is a plan under the policies of today."""
    (grown.folder / "policy").mkdir()
    grown.write(
        "policy/keep.rego",
        "# METADATA\n# title: nothing is deleted\npackage opsctl.keep\n\nimport rego.v1\n\n"
        "deny contains msg if {\n  some c in input.resource_changes\n"
        '  "delete" in c.change.actions\n  msg := sprintf("%s stays", [c.address])\n}\n',
    )
    grown.write("opsctl.yaml", (grown.folder / "opsctl.yaml").read_text() + "policy: {bundles: [policy]}\n")
    ran = grown.run("undo", "2", "--auto-approve")
    assert ran.code == 3
    assert "b stays" in ran.err
    assert grown.run("undo", "2", "--dry-run").code == 3


def test_a_resource_is_moved_and_its_plan_is_quiet(grown):
    looked = grown.run("state", "mv", "a", "z", "--dry-run")
    assert "> a -> z" in looked.out
    fits(grown.run("state", "mv", "a", "z", "--dry-run", "--output", "json").json)
    assert grown.run("state", "mv", "a", "z").code == 1
    fits(grown.run("state", "mv", "a", "z", "--auto-approve", "--output", "json").json)
    grown.values(z="2", b="3")
    assert "nothing to do" in grown.run("plan").out
    ran = grown.run("state", "mv", "z", "b", "--auto-approve")
    assert ran.code == 1
    assert "has a resource b already" in ran.err


def test_a_forgotten_resource_is_named_with_the_way_to_take_it_back(stack):
    stack.write(
        "letter.yaml",
        "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::File\nmetadata: {name: letter}\n"
        "spec: {path: letter.txt, content: hello}\n",
    )
    stack.apply()
    fits(stack.run("state", "rm", "letter", "--dry-run", "--output", "json").json)
    ran = stack.run("state", "rm", "letter", "--auto-approve")
    assert ran.code == 0
    assert (stack.folder / "letter.txt").exists()
    document = ran.out.splitlines()[-1].strip()
    assert "kind: Import" in document
    assert "exists already" in stack.run("plan").err
    stack.write("import.yaml", document + "\n")
    assert "is taken over" in stack.run("plan").out


def test_rm_of_what_is_not_there_says_what_is(grown):
    ran = grown.run("state", "rm", "c", "--auto-approve")
    assert ran.code == 1
    assert "the state has no resource 'c'" in ran.err


def test_two_cannot_work_on_one_state_at_once(grown, monkeypatch):
    """Mv and rm hold the lease like an apply."""
    seen = []
    original = work.forgetting

    def forgetting(address):
        def watched(snapshot):
            seen.append(grown.run("state", "mv", "b", "x", "--auto-approve").code)
            return original(address)(snapshot)

        return watched

    monkeypatch.setattr(work, "forgetting", forgetting)
    assert grown.run("state", "rm", "a", "--auto-approve").code == 0
    assert seen == [5]


def test_a_lost_local_state_is_rebuilt(stack):
    """Values follow from the spec, files are found by their path; nothing is touched, and the plan is empty."""
    stack.values(a="1", b='"${a.status.value}"')
    stack.write(
        "letter.yaml",
        "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::File\nmetadata: {name: letter}\n"
        "spec: {path: letter.txt, content: hello}\n",
    )
    stack.apply()
    shutil.rmtree(stack.folder / ".opsctl")
    document = stack.run("state", "rebuild", "--dry-run", "--output", "json").json
    fits(document)
    assert {f["address"]: f["how"] for f in document["found"]} == {
        "a": "state",
        "b": "state",
        "letter": "id or name",
    }
    assert stack.run("state", "rebuild").code == 1
    assert stack.run("state", "rebuild", "--auto-approve").code == 0
    assert stack.run("plan", "--detailed-exitcode").code == 0
    refused = stack.run("state", "rebuild", "--auto-approve")
    assert refused.code == 1
    assert "has a state already, of 3 resources" in refused.err
    (stack.folder / "letter.txt").unlink()
    lost = stack.run("state", "rebuild", "--auto-approve", "--force")
    assert "? letter  not found: nothing of its name is there" in lost.out
    assert "takes the place of a state of 3 resources" in lost.out
    assert "- letter" in stack.run("diff", "1").out
