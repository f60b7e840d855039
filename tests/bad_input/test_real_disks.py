"""A real file system that is really full, and one that is really mounted read-only: said, and nothing is lost.

They are mounted by the test, which needs root as `tests/servers/run` has it.
"""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.bad_input.conftest import Stack

pytestmark = pytest.mark.server
FILES = 8
SIZE = 1024 * 1024
APPLY = ("apply", "--auto-approve")


class Disk:
    """A file system in memory, of its own size, mounted on a folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0755", "tmpfs", str(folder)], check=True
        )

    def leave(self, free):
        """Fill it up, but for so many bytes."""
        there = os.statvfs(self.folder)
        with (self.folder / "filler").open("wb") as file:
            file.write(b"x" * max(there.f_bavail * there.f_frsize - free, 0))

    def clear(self):
        (self.folder / "filler").unlink()

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path):
    """Unmounted at the end, whatever is still open on it."""
    made = Disk(tmp_path / "disk")
    yield made
    subprocess.run(["umount", "--lazy", str(made.folder)], check=True)


@pytest.fixture
def on_it(stack, disk, monkeypatch, capsys):
    """A stack on that disk."""
    monkeypatch.chdir(disk.folder)
    return Stack(disk.folder, stack.identity, capsys)


def files(stack, content):
    stack.resources(
        *(
            {"type": "Local::File", "metadata": {"name": f"f{i}"}, "spec": {"path": f"out/{i}", "content": content}}
            for i in range(FILES)
        )
    )  # fmt: skip


def contents(stack):
    return {path.read_text() for path in stack.folder.glob("out/*")}


def test_a_disk_that_is_full_at_any_moment_loses_nothing(on_it, disk):
    """From not a byte to enough: what is said to be done is recorded, and with space again the next apply goes on."""
    files(on_it, "first")
    assert on_it.apply().code == 0
    ended = set()
    for turn, free in enumerate((0, 4096, 12288, 28672, 45056, 65536, 98304, 262144)):
        files(on_it, f"turn {turn}")
        disk.leave(free)
        ran = on_it.poorly(*APPLY)
        ended.add(ran.code)
        if ran.code:
            assert "No space left on device" in ran.said or "the disk is full or failing" in ran.said, (
                ran.said
            )
        assert on_it.run("state", "list").code == 0
        disk.clear()
        on_it.recovers()
        assert contents(on_it) == {f"turn {turn}"}
        assert on_it.run("state", "verify").code == 0
    assert ended == {0, 1}


def test_a_disk_without_a_byte_left_refuses_a_first_apply_and_is_used_after_it_was_cleared(on_it, disk):
    files(on_it, "first")
    disk.leave(0)
    ran = on_it.poorly(*APPLY)
    assert ran.code == 1
    assert "state" in ran.err
    assert contents(on_it) == set()
    disk.clear()
    on_it.recovers()


def test_a_disk_that_was_mounted_read_only_is_planned_on_and_not_written(on_it, disk):
    """As an operating system does when a disk fails: looking goes on, applying is refused before anything is done."""
    files(on_it, "first")
    assert on_it.apply().code == 0
    files(on_it, "second")
    disk.remount("ro")
    planned = on_it.poorly("plan")
    assert (planned.code, f"Plan: {FILES} to update." in planned.out) == (0, True), planned.said
    assert on_it.poorly("state", "verify").code == 0
    ran = on_it.poorly(*APPLY)
    assert ran.code == 1
    assert ".opsctl/state.db: cannot be written" in ran.err
    assert "its disk is mounted read-only" in ran.err
    assert contents(on_it) == {"first"}
    disk.remount("rw")
    on_it.recovers()
    assert contents(on_it) == {"second"}
