"""The house keeps its size: short files, short functions, a fast start, and nothing of one machine in it."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "orchestrator").rglob("*.py")) + sorted((ROOT / "providers").rglob("*.py"))
HEAVY = [
    "boto3",
    "botocore",
    "azure",
    "openstack",
    "urllib3",
    "regorus",
    "cel_expr_python",
    "rich.table",
    "yaml",
]


def functions():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def test_files_are_short():
    """Median at most 120 lines, none over 500."""
    sizes = {path: len(path.read_text().splitlines()) for path in SOURCES}
    assert [str(p) for p, size in sizes.items() if size > 500] == []
    assert statistics.median(sizes.values()) <= 120


def test_functions_are_short():
    """Median at most 10 lines, none over 60."""
    sizes = [(path, node.name, node.end_lineno - node.lineno + 1) for path, node in functions()]
    assert [f"{p}:{name} {size}" for p, name, size in sizes if size > 60] == []
    assert statistics.median(size for _, _, size in sizes) <= 10


def test_functions_take_at_most_six_positional_parameters():
    """Beyond that they are keyword-only, or a value of their own."""
    long = []
    for path, node in functions():
        names = [a.arg for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in {"self", "cls"}]
        if len(names) > 6:
            long.append(f"{path.name}:{node.name}")
    assert long == []


def test_help_imports_nothing_heavy():
    """``opsctl --help`` loads no cloud SDK, HTTP client, policy engine or expression engine."""
    code = (
        "import sys\n"
        "from orchestrator.__main__ import main\n"
        "sys.argv = ['opsctl', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', [m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("LOADED []")


@pytest.mark.parametrize("family", ["aws", "azure", "openstack", "local"])
def test_a_manifest_imports_no_sdk(family):
    """Knowing that a provider exists costs nothing."""
    code = f"import sys, providers.{family}\nprint([m for m in {HEAVY[:4]!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines()]


def test_no_path_of_one_machine_is_in_the_repository():
    """Nobody else has our folders."""
    pattern = re.compile(r"(^|[^A-Za-z0-9_.<{])/(work|farm)/")
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        found += [str(path) for line in text.splitlines() if pattern.search(line)]
    assert [f for f in found if not f.endswith("test_budgets.py")] == []


def test_locks_pin_with_hashes_and_name_no_address():
    """Every requirement of a lock has a version and a hash, and nothing says where it came from."""
    for lock in (ROOT / "requirements").glob("*.lock"):
        lines = [line for line in lock.read_text().splitlines() if line and not line.startswith("#")]
        heads = [i for i, line in enumerate(lines) if not line.startswith(" ")]
        assert heads, lock
        for start, end in pairwise([*heads, len(lines)]):
            assert "==" in lines[start]
            assert any("--hash=sha256:" in line for line in lines[start:end]), lines[start]
        assert "://" not in "\n".join(lines)
