"""A real sandbox in a process of its own, the real command line, and the vendors' SDKs to look from outside."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"


def _outside():
    """The demo's view of the clouds, by the vendors' SDKs."""
    spec = importlib.util.spec_from_file_location("outside", EXAMPLES / "multi-cloud" / "outside.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


outside = _outside()


class Sandbox:
    """`opsctl sandbox up` in a folder of its own, stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults = folder / "faults.yaml"
        self.faults.write_text("faults: []\n")
        self.environ = {
            **{n: v for n, v in os.environ.items() if not n.startswith(("OPSCTL", "OS_", "AWS_", "AZURE_"))},
            "OPSCTL_SANDBOX": str(folder / "sandbox"),
            "OPSCTL_SANDBOX_TRANSITION": "0.1",
        }
        self._command("up", "--faults", str(self.faults))
        self.outside = outside.Outside(folder / "sandbox")

    def _command(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "orchestrator", "sandbox", *arguments]
        subprocess.run(command, env=self.environ, check=True, capture_output=True)

    def down(self) -> None:
        self._command("down")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """One for all tests of a worker: each leaves it as it was, or looks at its own things only."""
    made = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield made
    made.down()


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    text: str
    seconds: float = 0.0
    document: dict = field(default_factory=dict)

    @property
    def killed(self) -> bool:
        return self.code == -9


class Launcher:
    """The warm process whose children are the commands."""

    def __init__(self, mutant: str = "") -> None:
        command = [sys.executable, str(HERE / "launcher.py"), mutant]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, order: dict) -> dict:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="session")
def launcher():
    made = Launcher()
    yield made
    made.close()


@pytest.fixture
def mutant():
    """A launcher of a broken opsctl."""
    made = []

    def start(name: str) -> Launcher:
        made.append(Launcher(name))
        return made[-1]

    yield start
    for each in made:
        each.close()


class Stack:
    """A stack in a folder, and the command line in it."""

    def __init__(self, folder: Path, sandbox: Sandbox, launcher: Launcher) -> None:
        self.folder, self.sandbox, self._launcher = folder, sandbox, launcher
        self.environ = dict(sandbox.environ)
        self.secrets: list[str] = []
        self.said: list[str] = []
        folder.mkdir(exist_ok=True)

    def write(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text)

    def opsctl(self, *arguments: str, kill_after: float | None = None) -> Ended:
        """One run of the command; killed after so many seconds where that is asked for."""
        log = self.folder.parent / f"{self.folder.name}.log"
        order = {
            "arguments": arguments,
            "folder": str(self.folder),
            "environ": self.environ,
            "log": str(log),
            "kill_after": kill_after,
        }
        ended = self._launcher.run(order)
        text = log.read_text()
        self.said.append(text)
        document = (
            json.loads(text[f"\n{text}".index("\n{") :]) if "json" in arguments and ended["code"] >= 0 else {}
        )
        return Ended(ended["code"], text, ended["seconds"], document)

    def apply(self, *arguments: str) -> Ended:
        """Apply, and insist that it succeeds."""
        ended = self.opsctl("apply", "--auto-approve", *arguments)
        assert ended.code == 0, ended.text
        return ended

    def changes(self, *arguments: str) -> dict[str, dict]:
        """What a plan would do, but for nothing and reading."""
        ended = self.opsctl("plan", "--output", "json", *arguments)
        assert ended.code in (0, 3), ended.text
        return {c["address"]: c for c in ended.document["changes"] if c["action"] not in ("no-op", "read")}

    def state(self) -> dict:
        return self.opsctl("state", "list", "--output", "json").document

    def destroy(self, *arguments: str) -> None:
        ended = self.opsctl("destroy", "--auto-approve", *arguments)
        assert ended.code == 0, ended.text

    def inventory(self) -> Counter:
        return self.sandbox.outside.inventory()

    def files(self) -> list[Path]:
        """Every file that this stack and the sandbox wrote."""
        roots = (self.folder, self.sandbox.folder)
        return [path for root in roots for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def stack(tmp_path, sandbox, launcher):
    """An empty stack; the test writes its files."""
    return Stack(tmp_path / "stack", sandbox, launcher)


@pytest.fixture
def make_stack(tmp_path, sandbox):
    """A stack run by a launcher of the test's choice."""
    return lambda launcher, name="stack": Stack(tmp_path / name, sandbox, launcher)
