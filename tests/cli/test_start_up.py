"""What the command line costs before it does anything."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from orchestrator.cli.running import run

HEAVY = (
    "azure", "boto3", "botocore", "cel_expr_python", "moto", "msgspec", "openstack", "providers", "regorus",
    "rich", "urllib3", "werkzeug", "yaml", "orchestrator.bootstrap", "orchestrator.engine",
)  # fmt: skip
COMMANDS = (
    "init", "validate", "plan", "apply", "destroy", "show", "output", "graph", "drift", "state", "policy", "schema",
    "explain", "types", "providers", "sandbox", "version", "completion",
)  # fmt: skip
PROGRAM = """\
import sys
from orchestrator.cli.running import run
code = run(sys.argv[1:])
print(chr(10).join(sorted(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["version"]])
def test_help_imports_nothing_heavy(arguments):
    """No cloud SDK, HTTP client, Rich, YAML, policy or expression engine, and none of our own engine."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    loaded = set(ran.stderr.split())
    found = {name for name in loaded for heavy in HEAVY if name == heavy or name.startswith(f"{heavy}.")}
    assert not found


def test_a_plan_without_clouds_imports_no_cloud(tmp_path):
    """A stack of local values pays for no SDK, and without a terminal not for Rich either."""
    (tmp_path / "opsctl.yaml").write_text(
        "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: shop, id: shop-1}\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "-C", str(tmp_path), "plan"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {name.partition(".")[0] for name in ran.stderr.split()}
    assert not loaded & {"azure", "boto3", "botocore", "openstack", "rich", "moto", "regorus"}


def test_help_lists_every_command(capsys):
    """The commands of the product, and the exit codes."""
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n  {command} " in text
    assert "3 denied by policy" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell, capsys):
    """Each shell gets a script that asks opsctl."""
    assert run(["completion", shell]) == 0
    assert "_OPSCTL_COMPLETE" in capsys.readouterr().out


def test_completion_answers_a_shell():
    """What the script asks is answered with commands."""
    environ = {
        **os.environ,
        "_OPSCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": "opsctl pl",
        "COMP_CWORD": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "orchestrator"], env=environ, capture_output=True, text=True, check=False
    )
    assert "plan" in ran.stdout.split()
