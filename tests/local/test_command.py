"""Commands: argument lists, at apply alone, with nothing that leaks in or out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.schema import check
from orchestrator.model.values import Secret


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def touching(name: str) -> list[str]:
    return python(f"open({name!r}, 'a').write('x')")


def test_create_runs_in_the_stacks_folder_and_its_output_is_the_status(command: Any, tmp_path: Path) -> None:
    seen = command.create({"create": python("import os; print(os.getcwd())")})
    assert seen.status == {"id": seen.id, "stdout": str(tmp_path.resolve()), "exitCode": 0}


def test_nothing_runs_at_plan(command: Any, tmp_path: Path) -> None:
    """Reading and proposing run nothing; what was printed comes back from state, at no call."""
    spec = {"create": touching("made"), "delete": touching("gone")}
    status = {"id": "command-u1", "stdout": "hello", "exitCode": 0}
    seen = command.read(spec, "command-u1", status=status)
    assert seen.status == status
    assert command.propose(spec, seen, spec).action is Action.NOOP
    assert list(tmp_path.iterdir()) == []
    assert command.provider.calls == {}


@pytest.mark.parametrize("change", [{"triggers": 2}, {"environment": {"A": "2"}}, {"create": ["true"]}])
def test_a_change_that_matters_runs_update(command: Any, tmp_path: Path, change: dict[str, Any]) -> None:
    last = {"create": ["true", "1"], "update": touching("updated"), "triggers": 1, "environment": {"A": "1"}}
    seen = command.create(last)
    assert command.update(last | change, seen, last).id == seen.id
    assert (tmp_path / "updated").read_text() == "x"


@pytest.mark.parametrize("change", [{"triggers": 2}, {"environment": {"A": "2"}}, {"create": ["true"]}])
def test_without_an_update_command_it_replaces(command: Any, change: dict[str, Any]) -> None:
    last = {"create": ["true", "1"], "triggers": 1, "environment": {"A": "1"}}
    proposal = command.propose(last | change, command.create(last), last)
    assert proposal.action is Action.REPLACE
    assert all(c.replaces for c in proposal.changes)


def test_a_change_of_what_runs_later_runs_nothing_now(command: Any, tmp_path: Path) -> None:
    last = {"create": ["true"], "timeout": 10}
    seen = command.create(last)
    command.update(last | {"delete": touching("gone"), "timeout": 20}, seen, last)
    assert list(tmp_path.iterdir()) == []


def test_delete_runs_what_was_applied_last(command: Any, tmp_path: Path) -> None:
    spec = {"create": ["true"], "delete": touching("gone")}
    command.delete(command.create(spec), spec)
    assert (tmp_path / "gone").exists()


def test_no_shell_reads_the_arguments(command: Any) -> None:
    text = "$HOME; `id` > x && *"
    seen = command.create({"create": [*python("import sys; print(sys.argv[1])"), text]})
    assert seen.status["stdout"] == text


def test_only_named_variables_are_handed_on(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "leak")
    code = (
        "import os; print(sorted(k for k in os.environ if k not in ('LC_CTYPE', '__CF_USER_TEXT_ENCODING')))"
    )
    seen = command.create({"create": python(code), "environment": {"NAME": "x", "DEBUG": True}})
    assert seen.status["stdout"] == "['DEBUG', 'NAME', 'PATH']"


def test_a_failing_program_is_an_error_with_its_words(command: Any) -> None:
    code = "import sys; print('first'); sys.exit('no disk left')"
    with pytest.raises(PermanentError, match="ended with 1: no disk left") as caught:
        command.create({"create": python(code)})
    assert caught.value.code == "1"


def test_a_missing_program_is_named(command: Any) -> None:
    with pytest.raises(PermanentError, match="cannot run no-such-program"):
        command.create({"create": ["no-such-program"]})


def test_what_takes_too_long_is_killed_with_its_children(command: Any) -> None:
    code = "import subprocess; subprocess.run(['sleep', '600'])"
    with pytest.raises(PermanentError, match=r"killed after 0\.5 seconds"):
        command.create({"create": python(code), "timeout": 0.5})


def test_secrets_reach_the_program_and_come_back_hidden(command: Any) -> None:
    secret = Secret("hunter2", "env:PASSWORD", "v1")
    code = "import os, sys; print('got', os.environ['PASSWORD']); sys.exit(len(sys.argv) - 1)"
    spec = {"create": python(code), "environment": {"PASSWORD": secret}}
    seen = command.create(spec)
    assert seen.status["stdout"] == "got (sensitive)"
    assert seen.spec["environment"]["PASSWORD"] is secret
    with pytest.raises(PermanentError) as caught:
        command.create({**spec, "create": [*python(code), "1"]})
    assert "hunter2" not in str(caught.value)


def test_a_create_that_was_cut_off_is_run_again(command: Any) -> None:
    """Nobody can be asked: no for a create, still to come for the rest."""
    assert command.provider.find(command.intent(Action.CREATE, {"create": ["true"]})) is None
    assert command.provider.find(command.intent(Action.DELETE, {}, "command-u1")) is not None


@pytest.mark.parametrize("spec", [{}, {"create": "rm -rf x"}, {"create": ["a"], "timeout": 0}])
def test_a_wrong_spec_is_found_before_anything_runs(command: Any, spec: dict[str, Any]) -> None:
    assert len(list(check(spec, command.schema.spec))) == 1


def test_an_empty_argument_list_is_no_program(command: Any) -> None:
    assert command.schema.refine({"create": []}) == [
        "create is empty: a program and its arguments are wanted"
    ]
