"""A stack in a folder of its own, and the command line run on it in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.running import run

STACK = """\
apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: shop, id: shop-1}
"""
VALUE = """\
apiVersion: opsctl.dev/v1
kind: Resource
type: Local::Value
metadata: {name: %s}
spec:
  value: %s
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The result as a document."""
        return json.loads(self.out)


class Stack:
    """Files of a stack, and commands on it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.write("opsctl.yaml", STACK)

    def write(self, name: str, text: str) -> None:
        """Write a file of the stack."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def values(self, **values: str) -> None:
        """Resources of the kind Local::Value, by name."""
        self.write("values.yaml", "---\n".join(VALUE % item for item in values.items()))

    def run(self, *arguments: str, environ: dict[str, str] | None = None) -> Ran:
        """Run a command."""
        self._capsys.readouterr()
        code = run(arguments, environ or {})
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    def apply(self) -> Ran:
        """Apply, which must succeed."""
        ran = self.run("apply", "--auto-approve")
        assert ran.code == 0, ran.err
        return ran


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stack:
    """An empty stack in the present folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return Stack(tmp_path, capsys)
