"""Files: whole, atomic, ours or refused."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from orchestrator.model.change import Action, Cause
from orchestrator.model.errors import PermanentError
from orchestrator.model.schema import check
from orchestrator.model.values import Secret

SPEC = {"path": "conf/app.txt", "content": "port = 1\n"}


def test_it_is_written_with_its_folders_for_its_owner_alone(file: Any, tmp_path: Path) -> None:
    seen = file.create(SPEC)
    path = tmp_path / "conf" / "app.txt"
    assert path.read_text() == "port = 1\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert seen.status == {
        "id": "conf/app.txt",
        "path": str(path),
        "sha256": hashlib.sha256(b"port = 1\n").hexdigest(),
        "size": 9,
    }
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "more", [{}, {"mode": "0644"}, {"mode": "755"}, {"content": ""}, {"content": "ä\r\n"}]
)
def test_after_apply_there_is_nothing_to_do(file: Any, more: dict[str, str]) -> None:
    spec = SPEC | more
    seen = file.create(spec)
    assert file.read(spec, seen.id) == seen
    assert file.propose(spec, seen, spec).action is Action.NOOP


def test_a_change_behind_our_back_is_drift_and_is_healed(file: Any, tmp_path: Path) -> None:
    file.create(SPEC)
    path = tmp_path / "conf" / "app.txt"
    path.write_text("port = 2\n")
    path.chmod(0o640)
    seen = file.read(SPEC, "conf/app.txt")
    proposal = file.propose(SPEC, seen, SPEC)
    assert {c.path[0]: (c.before, c.cause) for c in proposal.changes} == {
        "content": ("port = 2\n", Cause.DRIFT),
        "mode": ("0640", Cause.DRIFT),
    }
    file.update(SPEC, seen, SPEC)
    assert path.read_text() == "port = 1\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_deleted_behind_our_back_it_is_absent(file: Any, tmp_path: Path) -> None:
    file.create(SPEC)
    (tmp_path / "conf" / "app.txt").unlink()
    assert file.read(SPEC, "conf/app.txt") is None


def test_a_foreign_file_is_left_alone(file: Any, tmp_path: Path) -> None:
    """It is refused with what to do, it stays as it was, and it is not taken for ours afterwards."""
    (tmp_path / "conf").mkdir()
    path = tmp_path / "conf" / "app.txt"
    path.write_text("somebody's own")
    with pytest.raises(PermanentError, match="not ours: import it"):
        file.create(SPEC)
    assert path.read_text() == "somebody's own"
    assert file.provider.find(file.intent(Action.CREATE, SPEC)) is None
    assert list(path.parent.iterdir()) == [path]


def test_a_link_is_not_written_through(file: Any, tmp_path: Path) -> None:
    """Even where the link leads to the very content that is wanted."""
    other = tmp_path / "other"
    other.write_text(SPEC["content"])
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "app.txt").symlink_to(other)
    with pytest.raises(PermanentError):
        file.create(SPEC)
    with pytest.raises(PermanentError):
        file.read(SPEC, "conf/app.txt")
    assert (tmp_path / "conf" / "app.txt").is_symlink()


def test_an_interrupted_create_is_known_by_its_content(file: Any) -> None:
    assert file.provider.find(file.intent(Action.CREATE, SPEC)) is None
    seen = file.create(SPEC)
    assert file.provider.find(file.intent(Action.CREATE, SPEC)) == seen
    assert file.create(SPEC) == seen


def test_a_secret_is_written_and_never_told(file: Any, tmp_path: Path) -> None:
    """Its digest is not told either, and an intent of another run, which holds no value, settles to no."""
    spec = SPEC | {"content": Secret("hunter2", "env:PASSWORD", "v1")}
    seen = file.create(spec)
    assert (tmp_path / "conf" / "app.txt").read_text() == "hunter2"
    assert seen.status["sha256"] == ""
    assert file.provider.find(file.intent(Action.CREATE, spec)) is not None
    unknown = SPEC | {"content": Secret(None, "env:PASSWORD", "v1")}
    assert file.provider.find(file.intent(Action.CREATE, unknown)) is None
    assert file.create(spec) == seen


def test_deleting_what_is_gone_is_done(file: Any, tmp_path: Path) -> None:
    seen = file.create(SPEC)
    file.delete(seen, SPEC)
    assert not (tmp_path / "conf" / "app.txt").exists()
    file.delete(seen, SPEC)


def test_another_path_is_another_file(file: Any) -> None:
    assert file.propose(SPEC | {"path": "b"}, file.create(SPEC), SPEC).action is Action.REPLACE


@pytest.mark.parametrize("path", ["../b", "/etc/b", "a/../../b"])
def test_nothing_outside_of_the_stacks_folder_is_touched(file: Any, path: str) -> None:
    """Neither written nor read, so that it is refused at plan."""
    with pytest.raises(PermanentError, match="outside"):
        file.create(SPEC | {"path": path})
    with pytest.raises(PermanentError, match="outside"):
        file.read({"path": path}, path)


def test_a_link_to_a_folder_outside_leads_outside(file: Any, tmp_path: Path) -> None:
    (tmp_path / "conf").symlink_to("/")
    with pytest.raises(PermanentError, match="outside"):
        file.create(SPEC)


def test_outside_is_open_where_the_settings_say_so(asking: Any, tmp_path: Path) -> None:
    (tmp_path / "stack").mkdir()
    file = asking(tmp_path / "stack", "Local::File", outside=True)
    spec = SPEC | {"path": str(tmp_path / "else.txt")}
    file.create(spec)
    assert (tmp_path / "else.txt").exists()


@pytest.mark.parametrize(
    "spec", [{"path": "a"}, SPEC | {"mode": "rwx"}, SPEC | {"mode": 644}, SPEC | {"owner": "me"}]
)
def test_a_wrong_spec_is_found_before_anything_is_written(file: Any, spec: dict[str, Any]) -> None:
    assert len(list(check(spec, file.schema.spec))) == 1


@pytest.mark.parametrize("path", ["", ".", "a/"])
def test_a_path_names_a_file(file: Any, path: str) -> None:
    assert "names no file" in file.schema.refine(SPEC | {"path": path})[0]


def test_what_is_no_text_differs_and_does_not_break_the_read(file: Any, tmp_path: Path) -> None:
    file.create(SPEC)
    (tmp_path / "conf" / "app.txt").write_bytes(b"\xff\xfe")
    seen = file.read(SPEC, "conf/app.txt")
    assert seen.spec["content"].startswith("(2 bytes, sha256 ")
    assert file.propose(SPEC, seen, SPEC).action is Action.UPDATE


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_said_so(file: Any, tmp_path: Path, make: Any) -> None:
    (tmp_path / "conf").mkdir()
    make(tmp_path / "conf" / "app.txt")
    with pytest.raises(PermanentError, match=r"no plain file|Is a directory"):
        file.read(SPEC, "conf/app.txt")


def test_the_systems_errors_name_the_path(file: Any, tmp_path: Path) -> None:
    (tmp_path / "conf").write_text("a file where a folder is wanted")
    with pytest.raises(PermanentError, match=r"conf"):
        file.create(SPEC)


def test_operations_are_counted(file: Any) -> None:
    file.create(SPEC)
    result = file.provider.calls
    assert result == {"WriteFile": 1, "ReadFile": 1}
