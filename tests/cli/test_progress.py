"""What a run tells while it goes on."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys

from orchestrator.cli.render.progress import Events
from orchestrator.cli.render.style import Style
from orchestrator.model.change import Action
from orchestrator.model.ids import Address
from orchestrator.model.outcome import Outcome, Result

CTRL_C = b"\x03"


class Time:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def events() -> tuple[Events, Time, io.StringIO]:
    """Events on a stream that is no terminal."""
    stream, time = io.StringIO(), Time()
    return Events(stream, Style(), time), time, stream


def outcome(name: str, result: Result = Result.DONE, action: Action = Action.CREATE) -> Outcome:
    """A step that took half a second."""
    return Outcome(Address(name), action, result, seconds=0.5)


def test_a_line_a_finished_step():
    """With its sign, its address and its time; once, though it is told twice."""
    told, _, stream = events()
    told.stage("apply", 2)
    told.ended(outcome("web"))
    told.ended(outcome("web"))
    assert stream.getvalue() == "✓ web  created  0.5s\n"


def test_what_was_quiet_and_went_well_is_not_told():
    """Reads and no-ops say nothing, unless they fail."""
    told, _, stream = events()
    told.ended(outcome("a", Result.NOTHING, Action.NOOP))
    told.ended(outcome("b", Result.DONE, Action.READ))
    told.ended(outcome("c", Result.FAILED, Action.READ))
    assert stream.getvalue() == "✗ c  read failed  0.5s\n"


def test_a_long_silence_is_broken():
    """A CI runner sees what is waited for, every half minute."""
    told, time, stream = events()
    told.doing(Address("db"), "waiting for available")
    time.now = 29
    told.tick()
    assert stream.getvalue() == ""
    time.now = 95
    told.tick()
    told.tick()
    assert stream.getvalue() == "… db  waiting for available  1m35s\n"


def test_a_running_step_counts_from_its_begin():
    """What it does changes, its time goes on."""
    told, time, _ = events()
    told.doing(Address("db"), "creating")
    time.now = 10
    told.doing(Address("db"), "waiting")
    time.now = 20
    assert told.rows() == ["db  waiting  20s"]
    told.ended(outcome("db"))
    assert told.rows() == []


def on_a_terminal(stack, *arguments: str, typed: bytes = b"", **environ: str) -> tuple[int, str]:
    """Run a command on a terminal of its own and return its exit code and all that is seen."""
    ours, theirs = pty.openpty()
    whole = {
        "PATH": os.environ["PATH"],
        "HOME": str(stack.folder),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        **environ,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=stack.folder, env=whole, close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    interrupt = False
    while True:
        if interrupt and process.poll() is None and not select.select([ours], [], [], 1.0)[0]:
            process.send_signal(signal.SIGINT)  # the first came before the read began, as it may
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        seen += piece
        if typed and b"go on" in seen:
            if typed == CTRL_C:
                interrupt = True
                process.send_signal(signal.SIGINT)
            else:
                os.write(ours, typed)
            typed = b""
    os.close(ours)
    return process.wait(timeout=30), seen.decode()


def test_apply_asks_on_a_terminal(stack):
    """Anything but yes is no."""
    stack.values(a="1")
    code, seen = on_a_terminal(stack, "apply", typed=b"y\n")
    assert code == 1
    assert "not approved: nothing was done" in seen
    code, seen = on_a_terminal(stack, "apply", typed=b"yes\n")
    assert code == 0
    assert re.search(r"(^|\n|\x1b\[2K)  \x1b\[32;1m\+", seen), "the plan begins a line of its own"
    assert "created" in seen


def test_destroy_asks_for_the_name_of_the_stack(stack):
    """A habit of typing yes is not enough."""
    stack.values(a="1")
    stack.apply()
    code, seen = on_a_terminal(stack, "destroy", typed=b"yes\n")
    assert code == 1
    code, seen = on_a_terminal(stack, "destroy", typed=b"shop\n", NO_COLOR="1")
    assert code == 0
    assert "\x1b[3" not in seen
    assert "Destroy: 1 deleted." in seen


def test_ctrl_c_at_the_question_is_no(stack):
    """Exit code 130, nothing applied, no lock left."""
    stack.values(a="1")
    code, _ = on_a_terminal(stack, "apply", typed=CTRL_C)
    assert code == 130
    assert stack.run("state", "list").out == "The state is empty.\n"
    stack.apply()
