"""Secrets from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.secrets_file import LIMIT, FileSecrets, source
from orchestrator.model.errors import PermanentError
from orchestrator.testing.secrets import one


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "plain": "hunter2\n",
        "some.json": '{"user": "me", "pass": "hunter2", "no": ""}',
    }.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def resolve(folder: Path, reference: str, **settings: Any) -> Any:
    return one(source(settings, folder), reference)


def test_a_files_text_without_its_last_newline(folder: Path) -> None:
    secret = resolve(folder, "file:plain")
    assert (secret.value, secret.reference, secret.version) == ("hunter2", "file:plain", "")


def test_inner_newlines_stay(folder: Path) -> None:
    (folder / "key").write_text("-----BEGIN\nabc\n\n")
    assert resolve(folder, "file:key").value == "-----BEGIN\nabc\n"


def test_a_field_of_a_json_object(folder: Path) -> None:
    assert resolve(folder, "file:some.json#pass").value == "hunter2"


def test_an_absolute_path(folder: Path, tmp_path: Path) -> None:
    assert resolve(tmp_path / "elsewhere", f"file:{folder}/plain").value == "hunter2"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("file:nowhere", "no such file"),
        ("file:.", "is a directory"),
        ("file:plain#pass", "not JSON"),
        ("file:some.json#word", "no field 'word'"),
        ("file:some.json#no", "empty"),
        ("file:empty", "empty"),
        ("file:bytes", "not UTF-8"),
        ("file:long", "longer"),
    ],
)
def test_what_cannot_be_had_is_named_without_a_word_of_the_content(
    folder: Path, reference: str, said: str
) -> None:
    (folder / "empty").write_text("\n")
    (folder / "bytes").write_bytes(b"\xff\xfe")
    (folder / "long").write_bytes(b"x" * (LIMIT + 1))
    with pytest.raises(PermanentError, match=said) as caught:
        resolve(folder, reference)
    assert reference in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_change_is_seen_with_a_key(folder: Path) -> None:
    (folder / "key").write_text("k" * 32)
    first = resolve(folder, "file:plain", key="file:key").version
    assert first == resolve(folder, "file:plain", key="file:key").version
    (folder / "plain").write_text("hunter3\n")
    assert resolve(folder, "file:plain", key="file:key").version != first


@pytest.mark.parametrize(("mode", "who"), [(0o644, "everybody"), (0o640, "its group")])
def test_a_file_that_others_can_read_is_told_once(folder: Path, mode: int, who: str) -> None:
    (folder / "plain").chmod(mode)
    secrets = source({}, folder)
    assert isinstance(secrets, FileSecrets)
    for _ in range(2):
        assert one(secrets, "file:plain").value == "hunter2"
    assert secrets.warnings == [
        f"file:plain can be read by {who} on this machine (mode {mode:04o}): chmod 600"
    ]


def test_a_file_of_ones_own_is_no_news(folder: Path) -> None:
    secrets = source({}, folder)
    assert isinstance(secrets, FileSecrets)
    secrets.resolve(["file:plain"])
    assert secrets.warnings == []


def test_a_stored_file_is_its_owners_alone_and_read_back(folder: Path) -> None:
    """Made with its folder; mode 0600, whatever lay there before."""
    sink = source({}, folder)
    assert sink.store("file:deep/made", "one") == ""
    (folder / "deep/made").chmod(0o644)
    sink.store("file:deep/made", "two")
    assert (folder / "deep/made").stat().st_mode & 0o777 == 0o600
    assert resolve(folder, "file:deep/made").value == "two"
    assert [p.name for p in (folder / "deep").iterdir()] == ["made"]


def test_a_stored_field_leaves_the_others(folder: Path) -> None:
    (folder / "key").write_text("k" * 32)
    version = source({"key": "file:key"}, folder).store("file:some.json#deep.pass", "new")
    assert resolve(folder, "file:some.json#deep.pass").value == "new"
    assert resolve(folder, "file:some.json#user").value == "me"
    assert resolve(folder, "file:some.json#deep.pass", key="file:key").version == version


def test_what_cannot_be_stored_leaves_the_file_as_it_is(folder: Path) -> None:
    with pytest.raises(PermanentError, match="it is not JSON"):
        source({}, folder).store("file:plain#field", "x")
    assert resolve(folder, "file:plain").value == "hunter2"
    with pytest.raises(PermanentError, match="file exists"):
        source({}, folder).store("file:plain/below", "x")
