"""The real command line on the sandbox: every ending is an exit code and one clear message, whatever went wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator import bootstrap
from orchestrator.cli.running import run

CLOUDS = ("AWS_", "AZURE_", "OS_", "OPSCTL_", "ARM_")
STACK = """\
apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: shop, id: %s}
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams."""
        return self.out + self.err

    @property
    def document(self) -> Any:
        """The result as JSON."""
        return json.loads(self.out)


def checked(ran: Ran) -> Ran:
    """What holds of every ending: no traceback, and nobody is told that opsctl itself is wrong."""
    assert "Traceback" not in ran.said, ran.said
    assert "mistake in opsctl" not in ran.said, ran.said
    return ran


class Stack:
    """The files of a stack in a folder of their own, and commands on them."""

    def __init__(self, folder: Path, identity: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.identity = identity
        self._capsys = capsys
        self.settings()

    def settings(self, **sections: Any) -> None:
        """Write opsctl.yaml with these sections."""
        self.write("opsctl.yaml", STACK % self.identity + (yaml.safe_dump(sections) if sections else ""))

    def write(self, name: str, text: str) -> Path:
        """Write a file of the stack."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def resources(self, *documents: dict[str, Any]) -> None:
        """Write resources: each a document without its head."""
        whole = [{"apiVersion": "opsctl.dev/v1", "kind": "Resource", **d} for d in documents]
        self.write("main.yaml", yaml.safe_dump_all(whole, sort_keys=False))

    def run(self, *arguments: str, environ: dict[str, str] | None = None) -> Ran:
        """Run a command in this process."""
        self._capsys.readouterr()
        code = run(arguments, environ or {})
        return checked(Ran(code, *self._capsys.readouterr()))

    def apply(self) -> Ran:
        """Apply without a question."""
        return self.run("apply", "--auto-approve")

    def addresses(self) -> set[str]:
        """What the state has."""
        listed = self.run("state", "list", "--output", "json")
        assert listed.code == 0, listed.err
        return {r["address"] for r in listed.document["resources"]}

    def recovers(self) -> None:
        """A good run completes, and the plan after it is empty."""
        applied = self.apply()
        assert applied.code == 0, applied.said
        again = self.run("plan", "--detailed-exitcode")
        assert again.code == 0, again.said

    def poorly(self, *arguments: str, **limits: int) -> Ran:
        """Run a command in a process of its own, in surroundings that lack something: see confined.py."""
        given = [f"--{name.replace('_', '-')}={value}" for name, value in limits.items()]
        command = [sys.executable, str(Path(__file__).with_name("confined.py")), *given, "--", *arguments]
        ran = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        return checked(Ran(ran.returncode, ran.stdout, ran.stderr))

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        """Run a command in a process of its own."""
        command = [sys.executable, "-m", "orchestrator", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more,
        )


class Sandbox:
    """The stand-ins of this test process, and the faults that they are told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "faults.yaml"
        self.file.write_text("[]")
        self.status = bootstrap.sandbox_up(folder, self.file)

    def faults(self, *rules: dict[str, Any]) -> None:
        """Put these rules in force, and no others."""
        temporary = self.file.with_suffix(".new")
        temporary.write_text(json.dumps(list(rules)))
        temporary.replace(self.file)

    def endpoint(self, cloud: str) -> str:
        """Where a stand-in listens."""
        return self.status.clouds[cloud].endpoint


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox a test process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPSCTL_SANDBOX_TRANSITION", "0.05")
        sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    bootstrap.sandbox_down(sandbox.folder)


@pytest.fixture
def sandbox(served: Sandbox, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The sandbox without faults; the stack's commands find it."""
    monkeypatch.setenv("OPSCTL_SANDBOX", str(served.folder))
    served.faults()
    yield served
    served.faults()


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stack:
    """An empty stack in the present folder, without anybody's credentials."""
    for name in [n for n in os.environ if n.startswith(CLOUDS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "stack").mkdir()
    monkeypatch.chdir(tmp_path / "stack")
    # Its end is part of the names of what it makes: no other stack on the same sandbox may have it.
    return Stack(tmp_path / "stack", f"shop-{uuid.uuid4().hex[:8]}", capsys)
