"""A disk that is full, read-only or somebody else's, and streams that lead nowhere: said, and nothing is lost.

A limit on the size of files stands for a full disk: it needs no rights, and strikes in the middle of a write.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.bad_input.test_clouds import each_cloud

APPLY = ("apply", "--auto-approve")
FILES = 12


def files(stack, content="x"):
    """So many files, each behind an intent of its own."""
    stack.resources(
        *(
            {"type": "Local::File", "metadata": {"name": f"f{i}"}, "spec": {"path": f"out/{i}", "content": content}}
            for i in range(FILES)
        )
    )  # fmt: skip


def made(stack):
    """The files that are there."""
    return {path.name for path in stack.folder.glob("out/*")}


def outcomes(ran):
    """What the result says of each resource."""
    return {o["address"]: o for o in json.loads(ran.out)["outcomes"]}


def test_wherever_the_disk_is_full_what_became_of_each_step_is_said_and_apply_goes_on(stack):
    """From no state at all to the last entry: what is said to be done is recorded, and what is made is known."""
    files(stack)
    middle = 0
    for size in (0, 4096, 24000, 33000, 41000, 50000, 58000, 66000, 82000, 120000):
        ran = stack.poorly(*APPLY, "--output", "json", file_size=size)
        if ran.code == 0:
            break
        assert ran.code == 1, ran.said
        assert "the disk is full or failing" in ran.err, ran.err
        told = outcomes(ran) if "outcomes" in json.loads(ran.out) else {}
        done = {a for a, o in told.items() if o["result"] == "done"}
        assert done <= stack.addresses()
        if told:
            middle += 1
            assert set(told) == {f"f{i}" for i in range(FILES)}
            assert {o["result"] for o in told.values()} <= {"done", "interrupted"}
            assert all(o["message"] for o in told.values() if o["result"] == "interrupted")
            assert "nothing further was started" in ran.err
            lost = {a for a in told if a[1:] in made(stack) and a not in done}
            assert all("next run" in told[a]["message"] for a in lost)
        stack.recovers()
        assert made(stack) == {str(i) for i in range(FILES)}
        assert stack.run("destroy", "--auto-approve").code == 0
        for path in (stack.folder / ".opsctl").iterdir():
            path.unlink()
    assert middle >= 3


@each_cloud
def test_when_the_disk_is_full_in_the_middle_nothing_is_made_twice(stack, sandbox, cloud):
    """What was called and not recorded is found again by the next run, on every cloud."""
    cloud.use(stack, *(f"n{i}" for i in range(6)))
    for size in (45000, 53000, 61000):
        ran = stack.poorly(*APPLY, file_size=size)
        if ran.code != 0:
            assert ran.code == 1, ran.said
            assert "the disk is full or failing" in ran.err
    stack.recovers()
    assert len(cloud.mine(stack)) == 6
    assert len(stack.addresses()) == 6


def test_a_full_disk_leaves_no_half_of_a_plan_file(stack):
    """The plan that was there before stays as it was."""
    files(stack)
    assert stack.run("plan", "-o", "p.opsplan").code == 0
    before = (stack.folder / "p.opsplan").read_bytes()
    ran = stack.poorly("plan", "-o", "p.opsplan", file_size=1000)
    assert ran.code == 1
    assert "cannot write the plan to p.opsplan: File too large" in ran.err
    assert (stack.folder / "p.opsplan").read_bytes() == before
    assert [p.name for p in stack.folder.iterdir() if p.name.startswith(".p.")] == []


def test_no_report_of_a_crash_can_be_written_and_the_place_is_said_instead(tmp_path):
    """Where even the report finds no room: no half of it is left, and the message has the mistake's place."""
    program = """
import resource, sys
from orchestrator.cli import about
def broken(*_): raise RuntimeError("impossible")
about.console_of = broken
from orchestrator.cli.running import run
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
sys.exit(run(["version"]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert ran.returncode == 1
    assert "RuntimeError: impossible" in ran.stderr
    assert (
        "a report could not be written (File too large); it happened in <string>, line 4, in broken"
        in ran.stderr
    )
    assert list(tmp_path.iterdir()) == []


def test_without_a_place_for_temporary_files_everything_works(stack, monkeypatch):
    """Nothing of opsctl needs /tmp."""
    files(stack)
    (stack.folder / "tmp").mkdir(mode=0o500)
    monkeypatch.setenv("TMPDIR", str(stack.folder / "tmp"))
    assert stack.poorly("plan", "-o", "p.opsplan", bound=1).code == 0
    assert stack.poorly("apply", "p.opsplan", bound=1).code == 0
    stack.recovers()


@pytest.fixture
def forbidden(stack):
    """Takes rights from a path for the time of one command that they bind."""
    files(stack)

    def run(path, mode, *arguments):
        place = stack.folder / path
        before = place.stat().st_mode
        place.chmod(mode)
        try:
            return stack.poorly(*arguments, bound=1)
        finally:
            place.chmod(before)

    return run


@pytest.mark.parametrize(
    ("path", "mode", "said"),
    [
        (".opsctl", 0o500, ["state.db", "check the permissions of the file and of its folder"]),
        (".opsctl", 0o000, ["the state cannot be used", ".opsctl", "Permission denied"]),
        (".opsctl/state.db", 0o400, ["state.db", "check the permissions of the file and of its folder"]),
        (".opsctl/state.db", 0o000, ["the state cannot be used: .opsctl/state.db: Permission denied"]),
    ],
)
def test_state_that_may_not_be_written_is_said_before_anything_is_done(stack, forbidden, path, mode, said):
    """The path and the reason; the next run, with the rights back, goes on."""
    assert stack.apply().code == 0
    files(stack, "y")
    ran = forbidden(path, mode, *APPLY)
    assert ran.code == 1, ran.said
    assert all(words in ran.err for words in said), ran.err
    assert (stack.folder / "out/0").read_text() == "x"
    stack.recovers()
    assert (stack.folder / "out/0").read_text() == "y"


def test_state_that_may_only_be_read_is_enough_for_a_plan(stack, forbidden):
    """Nobody needs the right to write to look."""
    assert stack.apply().code == 0
    files(stack, "y")
    for path, mode in ((".opsctl", 0o500), (".opsctl/state.db", 0o400)):
        ran = forbidden(path, mode, "plan")
        assert (ran.code, ran.out.splitlines()[-1]) == (0, f"Plan: {FILES} to update."), ran.said


def test_a_folder_in_which_no_state_can_be_made_is_said(stack, forbidden):
    """Nothing is made, and nothing half-made is left."""
    ran = forbidden(".", 0o500, *APPLY)
    assert ran.code == 1
    assert "the state cannot be used: .opsctl: Permission denied" in ran.err
    assert made(stack) == set()
    ran = forbidden(".", 0o500, "plan", "-o", "p.opsplan")
    assert (ran.code, ran.out) == (1, "")
    assert "cannot write the plan to p.opsplan: Permission denied" in ran.err


def test_a_lock_file_that_may_not_be_opened_costs_only_its_comfort(stack, forbidden):
    """The lease holds the stack; only that a dead owner is noticed at once is lost."""
    assert stack.apply().code == 0
    files(stack, "y")
    lock = next(p for p in (stack.folder / ".opsctl").iterdir() if p.name.endswith(".lock"))
    ran = forbidden(f".opsctl/{lock.name}", 0o000, *APPLY)
    assert ran.code == 0, ran.said
    stack.recovers()


def shell(stack, command):
    """A line of a shell in the stack's folder, with ``opsctl`` in it."""
    return subprocess.run(
        ["bash", "-c", command.replace("opsctl", f"{sys.executable} -m orchestrator")],
        cwd=stack.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_reader_of_the_plan_that_goes_away_is_no_error_to_tell(stack):
    """As in ``opsctl plan | head -1``."""
    stack.resources({"type": "Local::Value", "metadata": {"name": "a"}, "spec": {"value": "x" * 200_000}})
    ran = shell(stack, "opsctl plan --output json | head -c 1")
    assert (ran.stdout, ran.stderr) == ("{", "")


def test_a_plan_that_nobody_can_see_is_not_applied(stack):
    """Standard output is full, closed, or has lost its reader: the plan is not carried out."""
    files(stack)
    for command, said in (
        ("opsctl apply --auto-approve > /dev/full", "No space left on device"),
        ("opsctl apply --auto-approve >&-", "Bad file descriptor"),
    ):
        ran = shell(stack, command)
        assert ran.returncode == 1
        assert f"cannot be written to standard output: {said}; nothing was applied" in ran.stderr
        assert "Traceback" not in ran.stderr
        assert made(stack) == set()
    stack.recovers()


def test_a_result_that_is_lost_after_the_apply_is_said_and_the_state_has_it(stack):
    """JSON is written at the end only: the apply is done by then."""
    files(stack)
    ran = shell(stack, "opsctl apply --auto-approve --output json > /dev/full")
    assert ran.returncode == 1
    assert "cannot be written to standard output" in ran.stderr
    assert "what was done is done and recorded" in ran.stderr
    assert stack.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-"])
def test_remarks_that_nobody_hears_stop_nothing(stack, where):
    """Progress on a standard error that is full or closed: the apply goes on."""
    files(stack)
    ran = shell(stack, f"opsctl apply --auto-approve {where}")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"Apply: {FILES} created." in ran.stdout
    stack.recovers()


@each_cloud
def test_a_partial_failure_goes_on_with_the_next_apply(stack, sandbox, cloud):
    """Three of ten are refused: seven are kept, and the next apply makes the three, without being told which."""
    cloud.use(stack, *(f"n{i}" for i in range(10)))
    refusal = {
        "aws": {"status": 400, "code": "VpcLimitExceeded"},
        "azure": {"status": 409, "code": "QuotaExceeded"},
    }
    wrong = refusal.get(cloud.name, {"status": 409, "code": "OverQuota"})
    sandbox.faults(cloud.fault("error", cloud.create, after=2, times=3, **wrong))
    ran = stack.poorly(*APPLY, "--output", "json")
    assert ran.code == 1
    results = [o["result"] for o in outcomes(ran).values()]
    assert (results.count("done"), results.count("failed")) == (7, 3)
    before = set(cloud.mine(stack))
    assert len(before) == 7
    sandbox.faults()
    again = stack.poorly(*APPLY)
    assert again.code == 0, again.said
    assert "Apply: 3 created." in again.out
    assert before < set(cloud.mine(stack))
    stack.recovers()
    assert len(cloud.mine(stack)) == 10
