"""A reader who types what a page shows, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TOOK = re.compile(r"  \d+(\.\d+)?s$|  \d+m\d+s$", re.MULTILINE)
_STILL = re.compile(r"^… .+\n", re.MULTILINE)
_STEPS = re.compile(r"(?:^[✓↶!✗] .*\n?)+", re.MULTILINE)
_SHELL = """\
[ -f "$READER/memory" ] && . "$READER/memory"
eval "$1"
code=$?
{ export -p; printf 'cd %q\\n' "$PWD"; } > "$READER/memory"
exit $code
"""


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in _FENCE.finditer(text)]


def typed(block: Block) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with what the page shows below it."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def fits(shown: str, said: str) -> bool:
    """Whether a capture is what was said: ``…`` stands for what was left out, in a line or as a line of its own.

    Times and signs of life of slow steps are left out on both sides. Steps that end side by side may be told in any order.
    """
    parts = re.split(r"^[ ]*…\n", _plain(shown), flags=re.MULTILINE)
    lines = [".*?".join(map(re.escape, part.split("…"))) for part in parts]
    return re.fullmatch(r"(?:.*\n)*?".join(lines), _plain(said)) is not None


def _plain(text: str) -> str:
    text = _TOOK.sub("", _STILL.sub("", text))
    ordered = _STEPS.sub(lambda m: "\n".join(sorted(m[0].strip("\n").split("\n"))) + "\n", text)
    return "\n".join(line.rstrip() for line in ordered.strip("\n").split("\n")) + "\n"


class Reader:
    """Types commands into a shell that remembers its folder and its variables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.said: list[str] = []
        self.folder.mkdir()
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("AWS_", "AZURE_", "OS_", "OPSCTL_", "CI"))
        }
        self._environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "READER": str(folder),
            "OPSCTL_SANDBOX": str(folder / "sandbox"),
            "NO_COLOR": "1",
            "PYTHONUTF8": "1",
            "EXAMPLES": str(ROOT / "examples"),
        }

    def follow(self, page: Path) -> int:
        """Do all that a page says; returns how many commands that were."""
        count = 0
        for block in blocks(page):
            at = f"{page.name}:{block.line}"
            assert block.language in {"yaml", "rego", "console", "text"}, (
                f"{at}: {block.language} is not known here"
            )
            if block.language in {"yaml", "rego"}:
                self.write(block)
            for command, shown in typed(block) if block.language == "console" else ():
                code, said = self.type(command)
                self.said.append(said)
                assert fits(shown, said), f"{at}: {command}\n-- shown --\n{shown}-- said --\n{said}"
                assert code == 0 or "echo $?" in command, f"{at}: {command} ended with {code}\n{said}"
                count += 1
        return count

    def write(self, block: Block) -> None:
        """Write a file block: its first line names the file."""
        name = re.match(r"# ([\w./-]+\.(?:yaml|rego))\n", block.text)
        assert name, f"line {block.line}: a block of YAML begins with a comment that names its file"
        if name[1].endswith(".yaml"):
            list(yaml.safe_load_all(block.text))
        here = self._where() / name[1]
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_text(block.text, encoding="utf-8")

    def type(self, command: str) -> tuple[int, str]:
        """Run a command; returns its exit code, and all that it said."""
        ran = subprocess.run(
            ["bash", "-c", _SHELL, "reader", command],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=180,
            check=False,
        )
        return ran.returncode, ran.stdout

    fits = staticmethod(fits)
    blocks = staticmethod(blocks)

    def _where(self) -> Path:
        return Path(self.type("pwd")[1].strip())


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader with an empty folder, and a sandbox of their own that is stopped in the end."""
    someone = Reader(tmp_path)
    yield someone
    if (tmp_path / "sandbox" / "sandbox.json").exists():
        someone.type("opsctl sandbox down")
