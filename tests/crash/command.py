"""A real sandbox in a process of its own, the real command line in forked children, and a look from outside."""

from __future__ import annotations

import importlib.util
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path

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

    def __init__(self, folder: Path, *, transition: float = 0.1) -> None:
        self.folder = folder
        self.faults = folder / "faults.yaml"
        self.faults.write_text("faults: []\n")
        self.environ = {
            **{n: v for n, v in os.environ.items() if not n.startswith(("OPSCTL", "OS_", "AWS_", "AZURE_"))},
            "OPSCTL_SANDBOX": str(folder / "sandbox"),
            "OPSCTL_SANDBOX_TRANSITION": str(transition),
        }
        self._command("up", "--faults", str(self.faults))
        self.outside = outside.Outside(folder / "sandbox")

    def _command(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "orchestrator", "sandbox", *arguments]
        subprocess.run(command, env=self.environ, check=True, capture_output=True)

    def settings(self, cloud: str) -> dict:
        """How a provider reaches one of the clouds."""
        told = json.loads((self.folder / "sandbox" / "sandbox.json").read_text("utf-8"))
        return told["clouds"][cloud]["settings"]

    def down(self) -> None:
        self._command("down")


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
    """The warm process whose children are the commands: one at a time.

    ``mutant`` names what is broken in them, ``faster`` is how much faster time passes for whoever waits.
    """

    def __init__(self, *, mutant: str = "", faster: float = 1.0) -> None:
        self._manner = {"mutant": mutant, "faster": faster}
        command = [sys.executable, "-m", "tests.crash.launcher"]
        self._process = subprocess.Popen(
            command, cwd=HERE.parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def but(self, **manner: str | float) -> Launcher:
        """The same process, whose commands are of another manner."""
        other = copy(self)
        other._manner = {**self._manner, **manner}
        return other

    def start(self, order: dict) -> int:
        """Begin a run; its pid."""
        self._process.stdin.write(json.dumps({**self._manner, **order}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())["pid"]

    def ended(self) -> dict:
        """Wait for the end of the run that was begun."""
        return json.loads(self._process.stdout.readline())

    def has_said(self) -> bool:
        """Whether the end of the run can be read: each line is read whole, so none is left in between."""
        return bool(select.select([self._process.stdout], [], [], 0)[0])

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@dataclass(frozen=True)
class Run:
    """A run that goes on."""

    pid: int
    launcher: Launcher
    log: Path
    wants_json: bool

    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return not self.launcher.has_said()

    def ended(self) -> Ended:
        """Wait for its end."""
        how, text = self.launcher.ended(), self.log.read_text()
        document = {}
        if self.wants_json and how["code"] >= 0:  # notes may stand before it and behind it
            document, _ = json.JSONDecoder().raw_decode(text, f"\n{text}".index("\n{"))
        return Ended(how["code"], text, how["seconds"], document)


class Stack:
    """A stack in a folder, and the command line in it."""

    def __init__(self, folder: Path, environ: Mapping[str, str], launcher: Launcher) -> None:
        self.folder, self._launcher = folder, launcher
        self.environ = dict(environ)
        self.secrets: list[str] = []
        self.said: list[str] = []
        folder.mkdir(exist_ok=True)

    def write(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text)

    def start(
        self, *arguments: str, launcher: Launcher | None = None, kill_after: float | None = None
    ) -> Run:
        """Begin one run of the command; killed after so many seconds where that is asked for."""
        launcher = launcher or self._launcher
        log = self.folder.parent / f"{self.folder.name}-{id(launcher)}.log"
        order = {
            "arguments": arguments,
            "folder": str(self.folder),
            "environ": self.environ,
            "log": str(log),
            "kill_after": kill_after,
        }
        return Run(launcher.start(order), launcher, log, "json" in arguments)

    def opsctl(
        self,
        *arguments: str,
        kill_after: float | None = None,
        started: Callable[[int], None] = lambda _: None,
    ) -> Ended:
        """One run of the command, to its end; ``started`` is told its pid."""
        run = self.start(*arguments, kill_after=kill_after)
        started(run.pid)
        ended = run.ended()
        self.said.append(ended.text)
        return ended

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

    def files(self) -> list[Path]:
        """Every file that this stack wrote."""
        return [path for path in self.folder.rglob("*") if path.is_file()]
