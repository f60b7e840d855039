"""Two runs on one stack, by the command line, on every backend: one holds it, the other is told who, or waits.

A run that was stopped past its lease, and wakes after another has done the work, stops by itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {{name: shop, id: shop}}
state: {state}
"""
SLOW = """apiVersion: opsctl.dev/v1
kind: Resource
type: Local::Command
metadata: {{name: {name}}}
dependsOn: {needs}
spec:
  create: [sh, -c, "echo {name} >> calls; while [ -e hold-{name} ]; do sleep 0.1; done"]
  delete: ["true"]
"""


class Runs:
    """A stack in a folder, and real processes on it."""

    def __init__(self, folder: Path, state: dict[str, str], environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = {
            k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "CI", "PG"))
        } | environ
        settings = ", ".join(f'{name}: "{value}"' for name, value in {**state, "lease": "1500ms"}.items())
        (folder / "opsctl.yaml").write_text(STACK.format(state=f"{{{settings}}}"))
        documents = [SLOW.format(name="first", needs="[]"), SLOW.format(name="second", needs="[first]")]
        (folder / "slow.yaml").write_text("---\n".join(documents))
        self.hold("first")
        self.started: list[subprocess.Popen[str]] = []

    def hold(self, name: str) -> None:
        """The command of this resource does not end."""
        (self.folder / f"hold-{name}").touch()

    def let_go(self, name: str) -> None:
        """It ends."""
        (self.folder / f"hold-{name}").unlink()

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *arguments],
            cwd=self.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, **environ: str) -> tuple[int, str]:
        process = self.start(*arguments, **environ)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    @property
    def calls(self) -> list[str]:
        """The commands that were run, in order."""
        path = self.folder / "calls"
        return path.read_text().split() if path.exists() else []

    def until(self, count: int) -> None:
        """So many commands have begun."""
        deadline = time.monotonic() + 30
        while len(self.calls) < count:
            assert time.monotonic() < deadline, self.calls
            time.sleep(0.05)

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()


PLACES = [
    "sqlite",
    "s3",
    "http",
    pytest.param("postgres", marks=pytest.mark.server),
    pytest.param("blob", marks=pytest.mark.server),
]


@pytest.fixture(params=PLACES)
def runs(request, tmp_path):
    """A stack whose state is kept in one of the backends."""
    state, environ = request.getfixturevalue(f"{request.param}_state")
    made = Runs(tmp_path, state, environ)
    yield made
    made.close()


def test_of_two_applies_one_runs_and_the_other_says_who_holds_the_stack(runs):
    """At once, with exit code 5; and `state unlock` shows the same."""
    first = runs.start(
        "apply", "--auto-approve", GITHUB_RUN_ID="77", GITHUB_ACTOR="carol", GITHUB_REPOSITORY="o/r"
    )
    runs.until(1)
    began = time.monotonic()
    code, said = runs.run("apply", "--auto-approve")
    assert code == 5, said
    for part in (
        "carol",
        f"process {first.pid} on ",
        "GitHub Actions",
        "o/r/actions/runs/77",
        "'opsctl apply'",
        "s ago)",
    ):
        assert part in said, said
    assert time.monotonic() - began < 15
    code, said = runs.run("state", "unlock")
    assert code == 1
    assert f"process {first.pid} on " in said
    runs.let_go("first")
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 0, said
    assert runs.calls == ["first", "second"]


def test_with_a_lock_timeout_the_other_waits_and_then_finds_nothing_to_do(runs):
    first = runs.start("apply", "--auto-approve")
    runs.until(1)
    code, said = runs.run("apply", "--auto-approve", "--lock-timeout", "1s")
    assert code == 5, said
    assert "waiting for the stack, up to 1 s: held by" in said
    assert "(waited 1 s)" in said
    second = runs.start("apply", "--auto-approve", "--lock-timeout", "1m")
    line = next(line for line in second.stdout if not line.startswith("note: "))
    assert "waiting for the stack, up to 60 s: held by" in line
    assert f"process {first.pid} on " in line
    runs.let_go("first")
    for process in (first, second):
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert runs.calls == ["first", "second"]


def test_a_run_that_was_stopped_past_its_lease_stops_by_itself(runs):
    """`kill -STOP`, another run to the end, `kill -CONT`: exit 5, no further call, and the next plan is empty."""
    first = runs.start("apply", "--auto-approve")
    runs.until(1)
    first.send_signal(signal.SIGSTOP)
    runs.let_go("first")
    code, said = runs.run("apply", "--auto-approve", "--lock-timeout", "1m")
    assert code == 0, said
    assert "has run out: taken over" in said
    assert runs.calls == ["first", "first", "second"], "the call under way is settled by the successor"
    first.send_signal(signal.SIGCONT)
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 5, said
    assert "the lease on stack shop" in said
    assert "settled by the next plan or apply" in said
    assert runs.calls == ["first", "first", "second"], "the run that lost the stack has started no call"
    code, said = runs.run("plan", "--detailed-exitcode")
    assert code == 0, said
