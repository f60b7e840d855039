"""Secrets from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.secrets_env import source
from orchestrator.model.errors import PermanentError
from orchestrator.testing.secrets import one


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("OPSCTL_TEST_A", "hunter2")
    monkeypatch.setenv("OPSCTL_TEST_EMPTY", "")
    monkeypatch.setenv("OPSCTL_TEST_KEY", "k" * 32)
    return monkeypatch


def test_a_variable_is_a_secret_that_knows_its_reference(tmp_path: Path) -> None:
    secret = one(source({}, tmp_path), "env:OPSCTL_TEST_A")
    assert (secret.value, secret.reference, secret.version) == ("hunter2", "env:OPSCTL_TEST_A", "")
    assert "hunter2" not in repr(secret) + str(secret)


@pytest.mark.parametrize(
    ("name", "said"), [("OPSCTL_TEST_NONE", "is not set"), ("OPSCTL_TEST_EMPTY", "is empty")]
)
def test_a_missing_one_is_named(tmp_path: Path, name: str, said: str) -> None:
    """A CI service leaves a secret that does not exist empty: that is missing too."""
    with pytest.raises(PermanentError, match=f"env:{name}: the variable {name} {said}"):
        one(source({}, tmp_path), f"env:{name}")


def test_with_a_key_a_change_is_seen_and_nothing_is_told(
    tmp_path: Path, variables: pytest.MonkeyPatch
) -> None:
    def version() -> str:
        secrets = source({"key": "env:OPSCTL_TEST_KEY"}, tmp_path)
        return one(secrets, "env:OPSCTL_TEST_A").version

    first = version()
    assert first == version()
    variables.setenv("OPSCTL_TEST_A", "hunter3")
    changed = version()
    variables.setenv("OPSCTL_TEST_KEY", "j" * 32)
    assert len({first, changed, version()}) == 3
    assert len(first) == 64


def test_equal_values_of_two_references_cannot_be_told_to_be_equal(
    tmp_path: Path, variables: pytest.MonkeyPatch
) -> None:
    variables.setenv("OPSCTL_TEST_B", "hunter2")
    names = ["env:OPSCTL_TEST_A", "env:OPSCTL_TEST_B"]
    found = source({"key": "env:OPSCTL_TEST_KEY"}, tmp_path).resolve(names)
    assert len({secret.version for secret in found.values()}) == 2


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("env:OPSCTL_TEST_NONE", "not set"),
        ("env:OPSCTL_TEST_A", "shorter than 16 bytes"),
        ("file:nowhere", "no such file"),
        ("0123456789abcdef0123456789abcdef", "must be a reference"),
    ],
)
def test_a_key_that_is_none_is_refused(tmp_path: Path, key: str, said: str) -> None:
    """A key that stands in a committed file is no key."""
    with pytest.raises(PermanentError, match=said) as caught:
        source({"key": key}, tmp_path)
    assert "hunter2" not in str(caught.value)
    assert "0123456789" not in str(caught.value)
