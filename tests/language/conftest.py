"""Stacks in a folder, from what a test writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

STACK = "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: shop}\n"
HEAD = "apiVersion: opsctl.dev/v1\nkind: Resource\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files below a folder, which is the working directory; returns ``Path('.')``.

    Names are ``a__b.yaml`` for ``a/b.yaml``; a stack file is there unless one is given.
    """
    monkeypatch.chdir(tmp_path)

    def files(stack: str | None = STACK, /, **texts: str | bytes) -> Path:
        if stack is not None:
            Path("opsctl.yaml").write_text(stack if stack.startswith("api") else STACK + stack)
        for name, text in texts.items():
            path = Path(name.replace("__", "/") + ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Path()

    return files


def resource(name: str, rest: str = "") -> str:
    """A resource document, with more of it after the name."""
    return f"{HEAD}type: Local::Value\nmetadata: {{name: {name}}}\n{rest}"
