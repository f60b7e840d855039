"""Layout of Rego: as opa fmt has it, and nothing but layout."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from orchestrator.adapters.policy_format import format_rego

FILES = sorted((Path(__file__).parents[2] / "policies").rglob("*.rego"))


def messed(text: str, seed: int) -> str:
    """The same module with other indents, blank lines and spaces; raw strings and comments as they are."""
    pick = random.Random(seed)
    lines = []
    for line in text.splitlines():
        loose = not line.startswith(("#", "package", "import")) and not set('#`"') & set(line)
        inner = line.strip().replace(", ", ",").replace(" := ", ":=") if loose else line.strip()
        kept = line.startswith(("#", "package", "import"))
        lines.append(
            line if kept or not inner else f"{' ' * pick.randint(0, 6)}{inner}{' ' * pick.randint(0, 2)}"
        )
        if not inner:
            lines += [""] * pick.randint(0, 2)
    return "\n".join(lines)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_what_is_laid_out_stays(path):
    """Files in the layout of opa fmt are left as they are; one in another layout comes back to it."""
    text = path.read_text("utf-8")
    assert format_rego(text) == text
    assert format_rego(messed(text, 1)) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("package a\nx := [1,2 ]", "package a\n\nx := [1, 2]\n"),
        ("package a\n\n\n\nx:=1  #why", "package a\n\nx := 1 # why\n"),
        ('package a\n\nx := "a,b  #c"\n', 'package a\n\nx := "a,b  #c"\n'),
        ("package a\n\nx := `a\n  b,c`\n", "package a\n\nx := `a\n  b,c`\n"),
        ("package a\nimport rego.v1\nimport data.b\n", "package a\n\nimport data.b\nimport rego.v1\n"),
    ],
)
def test_strings_and_comments_keep_their_text(before, after):
    """Layout stops at quotes; a comment gets its space; imports are sorted."""
    assert format_rego(before) == after


@pytest.mark.server
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_opa_fmt_agrees(opa_binary, path):
    """Where only layout is wrong, the result is that of opa fmt, byte for byte."""
    text = messed(path.read_text("utf-8"), 2)
    theirs = subprocess.run([opa_binary, "fmt"], input=text, capture_output=True, text=True, check=True)
    assert format_rego(text) == theirs.stdout
