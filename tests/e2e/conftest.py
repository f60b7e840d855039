"""A sandbox for all tests of a worker, a warm launcher, and stacks to write into."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.crash.command import Launcher, Sandbox, Stack


class SandboxStack(Stack):
    """A stack whose clouds are a sandbox's."""

    def __init__(self, folder: Path, sandbox: Sandbox, launcher: Launcher) -> None:
        super().__init__(folder, sandbox.environ, launcher)
        self.sandbox = sandbox

    def inventory(self) -> Counter:
        return self.sandbox.outside.inventory()

    def files(self) -> list[Path]:
        """Every file that this stack and the sandbox wrote."""
        roots = (self.folder, self.sandbox.folder)
        return [path for root in roots for path in root.rglob("*") if path.is_file()]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """One for all tests of a worker: each leaves it as it was, or looks at its own things only."""
    made = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield made
    made.down()


@pytest.fixture(scope="session")
def launcher():
    made = Launcher()
    yield made
    made.close()


@pytest.fixture
def mutant(launcher):
    """A launcher of a broken opsctl."""
    return lambda name: launcher.but(mutant=name)


@pytest.fixture
def stack(tmp_path, sandbox, launcher):
    """An empty stack; the test writes its files."""
    return SandboxStack(tmp_path / "stack", sandbox, launcher)


@pytest.fixture
def make_stack(tmp_path, sandbox):
    """A stack run by a launcher of the test's choice."""
    return lambda launcher, name="stack": SandboxStack(tmp_path / name, sandbox, launcher)
