"""Which files make a stack, and what is said about each that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.model.diagnostic import Severity
from orchestrator.stages.load import files, load


def resource(name: str) -> str:
    return f"apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\nmetadata: {{name: {name}}}\n"


def only_fault(loaded) -> tuple[str, str, str]:
    """Place, message and hint of the one diagnostic."""
    (found,) = loaded.diagnostics
    return str(found.position or ""), found.message, found.hint


def test_every_yaml_file_below_the_folder_is_read_in_order(write):
    folder = write(b=resource("b"), a=resource("a"), deep__er__c=resource("c"))
    Path("d.yml").write_text(resource("d"))
    assert [d.name for d in load(folder).documents] == ["a", "b", "d", "c"]


def test_other_peoples_files_are_left_alone(write):
    other = "not: ours\n"
    folder = write(
        "policy: {bundles: [rules]}\n",
        a=resource("a"),
        environments__prod=other,
        tests__x=other,
        **{".hidden__x": other, "node_modules__x": other, "rules__data": other},
        another__opsctl=other,
        another__x=other,
    )
    loaded = load(folder)
    assert [d.name for d in loaded.documents] == ["a"]
    assert loaded.diagnostics == ()


def test_further_paths_are_files_or_folders(write):
    folder = write(a=resource("a"))
    Path("../more").mkdir(exist_ok=True)
    Path("../more/m.yaml").write_text(resource("m"))
    Path("../one.yaml").write_text(resource("one"))
    loaded = load(folder, paths=[Path("../more"), Path("../one.yaml"), Path("../more/m.yaml")])
    assert sorted(d.name for d in loaded.documents) == ["a", "m", "one"]


def test_one_broken_file_hides_no_other_files_mistakes(write):
    folder = write(a="a: b: c\n", b="kind: Resorce\n", c=resource("c"), d=b"\xff\xfe")
    loaded = load(folder)
    assert sorted(d.position.file for d in loaded.diagnostics if d.position) == ["a.yaml", "b.yaml", "d.yaml"]
    assert [d.name for d in loaded.documents] == ["c"]


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"\x7fELF\x00\x01", "x.yaml", "binary file"),
        (b"ok: 1\nbad: \xe9t\xe9\n", "x.yaml:2:6", "not UTF-8: byte 0xe9"),
        ("a: 1\n".encode("utf-16"), "x.yaml", "UTF-16"),
        (b"this is: not: yaml\n", "x.yaml:1:13", "a colon and a space"),
        (b"just text\n", "x.yaml:1:1", "must be a map"),
    ],
)
def test_a_file_that_is_no_yaml_is_one_clear_message(write, content, place, message):
    found = only_fault(load(write(x=content)))
    assert found[0] == place
    assert message in found[1]


def test_an_empty_file_is_a_warning(write):
    for text, message in (("", "x.yaml is empty"), ("# nothing yet\n", "x.yaml holds no document")):
        loaded = load(write(x=text))
        assert only_fault(loaded)[1] == message
        assert loaded.diagnostics[0].severity is Severity.WARNING
        assert not loaded.fails


def test_a_byte_order_mark_is_no_content(write):
    assert load(write(x=b"\xef\xbb\xbf" + resource("a").encode())).diagnostics == ()


def test_a_huge_file_is_refused_before_it_is_read(write, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    _, message, hint = only_fault(load(write(x="a: " + "x" * 200)))
    assert "are not read" in message
    assert hint == "split it"


def test_a_file_that_cannot_be_opened_says_why(write):
    folder = write()
    Path("gone.yaml").symlink_to("nowhere")
    assert only_fault(load(folder))[1] == "gone.yaml cannot be read: No such file or directory"


def test_a_pipe_is_no_file(write):
    folder = write()
    os.mkfifo("pipe.yaml")
    assert only_fault(load(folder))[1] == "pipe.yaml is not a regular file"


def test_a_missing_folder_is_named(tmp_path):
    assert only_fault(load(tmp_path / "nope"))[1] == f"there is no folder {tmp_path / 'nope'}"


def test_a_file_is_no_folder(write):
    write()
    assert "is not a folder" in only_fault(load(Path("opsctl.yaml")))[1]


def test_a_folder_without_a_stack_file_points_to_init(write):
    _, message, hint = only_fault(load(write(None)))
    assert message == "there is no opsctl.yaml in ."
    assert "opsctl init" in hint


def test_a_stack_file_of_another_name_is_found(write):
    folder = write(None)
    Path("opsctl.yml").write_text("")
    assert only_fault(load(folder))[2] == "rename opsctl.yml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "opsctl.yaml is empty"),
        ("# nothing\n", "opsctl.yaml is empty"),
        ("a: b: c", "a colon and a space"),
        ("kind: Resource\n", "must be of kind Stack"),
        ("apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: a}\n---\na: 1\n", "has 2 documents"),
        ("apiVersion: opsctl.dev/v1\nkind: Stack\n", "metadata is required"),
    ],
)
def test_a_stack_file_that_is_none_is_one_clear_message(write, text, message):
    folder = write(None, opsctl=text)
    loaded = load(folder)
    assert message in only_fault(loaded)[1]
    assert loaded.fails
    assert loaded.stack.values == {}
