"""state pull, push and migrate by the command line: nothing of history is lost, and nobody goes on at the old place."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from orchestrator.cli.running import run

STACK = "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: shop, id: shop}\n"
VALUE = (
    "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\nmetadata: {name: a}\nspec: {value: %s}\n"
)


@pytest.fixture
def opsctl(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "opsctl.yaml").write_text(STACK)

    def command(*arguments, code=0):
        capsys.readouterr()
        ended = run(arguments, {})
        out, err = capsys.readouterr()
        assert ended == code, out + err
        assert "Traceback" not in out + err
        return out + err

    return command


@pytest.fixture
def applied(opsctl, tmp_path):
    """Two revisions in the default place."""
    for value in ("1", "2"):
        (tmp_path / "values.yaml").write_text(VALUE % value)
        opsctl("apply", "--auto-approve")
    return opsctl


def history(opsctl):
    said = opsctl("state", "history", "--limit", "1000", "--output", "json")
    document, _ = json.JSONDecoder().raw_decode(said)  # a backend may have its note behind it
    return [(e["sequence"], e["epoch"], e["text"]) for e in document["entries"]]


def test_a_migrated_state_has_its_history_and_the_old_place_is_used_no_more(
    applied, tmp_path, tmp_path_factory, http_storage
):
    """With --from: opsctl.yaml has the new place already."""
    before = history(applied)
    address = http_storage.settings["address"]
    block = f"state: {{backend: http, address: '{address}', lock_address: '{address}'}}\n"
    old = str(tmp_path_factory.mktemp("before") / "opsctl.yaml")
    Path(old).write_text(STACK + "state: {backend: sqlite}\n")
    (tmp_path / "opsctl.yaml").write_text(STACK + block)
    said = applied("state", "migrate", "--from", old, "--dry-run")
    assert "Would migrate 1 resources" in said
    assert "revision 2" in said
    assert not http_storage.content()
    assert "Migrated 1 resources" in applied("state", "migrate", "--from", old)
    (tmp_path / "opsctl.yaml").write_text(STACK)
    assert "was moved from here to" in applied("plan", code=1)
    assert history(applied) == before
    (tmp_path / "opsctl.yaml").write_text(STACK + block)
    assert "nothing to do" in applied("plan")
    (tmp_path / "values.yaml").write_text(VALUE % "3")
    applied("apply", "--auto-approve")
    applied("audit", "verify")


def test_a_state_migrates_from_place_to_place_by_address(applied, tmp_path):
    """With --to: opsctl.yaml has the old place still. A place that is taken is refused."""
    applied("state", "migrate", "--to", "sqlite:new/state.db")
    (tmp_path / "opsctl.yaml").write_text(STACK + "state: {path: new/state.db}\n")
    assert "nothing to do" in applied("plan")
    said = applied("state", "migrate", "--to", "sqlite:.opsctl/state.db", code=1)
    assert "was moved from here to sqlite:new/state.db" in said


def test_what_is_no_place_is_said(applied):
    assert "is no file, and no address of a state" in applied("state", "migrate", "--to", "nowhere", code=1)
    assert "either --from" in applied("state", "migrate", code=1)


def test_a_pulled_state_goes_back_and_an_older_one_only_by_force(applied, tmp_path):
    applied("state", "pull", "-o", "pulled.json")
    assert (tmp_path / "pulled.json").stat().st_mode & 0o777 == 0o600
    before = history(applied)
    applied("state", "push", "pulled.json")
    assert history(applied) == before
    (tmp_path / "values.yaml").write_text(VALUE % "3")
    applied("apply", "--auto-approve")
    said = applied("state", "push", "pulled.json", code=1)
    assert "the file is older" in said
    assert "--force" in said
    applied("state", "push", "pulled.json", "--force")
    assert history(applied) == before
    applied("audit", "verify")
    applied("apply", "--auto-approve")


def test_a_file_of_another_lineage_or_stack_is_refused(applied, tmp_path):
    applied("state", "pull", "-o", "pulled.json")
    document = json.loads((tmp_path / "pulled.json").read_text())
    document["journal"][0]["entry"]["run"] = "another"
    (tmp_path / "foreign.json").write_text(json.dumps(document))
    assert "of another lineage" in applied("state", "push", "foreign.json", code=1)
    (tmp_path / "bad.json").write_text("{}")
    assert "is no file that opsctl state pull has written" in applied("state", "push", "bad.json", code=1)
    (tmp_path / "opsctl.yaml").write_text(STACK.replace("id: shop", "id: other"))
    assert "the file is of the stack shop, and this is other" in applied(
        "state", "push", "pulled.json", "--force", code=1
    )


LOCAL = ("sqlite", "s3", "http")
REAL = ("postgres", "blob")


def pairs():
    """Every backend to every other one; those with a real server at an end need it."""
    for source, target in itertools.permutations(LOCAL + REAL, 2):
        real = pytest.mark.server if {source, target} & set(REAL) else ()
        yield pytest.param(source, target, marks=real, id=f"{source}-{target}")


@pytest.mark.parametrize(("source", "target"), list(pairs()))
def test_a_state_goes_from_every_backend_to_every_other_by_the_command(
    opsctl, tmp_path, tmp_path_factory, monkeypatch, request, source, target
):
    """History, numbers and the audit's chain arrive as they were; the old place says where the state is now."""
    places = []
    for name in (source, target):
        block, environ = request.getfixturevalue(f"{name}_state")
        places.append(f"state: {json.dumps(block)}\n")
        for variable, value in environ.items():
            monkeypatch.setenv(variable, value)
    (tmp_path / "opsctl.yaml").write_text(STACK + places[0])
    for value in ("1", "2"):
        (tmp_path / "values.yaml").write_text(VALUE % value)
        opsctl("apply", "--auto-approve")
    before = history(opsctl)
    old = tmp_path_factory.mktemp("before") / "opsctl.yaml"
    old.write_text(STACK + places[0])
    (tmp_path / "opsctl.yaml").write_text(STACK + places[1])
    assert "Migrated 1 resources" in opsctl("state", "migrate", "--from", str(old))
    assert history(opsctl) == before
    opsctl("audit", "verify")
    opsctl("state", "verify")
    (tmp_path / "values.yaml").write_text(VALUE % "3")
    opsctl("apply", "--auto-approve")
    assert history(opsctl)[: len(before)] == before
    opsctl("state", "verify")
    (tmp_path / "opsctl.yaml").write_text(STACK + places[0])
    assert "was moved from here to" in opsctl("plan", code=1)
