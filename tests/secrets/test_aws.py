"""Secrets Manager and Parameter Store, on the sandbox's account, by the unmodified SDK."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.kit.simulation.faults import Faults, Rule
from orchestrator.kit.simulation.responders import Responders
from orchestrator.model.errors import PermanentError, TransientError
from orchestrator.model.values import Secret
from orchestrator.testing.secrets import one
from providers.aws import sandbox
from providers.aws.client import Client, Settings
from providers.aws.secrets import BATCH, PARAMETERS, open_parameters, open_secrets


class Account:
    """An account of its own, and the two stores in it."""

    def __init__(self, folder: Path) -> None:
        self.faults = Faults()
        self.responders = Responders("127.67.0.0")
        self.running = sandbox.start(folder=folder, faults=self.faults, responders=self.responders)
        self.settings = self.running.settings
        self.raw = Client(Settings.of(self.settings))

    def fresh(self) -> Account:
        self.running.reset()
        self.faults.replace([])
        return self

    def secret(self, name: str, value: str) -> str:
        return self.raw.call("secretsmanager", "CreateSecret", {"Name": name, "SecretString": value})[
            "VersionId"
        ]

    def parameter(self, name: str, value: str) -> str:
        asked = {"Name": name, "Value": value, "Type": "SecureString", "Overwrite": True}
        return str(self.raw.call("ssm", "PutParameter", asked)["Version"])

    @property
    def secrets(self):
        return open_secrets(self.settings, Path())

    @property
    def parameters(self):
        return open_parameters(self.settings, Path())


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = Account(tmp_path_factory.mktemp("sandbox"))
    yield made
    made.running.close()
    made.responders.close_all()


@pytest.fixture
def account(served):
    return served.fresh()


def test_a_secret_has_the_stores_own_version(account):
    version = account.secret("app/db", "hunter2")
    found = one(account.secrets, "aws-sm:app/db")
    assert (found.value, found.reference, found.version) == ("hunter2", "aws-sm:app/db", version)


def test_a_field_of_a_json_secret_and_an_older_version(account):
    old = account.secret("app", json.dumps({"db": {"password": "one", "hosts": ["a", "b"]}, "x.y": "dot"}))
    put = {"SecretId": "app", "SecretString": json.dumps({"db": {"password": "two"}})}
    account.raw.call("secretsmanager", "PutSecretValue", put)
    assert one(account.secrets, "aws-sm:app#db.password").value == "two"
    assert one(account.secrets, f"aws-sm:app#db.password@{old}").value == "one"
    assert one(account.secrets, "aws-sm:app#db.hosts.1@AWSPREVIOUS").value == "b"
    assert one(account.secrets, "aws-sm:app#x.y@AWSPREVIOUS").value == "dot"


def test_many_secrets_take_few_calls(account):
    """Twenty a call, and a secret that two fields are read of is asked for once."""
    for number in range(BATCH + 5):
        account.secret(f"s{number}", '{"a": "1", "b": "2"}')
    source = account.secrets
    found = source.resolve([f"aws-sm:s{n}#{key}" for n in range(BATCH + 5) for key in "ab"])
    assert {s.value for s in found.values()} == {"1", "2"}
    assert sum(source.calls.values()) == 2


def test_what_is_not_there_is_named_with_the_nearest_name(account):
    account.secret("app/database", "hunter2")
    with pytest.raises(
        PermanentError, match=r"aws-sm:app/databse: there is no such secret.*'app/database'"
    ) as caught:
        one(account.secrets, "aws-sm:app/databse")
    assert caught.value.code == "NotFound"


def test_one_that_is_missing_does_not_hide_the_others(account):
    account.secret("there", "hunter2")
    found = account.secrets.resolve(["aws-sm:there", "aws-sm:gone", "aws-sm:lost"])
    assert found["aws-sm:there"].value == "hunter2"
    assert [r for r, a in found.items() if isinstance(a, PermanentError)] == ["aws-sm:gone", "aws-sm:lost"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "the credentials need secretsmanager:GetSecretValue"),
        ("ExpiredTokenException", "credentials have expired: sign in again"),
    ],
)
def test_a_refusal_says_what_is_needed(account, code, said):
    account.secret("app", "hunter2")
    account.faults.replace([Rule("error", operation="GetSecretValue", status=400, code=code)])
    with pytest.raises(PermanentError, match=said) as caught:
        one(account.secrets, "aws-sm:app")
    assert caught.value.code in ("Forbidden", "Expired")


def test_without_the_permission_for_batches_each_is_asked_for(account):
    """BatchGetSecretValue is a permission of its own."""
    account.secret("a", "1")
    account.secret("b", "2")
    refused = Rule("error", operation="BatchGetSecretValue", status=400, code="AccessDeniedException")
    account.faults.replace([refused])
    found = account.secrets.resolve(["aws-sm:a", "aws-sm:b"])
    assert [s.value for s in found.values()] == ["1", "2"]


def test_throttling_passes_by_waiting(account):
    account.faults.replace([Rule("throttle", operation="GetSecretValue")])
    with pytest.raises(TransientError):
        account.secrets.resolve(["aws-sm:app"])


def test_text_that_is_not_json_is_not_shown(account):
    account.secret("app", "hunter2{")
    with pytest.raises(PermanentError, match="it is not JSON") as caught:
        one(account.secrets, "aws-sm:app#password")
    assert "hunter2" not in str(caught.value)


def test_a_stored_secret_is_read_back_with_its_version(account):
    """Made where there is none, a new version where there is; other fields stay."""
    sink = account.secrets
    first = sink.store("aws-sm:made#password", "one")
    second = sink.store("aws-sm:made#user", "me")
    assert first != second
    assert one(account.secrets, "aws-sm:made#password") == Secret("", "aws-sm:made#password", second)
    assert one(account.secrets, "aws-sm:made#user").value == "me"
    assert account.secrets.store("aws-sm:plain", "x") == one(account.secrets, "aws-sm:plain").version


def test_a_version_cannot_be_stored_under(account):
    with pytest.raises(PermanentError, match="a version is made by storing"):
        account.secrets.store("aws-sm:app@AWSPREVIOUS", "x")


def test_parameters_are_decrypted_and_numbered(account):
    account.parameter("/app/db", "one")
    account.parameter("/app/db", "two")
    found = account.parameters.resolve(["aws-ssm:/app/db", "aws-ssm:/app/db@1"])
    assert {r: (s.value, s.version) for r, s in found.items()} == {
        "aws-ssm:/app/db": ("two", "2"),
        "aws-ssm:/app/db@1": ("one", "1"),
    }


def test_many_parameters_take_few_calls(account):
    for number in range(PARAMETERS + 1):
        account.parameter(f"/p{number}", "x")
    source = account.parameters
    source.resolve([f"aws-ssm:/p{n}" for n in range(PARAMETERS + 1)])
    assert sum(source.calls.values()) == 2


def test_a_missing_parameter_and_a_missing_version_are_named(account):
    account.parameter("/app/database", "x")
    with pytest.raises(PermanentError, match=r"no such secret in .*'/app/database'"):
        one(account.parameters, "aws-ssm:/app/databas")
    with pytest.raises(PermanentError, match="no such secret with the version 7"):
        one(account.parameters, "aws-ssm:/app/database@7")


def test_a_stored_parameter_is_encrypted_and_read_back(account):
    sink = account.parameters
    assert sink.store("aws-ssm:/made", "one") == "1"
    assert sink.store("aws-ssm:/made", "two") == "2"
    assert one(account.parameters, "aws-ssm:/made").value == "two"
    described = account.raw.call("ssm", "DescribeParameters", {})["Parameters"]
    assert [p["Type"] for p in described] == ["SecureString"]
    assert sink.store("aws-ssm:/json#a", "1") == "1"
    assert sink.store("aws-ssm:/json#b", "2") == "2"
    assert one(account.parameters, "aws-ssm:/json#a").value == "1"


def test_a_store_that_is_down_is_named(account):
    nowhere = {**account.settings, "endpoint": "http://127.0.0.1:9"}
    answers = open_secrets(nowhere, Path()).resolve(["aws-sm:app"])
    assert "cannot reach AWS" in str(answers["aws-sm:app"])
