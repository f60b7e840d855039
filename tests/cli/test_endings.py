"""Every way in which a command ends: signals, readers that go away, mistakes of our own."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.cli import about
from orchestrator.cli.crash import redacted
from orchestrator.cli.render.style import style_of

STACK = "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: shop, id: shop-1}\n"
SLOW = """\
apiVersion: opsctl.dev/v1
kind: Resource
type: Local::Command
metadata: {name: slow}
spec:
  create: [sh, -c, "echo started > began; sleep %s; echo done > ended"]
---
apiVersion: opsctl.dev/v1
kind: Resource
type: Local::Value
metadata: {name: after}
dependsOn: [slow]
spec: {value: 1}
"""


def start(folder: Path, seconds: str) -> subprocess.Popen[str]:
    """An apply that is in the middle of a call when this returns."""
    (folder / "opsctl.yaml").write_text(STACK)
    (folder / "slow.yaml").write_text(SLOW % seconds)
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "-C", str(folder), "apply", "--auto-approve"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 30
    while not (folder / "began").exists():
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_gently(tmp_path, number):
    """The call in flight is finished and saved, nothing new starts, the exit code is 130, and apply goes on."""
    process = start(tmp_path, "1")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (tmp_path / "ended").exists()
    assert "stopping" in err
    assert "interrupted before they started: after" in out
    assert "Run apply again" in out
    again = subprocess.run(
        [sys.executable, "-m", "orchestrator", "-C", str(tmp_path), "apply", "--auto-approve"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert again.returncode == 0
    assert "Apply: 1 created." in again.stdout


def test_a_second_signal_ends_at_once(tmp_path):
    """Nobody waits for the call in flight; what it did is settled by the next run."""
    process = start(tmp_path, "20")
    process.send_signal(signal.SIGINT)
    assert "stopping" in process.stderr.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)
    assert process.returncode == 130
    assert not (tmp_path / "ended").exists()


def test_a_reader_that_goes_away_is_no_crash(tmp_path):
    """As in ``opsctl types | head -1``."""
    ran = subprocess.run(
        f"{sys.executable} -m orchestrator schema | head -c 1",
        shell=True, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert ran.stdout == "{"
    assert ran.stderr == ""


def test_a_mistake_of_our_own_is_one_line_and_a_private_report(stack, monkeypatch):
    """No traceback on the terminal; the report has it, without secrets, for its owner only."""

    def broken(*_):
        raise RuntimeError("impossible: password=hunter2 and sesame-value")

    monkeypatch.setattr(about, "console_of", broken)
    monkeypatch.setattr("tempfile.tempdir", str(stack.folder))
    ran = stack.run("version", environ={"DB_PASSWORD": "sesame-value"})
    assert ran.code == 1
    assert "mistake in opsctl" in ran.err
    assert "Traceback" not in ran.err
    path = Path(re.search(r"\S*opsctl-crash-\S+\.txt", ran.err)[0])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "in broken" in text
    assert "sesame-value" not in text + ran.err
    assert "hunter2" not in text + ran.err


@pytest.mark.parametrize(
    "text",
    ["password: hunter2x", "Authorization: Bearer hunter2x-hunter2x", "https://me:hunter2x@host/", "AWS_SECRET_ACCESS_KEY=hunter2x", '"token": "hunter2x"'],
)  # fmt: skip
def test_reports_leave_out_what_looks_like_a_secret(text):
    """Whatever stands behind a telling name is left out."""
    assert "hunter2x" not in redacted(text, {})


class _Terminal:
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "colour", "live"),
    [({}, True, True), ({"NO_COLOR": "1"}, False, True), ({"CI": "true"}, False, False), ({"TERM": "dumb"}, False, False)],
)  # fmt: skip
def test_colour_and_live_lines_on_a_willing_terminal_only(environ, colour, live):
    """NO_COLOR, CI and dumb terminals are respected."""
    style = style_of(_Terminal(), environ)
    assert (style.colour, style.live) == (colour, live)


def test_no_colour_in_a_pipe():
    """A file gets plain text."""
    with Path(os.devnull).open("w", encoding="utf-8") as file:
        assert not style_of(file, {}).colour
