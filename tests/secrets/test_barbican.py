"""Barbican, by openstacksdk on the sandbox's project. The simulator follows the API reference; no real one was asked."""

from __future__ import annotations

from pathlib import Path

import openstack
import pytest

from orchestrator.kit.simulation.faults import Faults, Rule
from orchestrator.kit.simulation.responders import Responders
from orchestrator.model.errors import PermanentError, TransientError
from orchestrator.testing.secrets import one
from providers.openstack import sandbox
from providers.openstack.secrets import open_barbican


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    faults, responders = Faults(), Responders("127.69.0.0")
    running = sandbox.start(folder=tmp_path_factory.mktemp("sandbox"), faults=faults, responders=responders)
    yield running, faults
    running.close()
    responders.close_all()


@pytest.fixture
def settings(served):
    running, faults = served
    yield running.settings
    faults.replace([])
    running.cloud.table("barbican_secrets").clear()


@pytest.fixture
def raw(settings):
    auth = {
        k: settings[k]
        for k in (
            "auth_url",
            "username",
            "password",
            "project_name",
            "user_domain_name",
            "project_domain_name",
        )
    }
    connection = openstack.connect(
        auth=auth, region_name=settings["region_name"], load_yaml_config=False, load_envvars=False
    )
    yield connection.key_manager
    connection.close()


def test_the_sdk_stores_lists_reads_and_deletes(raw):
    """Openstacksdk's own key_manager, unmodified."""
    made = raw.create_secret(
        name="db", payload="one", payload_content_type="text/plain", secret_type="opaque"
    )
    assert [s.name for s in raw.secrets(name="db")] == ["db"]
    assert raw.get_secret(made.secret_id).payload == "one"
    raw.delete_secret(made.secret_id, ignore_missing=False)
    assert list(raw.secrets(name="db")) == []


def test_the_newest_of_a_name_counts_and_its_id_is_the_version(raw, settings):
    old = raw.create_secret(name="db", payload="one", payload_content_type="text/plain").secret_id
    new = raw.create_secret(name="db", payload="two", payload_content_type="text/plain").secret_id
    source = open_barbican(settings, Path())
    found = source.resolve(["barbican:db", f"barbican:db@{old}", f"barbican:{old}"])
    assert [(s.value, s.version) for s in found.values()] == [("two", new), ("one", old), ("one", old)]


def test_fields_of_one_secret_are_read_once(raw, settings):
    raw.create_secret(name="app", payload='{"a": "x", "b": {"c": "y"}}', payload_content_type="text/plain")
    source = open_barbican(settings, Path())
    found = source.resolve(["barbican:app#a", "barbican:app#b.c"])
    assert [s.value for s in found.values()] == ["x", "y"]
    assert [n for operation, n in source.calls.items() if operation.endswith("/payload")] == [1]


def test_what_is_not_there_is_named_with_the_nearest_name(raw, settings):
    raw.create_secret(name="database", payload="x", payload_content_type="text/plain")
    source = open_barbican(settings, Path())
    with pytest.raises(
        PermanentError, match="no such secret in this project; did you mean 'database'"
    ) as caught:
        one(source, "barbican:databse")
    assert caught.value.code == "NotFound"
    nobody = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(PermanentError, match=f"no such secret with the id {nobody}"):
        one(source, f"barbican:database@{nobody}")


def test_a_refusal_says_what_is_needed(served, settings):
    served[1].replace([Rule("error", operation="GET /v1/secrets", status=403, code="Forbidden")])
    with pytest.raises(PermanentError, match="role observer or creator"):
        one(open_barbican(settings, Path()), "barbican:db")


def test_wrong_credentials_are_told(settings):
    with pytest.raises(PermanentError, match="Keystone refuses the credentials") as caught:
        one(open_barbican({**settings, "password": "hunter2"}, Path()), "barbican:db")
    assert "hunter2" not in str(caught.value)


def test_throttling_passes_by_waiting(served, settings):
    served[1].replace([Rule("throttle", operation="GET /v1/secrets")])
    with pytest.raises(TransientError):
        open_barbican(settings, Path()).resolve(["barbican:db"])


def test_a_stored_secret_is_read_back_and_other_fields_stay(settings):
    sink = open_barbican(settings, Path())
    first = sink.store("barbican:made#password", "one")
    second = sink.store("barbican:made#user", "me")
    found = one(open_barbican(settings, Path()), "barbican:made#password")
    assert (found.value, found.version) == ("one", second)
    assert first != second
    with pytest.raises(PermanentError, match="cannot be chosen"):
        sink.store(f"barbican:made@{first}", "x")
