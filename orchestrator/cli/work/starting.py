"""init: the files of a first stack, which can be applied as they are."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Final

from orchestrator.cli.console import Console
from orchestrator.model.errors import OpsctlError

_STACK: Final = """\
# The stack: its name, its clouds, its state and its policies.
apiVersion: opsctl.dev/v1
kind: Stack
metadata:
  name: {name}
  # The identity of this stack in every cloud and in its state: keep it, commit it.
  id: {id}
providers:
  local: {{}}
outputs:
  greeting: "${{hello.status.value}}"
"""
_FIRST: Final = """\
# A first resource. `opsctl types` lists what else there is; `opsctl explain Local::Value` explains this one.
apiVersion: opsctl.dev/v1
kind: Resource
type: Local::Value
metadata:
  name: hello
spec:
  value: "Hello from ${stack.name}"
"""
_IGNORE: Final = """\
# What opsctl keeps beside the specs: local state and saved plans.
.opsctl/
*.opsplan
"""


def init(console: Console, name: str | None) -> int:
    """Write the files; nothing at all where one of them is there already."""
    folder = Path()
    stack = name or _plain(folder.absolute().name)
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", stack):
        hint = "small letters, digits and dashes, beginning with a letter: opsctl init --name shop"
        raise OpsctlError(f"{stack!r} cannot be the name of a stack\nhint: {hint}")
    files = {
        "opsctl.yaml": _STACK.format(name=stack, id=f"{stack}-{uuid.uuid4().hex[:8]}"),
        "hello.yaml": _FIRST,
    }
    there = [file for file in files if (folder / file).exists()]
    if there:
        raise OpsctlError(f"{', '.join(there)} is there already: nothing was written")
    for file, text in files.items():
        (folder / file).write_text(text, "utf-8")
    _ignore(folder / ".gitignore")
    console.result(f"Wrote {', '.join(files)} and .gitignore for the stack {stack}.\nNext: opsctl plan")
    return 0


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "stack"


def _ignore(path: Path) -> None:
    """Add our lines to .gitignore, or write it; what is there stays."""
    present = path.read_text("utf-8") if path.exists() else ""
    missing = [line for line in _IGNORE.splitlines() if line not in present.splitlines()]
    if not present:
        path.write_text(_IGNORE, "utf-8")
    elif missing:
        path.write_text(present.rstrip("\n") + "\n\n" + "\n".join(missing) + "\n", "utf-8")
