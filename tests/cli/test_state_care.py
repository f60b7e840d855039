"""The state looked after by hand: verified, settled, and every word of it in the audit."""

from __future__ import annotations

import json
import shutil
import sqlite3
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import jsonschema
import pytest

from orchestrator import bootstrap
from orchestrator.model.change import Action
from orchestrator.model.ids import Address, StackId, Token, TypeName, Uid
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Intent
from orchestrator.model.snapshot import Began
from orchestrator.seams.state import Holder
from tests.documents import API
from tests.documents import stack as stack_file

SLOW = """\
apiVersion: opsctl.dev/v1
kind: Resource
type: Local::Command
metadata: {name: slow}
spec: {create: [sh, -c, "echo > began; sleep 60"]}
"""


def fits(stack, document):
    """The document, held to the schema that opsctl itself prints for it."""
    schema = stack.run("schema", "--result", document["kind"]).json
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def alter(stack, statement):
    """What somebody else does to the state's file."""
    with sqlite3.connect(stack.folder / ".opsctl/state.db") as connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


def interrupted(name="letter"):
    """Leave the intent of a create behind, as a run does that was killed."""
    session = bootstrap.open_state(Path(), environment=None, progress=None)
    try:
        state = session.workspace.state
        marker = Marker(StackId("shop-1"), Address(name), Uid("u1"))
        intent = Intent(
            Token("t1"), Action.CREATE, TypeName("Local::Command"), marker.address, "local", marker, {"create": ["true"]}
        )  # fmt: skip
        lease = state.lease(Holder("somebody"))
        state.append(lease, [Began(intent)])
        state.release(lease)
    finally:
        session.close()


@pytest.fixture
def grown(stack):
    """A stack with two applies behind it."""
    stack.values(a="1")
    stack.apply()
    stack.values(a="2", b="3")
    stack.apply()
    return stack


def test_a_sound_state_is_said_to_be(grown):
    ran = grown.run("state", "verify")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("The state of shop-1: 2 resources, revision 2; ")
    assert "wrong" not in ran.out
    document = fits(grown, grown.run("state", "verify", "--output", "json").json)
    assert document["valid"]
    assert all(check["valid"] for check in document["checks"].values())


def test_a_state_that_was_never_written_is_sound(stack):
    assert fits(stack, stack.run("state", "verify", "--output", "json").json)["resources"] == 0


def test_a_damaged_snapshot_is_told_of_and_mended_by_the_next_apply(grown):
    """Plan warns and goes on; verify ends with 1 and says that nothing is lost."""
    alter(grown, "UPDATE part SET body = 'x' WHERE key = 'a'")
    ran = grown.run("state", "verify")
    assert ran.code == 1
    assert "checksums   1 wrong:\n    the snapshot: the row of a is changed" in ran.out
    assert "Nothing of the state is lost" in ran.out
    planned = grown.run("plan")
    assert (planned.code, "the state is damaged, and nothing is lost" in planned.err) == (0, True)
    grown.values(a="2", b="4")
    grown.apply()
    assert grown.run("state", "verify").code == 0


def test_a_damaged_entry_of_the_past_is_shown_where_it_stands(grown):
    """The state goes on; history and the audit name it, and what it would need to be told cannot be told."""
    alter(grown, "UPDATE journal SET body = 'x' WHERE sequence = 3")
    shown = grown.run("state", "history")
    assert shown.code == 0
    assert "     3    damaged: this entry was changed" in shown.out
    document = grown.run("state", "history", "--output", "json").json
    assert [e["entry"] for e in document["entries"]].count("damaged") == 1
    verified = fits(grown, grown.run("state", "verify", "--output", "json").json)
    assert (verified["valid"], verified["readable"]) == (False, True)
    assert verified["checks"]["checksums"]["faults"] == ["journal entry 3 was changed"]
    assert verified["checks"]["audit"]["faults"] == ["entry 3 was changed"]
    assert grown.run("history").code == 0
    assert "journal entry 3 is missing or damaged" in grown.run("diff", "1").err
    grown.values(a="2", b="4")
    grown.apply()


def test_a_state_that_cannot_be_read_is_named_with_the_ways_on(grown):
    alter(grown, "DELETE FROM journal WHERE sequence = 2")
    alter(grown, "DELETE FROM part WHERE key = 'a'")
    ran = grown.run("state", "verify")
    assert ran.code == 1
    assert "cannot be read" in ran.out
    assert "opsctl state rebuild" in ran.out
    assert not fits(grown, grown.run("state", "verify", "--output", "json").json)["readable"]


def test_the_ways_on_from_a_damaged_state_lead_somewhere(grown):
    """As the hint says: put it aside, then a backup or the spec makes it again."""
    assert grown.run("state", "pull", "-o", "backup.json").code == 0
    alter(grown, "DELETE FROM journal WHERE sequence = 2")
    alter(grown, "DELETE FROM part WHERE key = 'a'")
    ran = grown.run("plan")
    assert (ran.code, ran.err.count("hint:")) == (1, 1)
    assert "state rebuild --force puts it aside" in ran.err
    for way in (("state", "push", "backup.json"), ("state", "rebuild", "--auto-approve")):
        for path in (grown.folder / ".opsctl").iterdir():
            path.rename(grown.folder / f"aside-{len(list(grown.folder.iterdir()))}")
        ended = grown.run(*way)
        assert ended.code == 0, ended.err
        assert grown.run("state", "verify").code == 0
        assert grown.run("plan", "--detailed-exitcode").code == 0


def broken_row(stack):
    """Neither the snapshot nor the journal says it all."""
    alter(stack, "DELETE FROM journal WHERE sequence = 2")
    alter(stack, "DELETE FROM part WHERE key = 'a'")


def broken_file(stack):
    """Pages of something else, behind a header that is whole."""
    path = stack.folder / ".opsctl/state.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


@pytest.mark.parametrize("spoil", [broken_row, broken_file])
def test_a_state_that_cannot_be_read_is_put_aside_and_made_anew(grown, spoil):
    """Only where it is asked for; it is kept as it was, and the result and the audit say where."""
    spoil(grown)
    refused = grown.run("state", "rebuild", "--auto-approve")
    assert refused.code == 1
    assert "state rebuild --force" in refused.err
    before = (grown.folder / ".opsctl/state.db").read_bytes()
    looked = fits(grown, grown.run("state", "rebuild", "--force", "--dry-run", "--output", "json").json)
    assert (looked["aside"], looked["done"]) == ("", False)
    assert (grown.folder / ".opsctl/state.db").read_bytes() == before
    rebuilt = grown.run("state", "rebuild", "--force", "--auto-approve")
    assert rebuilt.code == 0, rebuilt.err
    assert "The state that is there cannot be read" in rebuilt.out
    assert "It is kept as it is: " in rebuilt.out
    assert grown.run("plan", "--detailed-exitcode").code == 0
    assert grown.run("state", "verify").code == 0
    assert "put aside: done" in grown.run("audit", "show").out
    if spoil is broken_file:
        (aside,) = (grown.folder / ".opsctl").glob("state.db.aside-*Z")
        assert aside.read_bytes() == before
    else:
        with sqlite3.connect(grown.folder / ".opsctl/state.db") as connection:
            kept = connection.execute("SELECT count(*) FROM journal WHERE stack LIKE '%.aside-%'").fetchone()
        connection.close()
        assert kept[0] > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "opsctl.yaml is empty"),
        ("{HEAD}kind: Stack\nmetadata: {nme: shop, id: shop-1}\n", "metadata.name is required"),
        (
            """{HEAD}kind: Stack
metadata: {name: shop, id: shop-1}
state: {backend: sqlite, path: "${params.place}.db"}
params: {place: {type: string}}
""",
            "params has no 'place'",
        ),
    ],
)
def test_a_stack_file_that_does_not_say_which_state_is_meant_ends_the_command(grown, text, said):
    """Looking elsewhere would say that the state is empty, and writing there would be worse."""
    grown.write("opsctl.yaml", text.replace("{HEAD}", API))
    for command in (
        ("state", "list"),
        ("state", "unlock", "--force"),
        ("state", "rm", "a", "--auto-approve"),
    ):
        ran = grown.run(*command)
        assert (ran.code, ran.out) == (1, ""), command
        assert said in ran.err


def test_a_parameter_that_only_resources_need_is_not_asked_for_by_the_state(grown):
    """Nor are mistakes in other files in the way of whoever mends the state."""
    grown.write("opsctl.yaml", stack_file("shop-1", "params: {size: {type: string}}\n"))
    grown.write("wrong.yaml", "kind: [")
    ran = grown.run("state", "list")
    assert ran.code == 0
    assert "a" in ran.out.split()
    assert "has no value" not in ran.err


def test_a_state_of_a_newer_opsctl_is_not_put_aside(grown):
    """It is not damaged: an older program has no business with it."""
    with (grown.folder / ".opsctl/state.db").open("r+b") as file:
        file.seek(60)
        file.write(struct.pack(">I", 99))
    ran = grown.run("state", "rebuild", "--force", "--auto-approve")
    assert ran.code == 1
    assert "newer opsctl" in ran.err
    assert not list((grown.folder / ".opsctl").glob("*aside*"))


def test_an_old_row_that_was_put_back_is_found(grown):
    """Its checksum fits, and the journal says something else."""
    path = grown.folder / ".opsctl/state.db"
    shutil.copy(path, grown.folder / "old.db")
    grown.values(a="2", b="4")
    grown.apply()
    with sqlite3.connect(path) as connection:
        connection.execute("ATTACH 'old.db' AS old")
        for column in ("body", "sum"):
            connection.execute(
                f"UPDATE part SET {column} = (SELECT {column} FROM old.part WHERE key = 'b') WHERE key = 'b'"  # noqa: S608
            )
        (head,) = connection.execute("SELECT CAST(body AS TEXT) FROM head").fetchone()
        (total,) = connection.execute("SELECT sum(sum) FROM part").fetchone()
        body = json.dumps({**json.loads(head), "parts_sum": total}, separators=(",", ":"), sort_keys=True)
        connection.execute("UPDATE head SET body = ?, sum = ?", (body.encode(), zlib.crc32(body.encode())))
    connection.close()
    found = grown.run("state", "verify", "--output", "json").json["checks"]
    assert found["checksums"]["valid"]
    assert found["journal"]["faults"] == ["the state of b is not what the journal says"]


@pytest.mark.parametrize(
    ("answer", "said", "after"),
    [
        (["--gone"], "nothing of it is there", []),
        (["--id", "job-7"], "job-7 is what it made or meant", ["letter"]),
    ],
)
def test_an_interrupted_step_is_settled_by_what_a_person_found(stack, answer, said, after):
    """Under the lease, with who said it in the audit; afterwards nothing waits."""
    interrupted()
    ran = stack.run("state", "settle", "letter", *answer)
    assert (ran.code, said in ran.out) == (0, True)
    state = stack.run("show", "--output", "json").json
    assert (state["intents"], [r["address"] for r in state["resources"]]) == ([], after)
    run = stack.run("audit", "show", "--output", "json").json["runs"][-1]
    assert run["command"] == f"opsctl state settle letter {' '.join(answer)}"
    assert run["results"]["letter"].startswith("settle: done (")
    assert run["actor"]["process"]
    assert "no interrupted step on 'letter'" in stack.run("state", "settle", "letter", "--gone").err


def test_settling_speaks_json_and_asks_what_was_found(stack):
    interrupted()
    both = stack.run("state", "settle", "letter", "--gone", "--id", "job-7")
    assert (both.code, "what did you find?" in both.err) == (1, True)
    assert stack.run("state", "settle", "letter").code == 1
    near = stack.run("state", "settle", "leter", "--gone")
    assert (near.code, "letter" in near.err.partition("hint:")[2]) == (1, True)
    document = fits(stack, stack.run("state", "settle", "letter", "--id", "7", "--output", "json").json)
    assert [r["id"] for r in document["records"]] == ["7"]


def test_a_command_that_was_killed_half_way_is_settled_by_the_command_that_is_named(stack):
    """The real thing: a process that dies, the address that is named, and the one command."""
    stack.write("slow.yaml", SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "apply", "--auto-approve"],
        cwd=stack.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (stack.folder / "began").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert [i["address"] for i in stack.run("show", "--output", "json").json["intents"]] == ["slow"]
    assert stack.run("state", "settle", "slow", "--id", "here").code == 0
    assert stack.run("plan", "--detailed-exitcode").code == 0


def test_what_is_moved_forgotten_and_rebuilt_stands_in_the_audit_like_an_apply(grown):
    """Who, by which command, and what became of each address; one that was refused too."""
    assert grown.run("state", "mv", "a", "z", "--auto-approve").code == 0
    assert grown.run("state", "rm", "b", "--auto-approve").code == 0
    grown.values(z="2")
    assert grown.run("state", "rebuild", "--force", "--auto-approve").code == 0
    document = fits(grown, grown.run("audit", "show", "--output", "json").json)
    told = [(r["command"], r["results"]) for r in document["runs"][-3:]]
    assert [command for command, _ in told] == [
        "opsctl state mv a z",
        "opsctl state rm b",
        "opsctl state rebuild",
    ]
    assert told[0][1] == {"a": "move: done (to z)"}
    assert list(told[1][1]) == ["b"]
    assert told[2][1]["z"].startswith("found: done (")
    assert all(r["actor"]["owner"] and r["result"] == "done" for r in document["runs"][-3:])
    assert fits(grown, grown.run("audit", "verify", "--output", "json").json)["valid"]


@pytest.mark.parametrize(
    "command",
    [
        ("state", "mv", "a", "z", "--auto-approve"),
        ("state", "rm", "a", "--auto-approve"),
        ("state", "rebuild", "--force", "--auto-approve"),
        ("state", "settle", "a", "--gone"),
        ("undo", "2", "--auto-approve"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_whoever_holds_the_stack_is_waited_for_as_long_as_was_said(grown, command):
    """Without --lock-timeout it ends with 5 at once; with it, after that time, and the holder is named."""
    session = bootstrap.open_state(Path(), environment=None, progress=None)
    state = session.workspace.state
    lease = state.lease(Holder("somebody else", "apply"))
    try:
        assert grown.run(*command).code == 5
        waited = grown.run(*command, "--lock-timeout", "1s")
        assert (waited.code, "held by somebody else" in waited.err, "(waited 1 s)" in waited.err) == (
            5,
            True,
            True,
        )
    finally:
        state.release(lease)
        session.close()


def test_the_schema_of_a_result_is_printed_by_its_kind(stack):
    assert stack.run("schema", "--result", "rekey").json["properties"]["kind"] == {"const": "rekey"}
    assert "did you mean 'audit'" in stack.run("schema", "--result", "audti").err
    assert stack.run("schema", "Local::File", "--result", "plan").code == 1


@pytest.mark.parametrize(
    ("sections", "right"),
    [
        ({"encryption": {"key": {"passphrase": "env:SECRET"}, "fallback": [{"file": "old.key"}]}}, True),
        ({"encryption": {"key": "none", "required": False}}, True),
        ({"encryption": {"fallback": []}}, False),
        ({"encryption": {"key": "none", "salt": 1}}, False),
        (
            {"signatures": {"required": True, "keys": [{"name": "alice", "ed25519": "ssh-ed25519 AAAA"}]}},
            True,
        ),
        ({"signatures": {"demanded": True}}, False),
    ],
)
def test_the_schema_of_documents_knows_the_sections_of_a_stack(stack, sections, right):
    """What an editor underlines is what opsctl refuses."""
    schema = stack.run("schema").json
    document = {"apiVersion": "opsctl.dev/v1", "kind": "Stack", "metadata": {"name": "shop"}, **sections}
    assert jsonschema.Draft202012Validator(schema).is_valid(document) is right
