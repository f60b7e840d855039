"""The governed example prints what its transcripts say: denied, approved, waived, expired, overridden."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "governed"
TRANSCRIPTS = sorted((EXAMPLE / "transcripts").glob("*.txt"))
_VOLATILE = (
    (re.compile(r"(?<=created)  [0-9.]+s$", re.MULTILINE), ""),  # of a slow machine
    (re.compile(r"plan [0-9a-f]{12}"), "plan 0123456789ab"),
    (re.compile(r"(approved by \w+) on \d{4}-\d\d-\d\d:"), r"\1 on 2026-01-01:"),
    (re.compile(r"regorus [\d.]+"), "regorus 0"),
    (re.compile(r"in \d[\d.]* ?m?s\b"), "in 0s"),
)


@pytest.fixture
def governed(stack):
    """A copy of the example in which Alice has a key."""
    shutil.copytree(
        EXAMPLE, stack.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("transcripts", ".opsctl")
    )
    keygen = [
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "alice",
        "-f",
        str(stack.folder / "alice.key"),
    ]
    subprocess.run(keygen, check=True)
    public = (stack.folder / "alice.key.pub").read_text().split()[:2]
    base = stack.folder / "trusted" / "policy.yaml"
    base.write_text(re.sub(r'key: "[^"]*"', f'key: "{" ".join(public)}"', base.read_text()))
    return stack


def played(stack, transcript: str) -> str:
    """The transcript's commands, with what they print now and how they end."""
    lines = []
    for line in transcript.splitlines():
        if not line.startswith("$ opsctl "):
            continue
        ended = stack.opsctl(*shlex.split(line)[2:])
        lines += [line, ended.text.rstrip(), f"(exit code {ended.code})", ""]
    text = "\n".join(lines).rstrip() + "\n"
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return text


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda p: p.stem)
def test_a_transcript_is_true(path, governed):
    """Every command of it prints that, and ends so. ``OPSCTL_UPDATE_GOLDEN=1`` writes it anew, to be looked at."""
    now = played(governed, path.read_text())
    if os.environ.get("OPSCTL_UPDATE_GOLDEN"):
        path.write_text(now)
    assert now == path.read_text()


def test_there_is_one_for_each_way():
    """What the README lists is there."""
    assert [p.stem for p in TRANSCRIPTS] == ["approved", "denied", "expired", "overridden", "waived"]
