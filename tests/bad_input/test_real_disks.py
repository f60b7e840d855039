"""A real file system that is really full, and one that is really mounted read-only: said, and nothing is lost.

They are mounted by the test, which needs root as `tests/servers/run` has it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.bad_input.conftest import Stack

pytestmark = pytest.mark.server
FILES = 8
HALF = 3
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


class FailingDisk(Disk):
    """An ext4 on a loop device, which the kernel mounts read-only at its first error, whoever has files open on it."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        image = folder.with_suffix(".img")
        image.write_bytes(b"")
        os.truncate(image, 16 * SIZE)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        subprocess.run(["mount", "-o", "loop,errors=remount-ro", str(image), str(folder)], check=True)

    @property
    def error(self):
        """The kernel's switch that makes an error of this file system."""
        source = subprocess.run(
            ["findmnt", "-n", "-o", "SOURCE", str(self.folder)], check=True, capture_output=True, text=True
        ).stdout.strip()
        return Path("/sys/fs/ext4") / Path(source).name / "trigger_fs_error"

    def repair(self):
        """As an administrator does: unmount, check, mount again."""
        image = self.folder.with_suffix(".img")
        subprocess.run(["umount", str(self.folder)], check=True)
        checked = subprocess.run(["e2fsck", "-f", "-y", str(image)], check=False, capture_output=True)
        assert checked.returncode in (0, 1), checked.stdout
        subprocess.run(["mount", "-o", "loop,errors=remount-ro", str(image), str(self.folder)], check=True)


@pytest.fixture
def failing_disk(tmp_path):
    """Unmounted at the end, whatever is still open on it."""
    made = FailingDisk(tmp_path / "failing")
    yield made
    subprocess.run(["umount", "--lazy", str(made.folder)], check=True)


def test_a_disk_that_turns_read_only_in_the_middle_of_an_apply_loses_nothing(
    stack, failing_disk, tmp_path, monkeypatch, capsys
):
    """At its first error the kernel lets nobody write any more: said, nothing further is started, the rest is later."""
    said = tmp_path / "said"
    spoil = f"echo x > {failing_disk.error}"
    monkeypatch.chdir(failing_disk.folder)
    on_it = Stack(failing_disk.folder, stack.identity, capsys)
    on_it.resources(
        *(
            {
                "type": "Local::Command",
                "metadata": {"name": f"c{i}"},
                **({"dependsOn": [f"c{i - 1}"]} if i else {}),
                "spec": {"create": ["sh", "-c", f"echo {i} >> {said}; {spoil if i == HALF else 'true'}"]},
            }
            for i in range(FILES)
        )
    )
    os.sync()  # the stack's own files: opsctl syncs what it writes
    ran = on_it.poorly(*APPLY)
    assert ran.code == 1, ran.said
    assert ".opsctl/state.db: the disk is full or failing" in ran.err
    assert "look after the disk" in ran.err
    assert said.read_text().split() == [str(i) for i in range(HALF + 1)]
    listed = on_it.poorly("state", "list")
    assert (listed.code, "c2" in listed.out) == (0, True), listed.said
    monkeypatch.chdir(tmp_path)
    failing_disk.repair()
    monkeypatch.chdir(failing_disk.folder)
    assert on_it.run("state", "verify").code == 0
    assert on_it.addresses() >= {f"c{i}" for i in range(HALF)}
    assert on_it.run("state", "settle", f"c{HALF}", "--id", "made").code == 0
    on_it.resources(
        *(
            {"type": "Local::Command", "metadata": {"name": f"c{i}"}, "spec": {"create": ["sh", "-c", f"echo {i} >> {said}"]}}
            for i in range(HALF + 1, FILES)
        )
    )  # fmt: skip
    assert on_it.run("apply", "--auto-approve").code == 0
    assert sorted(said.read_text().split()) == [str(i) for i in range(FILES)]


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
