"""Vault's key-value engines, by hvac: tokens, AppRole, namespaces, versions, and what goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.secrets_vault import source
from orchestrator.model.errors import PermanentError, TransientError
from orchestrator.testing.secrets import one
from orchestrator.testing.vault import ROOT, FakeVault


@pytest.fixture
def vault(monkeypatch, tmp_path):
    for name in ("VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    made = FakeVault()
    server = made.serve()
    made.address = server.url
    yield made
    server.close()


def opened(vault, **settings):
    return source({"address": vault.address, "token": ROOT, **settings}, Path())


def test_a_key_of_a_secret_with_the_engines_version(vault):
    vault.secrets["kv/app"] = [{"db": "one", "n": 5}, {"db": "two"}]
    found = opened(vault).resolve(["vault:kv/app#db", "vault:kv/app#n@1"])
    assert [(s.value, s.version) for s in found.values()] == [("two", "2"), (5, "1")]


def test_the_only_key_needs_no_name(vault):
    vault.secrets["kv/one"] = [{"whatever": "x"}]
    vault.secrets["kv/two"] = [{"a": "x", "b": "y"}]
    assert one(opened(vault), "vault:kv/one").value == "x"
    with pytest.raises(PermanentError, match="say which key is meant, such as #a; it has: a, b"):
        one(opened(vault), "vault:kv/two")


def test_two_keys_of_one_secret_are_one_call(vault):
    vault.secrets["kv/app"] = [{"a": "x", "b": "y"}]
    store = opened(vault)
    store.resolve(["vault:kv/app#a", "vault:kv/app#b"])
    assert store.calls == {"mounts": 1, "read": 1}


def test_an_old_engine_has_no_versions_and_takes_a_key(vault, monkeypatch):
    """KV 1: no version; with a key, a change is seen."""
    vault.secrets["old/app"] = [{"db": "one"}]
    assert one(opened(vault), "vault:old/app#db").version == ""
    monkeypatch.setenv("OPSCTL_TEST_KEY", "k" * 32)
    first = one(opened(vault, key="env:OPSCTL_TEST_KEY"), "vault:old/app#db").version
    vault.secrets["old/app"] = [{"db": "two"}]
    assert len(first) == 64
    assert first != one(opened(vault, key="env:OPSCTL_TEST_KEY"), "vault:old/app#db").version


def test_an_app_role_signs_in_once(vault):
    vault.roles["role"] = "its-secret"
    vault.secrets["kv/app"] = [{"a": "x"}]
    store = opened(vault, token=None, roleId="role", secretId="its-secret")
    store.resolve(["vault:kv/app#a"])
    store.resolve(["vault:kv/app#a"])
    assert store.calls["login"] == 1
    with pytest.raises(PermanentError, match="the AppRole is refused") as caught:
        opened(vault, token=None, roleId="role", secretId="its-secrat").resolve(["vault:kv/app#a"])
    assert "its-secrat" not in str(caught.value)


def test_a_namespace_is_sent(vault):
    vault.namespace = "team-a"
    vault.secrets["kv/app"] = [{"a": "x"}]
    assert one(opened(vault, namespace="team-a"), "vault:kv/app#a").value == "x"
    with pytest.raises(PermanentError):
        one(opened(vault, namespace="team-b"), "vault:kv/app#a")


def test_the_vendors_variables_are_taken(vault, monkeypatch):
    monkeypatch.setenv("VAULT_ADDR", vault.address)
    monkeypatch.setenv("VAULT_TOKEN", ROOT)
    vault.secrets["kv/app"] = [{"a": "x"}]
    assert one(source({}, Path()), "vault:kv/app#a").value == "x"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("vault:kv/databse#a", "there is no such secret in kv/; did you mean 'database'"),
        ("vault:old/databse#a", "there is no such secret in old/; did you mean 'database'"),
        ("vault:kv/database#paswd", "it has no key 'paswd'; did you mean 'passwd'"),
        ("vault:kv/database#passwd@9", "no version 9"),
        ("vault:kv/deleted#a", "no such secret"),
        ("vault:kv/database#none", "it is empty"),
        ("vault:kv", "vault:mount/path"),
        ("vault:nowhere/app#a", "no such secret in nowhere/"),
    ],
)
def test_what_is_not_there_is_named(vault, reference, said):
    vault.secrets["kv/database"] = [{"passwd": "hunter2", "none": ""}]
    vault.secrets["old/database"] = [{"passwd": "hunter2"}]
    vault.secrets["kv/deleted"] = [None]
    with pytest.raises(PermanentError, match=said) as caught:
        one(opened(vault), reference)
    assert "hunter2" not in str(caught.value)


def test_no_permission_and_an_expired_token_are_told_apart(vault):
    vault.secrets["kv/app"] = [{"a": "x"}]
    vault.tokens["narrow"] = ("kv/data/other",)
    with pytest.raises(PermanentError, match="policy must allow to read kv/data/app") as caught:
        one(opened(vault, token="narrow"), "vault:kv/app#a")
    assert caught.value.code == "Forbidden"
    with pytest.raises(PermanentError, match="not valid, or has expired: sign in again") as caught:
        one(opened(vault, token="gone"), "vault:kv/app#a")
    assert caught.value.code == "Expired"


def test_a_sealed_vault_is_waited_for(vault):
    vault.sealed = True
    with pytest.raises(TransientError, match="sealed or in maintenance"):
        opened(vault).resolve(["vault:kv/app#a"])


def test_a_vault_that_is_down_is_named(vault):
    with pytest.raises(PermanentError, match=r"http://127.0.0.1:9 cannot be reached: Connection refused"):
        source({"address": "http://127.0.0.1:9", "token": "x"}, Path()).resolve(["vault:kv/app#a"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "VAULT_ADDR"),
        ({"address": "vault:8200"}, "VAULT_ADDR"),
        ({"address": "http://vault.example.org"}, "must be https"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(vault, settings, said):
    del vault
    with pytest.raises(PermanentError, match=said):
        source(settings, Path())


def test_without_a_token_what_to_set_is_told(vault):
    with pytest.raises(PermanentError, match=r"there is no token: set secrets\.vault\.token"):
        opened(vault, token=None).resolve(["vault:kv/app#a"])


@pytest.mark.parametrize("mount", ["kv", "old"])
def test_a_stored_key_is_read_back_and_others_stay(vault, mount):
    vault.secrets[f"{mount}/app"] = [{"user": "me"}]
    version = opened(vault).store(f"vault:{mount}/app#password", "one")
    assert version == {"kv": "2", "old": ""}[mount]
    assert vault.secrets[f"{mount}/app"][-1] == {"user": "me", "password": "one"}
    assert one(opened(vault), f"vault:{mount}/app#password").version == version


def test_a_secret_that_is_not_there_is_made(vault):
    assert opened(vault).store("vault:kv/new#password", "one") == "1"
    assert opened(vault).store("vault:kv/plain", "two") == "1"
    assert one(opened(vault), "vault:kv/plain").value == "two"


def test_what_somebody_else_writes_meanwhile_is_not_lost(vault, monkeypatch):
    """Check-and-set: the write is refused, to be tried again with what is there then."""
    store = opened(vault)
    body = store.body

    def slow(at):
        found = body(at)
        vault.secrets.setdefault("kv/app", []).append({"theirs": "x"})
        return found

    monkeypatch.setattr(store, "body", slow)
    with pytest.raises(TransientError, match="somebody else wrote it meanwhile"):
        store.store("vault:kv/app#mine", "y")
    assert vault.secrets["kv/app"] == [{"theirs": "x"}]


def test_storing_without_permission_says_what_is_needed(vault):
    vault.tokens["narrow"] = ("kv/data/other",)
    with pytest.raises(PermanentError, match="must allow to create and update kv/data/app"):
        opened(vault, token="narrow").store("vault:kv/app", "x")
