"""opsctl fmt on files."""

from __future__ import annotations

import stat

import pytest

MESSY = "apiVersion:  opsctl.dev/v1\nkind: Resource\ntype: Local::Value\nmetadata: { name: a }  # keep me\nspec:\n    value: 1\n"
NEAT = "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\nmetadata: {name: a}  # keep me\nspec:\n  value: 1\n"


@pytest.fixture
def messy(stack):
    """A stack with one file that is not laid out."""
    stack.values(b="1")
    assert stack.run("fmt").code == 0
    stack.write("messy.yaml", MESSY)
    return stack


def test_every_file_of_the_stack_is_laid_out_in_place(messy):
    (messy.folder / "messy.yaml").chmod(0o640)
    ran = messy.run("fmt")
    assert (ran.code, ran.out.strip()) == (0, "messy.yaml")
    assert (messy.folder / "messy.yaml").read_text() == NEAT
    assert stat.S_IMODE((messy.folder / "messy.yaml").stat().st_mode) == 0o640
    again = messy.run("fmt")
    assert (again.code, again.out) == (0, "")


def test_environments_and_named_files_are_laid_out_too(messy):
    (messy.folder / "environments").mkdir()
    messy.write("environments/prod.yaml", "params:   {}\n")
    assert "environments/prod.yaml" in messy.run("fmt", "--check").out
    ran = messy.run("fmt", "environments/prod.yaml")
    assert (messy.folder / "environments/prod.yaml").read_text() == "params: {}\n"
    assert ran.out.strip() == "environments/prod.yaml"


def test_check_changes_nothing_and_ends_with_1(messy):
    ran = messy.run("fmt", "--check")
    assert (ran.code, ran.out.strip()) == (1, "messy.yaml")
    assert "1 file of" in ran.err
    assert "would change" in ran.err
    assert (messy.folder / "messy.yaml").read_text() == MESSY
    messy.run("fmt")
    assert messy.run("fmt", "--check").code == 0


def test_diff_shows_what_would_change(messy):
    ran = messy.run("fmt", "--diff")
    assert ran.code == 1
    assert "-metadata: { name: a }  # keep me\n" in ran.out
    assert "+metadata: {name: a}  # keep me\n" in ran.out
    assert (messy.folder / "messy.yaml").read_text() == MESSY


def test_a_file_that_is_no_yaml_is_told_and_the_others_are_laid_out(messy):
    messy.write("bad.yaml", "a: [1\n")
    ran = messy.run("fmt")
    assert ran.code == 1
    assert "bad.yaml: it is left as it is: line 2" in ran.err
    assert (messy.folder / "bad.yaml").read_text() == "a: [1\n"
    assert (messy.folder / "messy.yaml").read_text() == NEAT


def test_nothing_else_is_left_beside_a_file(messy):
    before = sorted(messy.folder.iterdir())
    messy.run("fmt")
    assert sorted(messy.folder.iterdir()) == before


def test_a_path_that_is_not_there_is_named(stack):
    ran = stack.run("fmt", "nowhere.yaml")
    assert ran.code == 1
    assert "nowhere.yaml: there is no such folder or file" in ran.err
