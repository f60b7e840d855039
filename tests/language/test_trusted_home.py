"""A stranger's resources are planned under our own configuration, never under theirs."""

from __future__ import annotations

from orchestrator.stages.load import load

STACK = "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: %s}\nparams: {size: {type: integer, default: %d}}\n"
VALUE = (
    "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\nmetadata: {name: %s}\nspec: {value: 1}\n"
)


def folders(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder, size in ((ours, 1), (theirs, 9)):
        folder.mkdir()
        (folder / "opsctl.yaml").write_text(STACK % (folder.name, size))
        (folder / "values.yaml").write_text(VALUE % folder.name)
    return ours, theirs


def test_the_stack_file_is_ours_and_the_resources_are_theirs(tmp_path):
    ours, theirs = folders(tmp_path)
    loaded = load(theirs, untrusted=True, trusted=ours)
    assert not loaded.fails
    assert (loaded.stack.name, loaded.stack.values) == ("ours", {"size": 1})
    assert [d.name for d in loaded.documents] == ["theirs"]


def test_an_environment_of_theirs_is_not_seen(tmp_path):
    ours, theirs = folders(tmp_path)
    (theirs / "environments").mkdir()
    (theirs / "environments" / "prod.yaml").write_text(
        "apiVersion: opsctl.dev/v1\nkind: Environment\nparams: {size: 99}\n"
    )
    loaded = load(theirs, environment="prod", untrusted=True, trusted=ours)
    assert [d.message for d in loaded.diagnostics] == ["there is no environment 'prod'"]


def test_a_trusted_folder_that_is_not_there_is_named(tmp_path):
    _, theirs = folders(tmp_path)
    loaded = load(theirs, trusted=tmp_path / "nowhere")
    assert [d.message for d in loaded.diagnostics] == [f"there is no folder {tmp_path / 'nowhere'}"]
