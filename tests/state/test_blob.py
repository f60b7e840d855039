"""State in Azure Blob Storage when it cannot be used: one clear message, with what to do."""

from __future__ import annotations

import base64
import socket
from pathlib import Path

import pytest

from orchestrator.kit.sealed import PLAIN
from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from orchestrator.model.values import Secret
from orchestrator.testing.state_conformance import ALICE, STACK, kept
from providers.azure import backend as blob

KEY = Secret(base64.b64encode(b"k" * 64).decode(), "env:KEY", "")


@pytest.fixture
def opened(real_clock):
    backends = []

    def open_(settings, stack: StackId = STACK):
        backend = blob.open_backend(settings, stack=stack, folder=Path(), clock=real_clock, cipher=PLAIN)
        backends.append(backend)
        return backend

    yield open_
    for backend in backends:
        backend.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs a container"),
        ({"container": "c"}, "needs state.account, state.endpoint or state.connectionString"),
        ({"container": "c", "acount": "a"}, "no setting acount"),
        ({"container": "c", "account": "a", "accountKey": "plain"}, "state.accountKey must be a reference"),
        (
            {"container": "c", "account": "a", "credential": "magic"},
            "state.credential is 'magic', and can be: default",
        ),
        ({"container": "c", "connectionString": Secret("nonsense", "env:X", "")}, "cannot be reached"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_asked(opened, settings, message):
    with pytest.raises(StateError, match=message):
        opened(settings)


def test_an_account_that_does_not_answer_is_named(opened, monkeypatch):
    monkeypatch.setattr("azure.storage.blob._shared.policies.StorageRetryPolicy.sleep", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    backend = opened(
        {"container": "c", "account": "a", "endpoint": f"http://127.0.0.1:{port}/a", "accountKey": KEY}
    )
    with pytest.raises(StateError, match=r"azblob://a/c/opsctl/shop\+dev: List Blobs: .*refused.*network"):
        backend.latest()


@pytest.mark.server
def test_a_container_that_is_not_there_and_a_wrong_key_are_said(opened, blob_settings, azurite):
    elsewhere = opened(blob_settings | {"container": "nowhere"})
    with pytest.raises(StateError, match=r"ContainerNotFound.*create the container nowhere"):
        elsewhere.latest()
    parts = dict(part.split("=", 1) for part in azurite.strip(";").split(";"))
    wrong = {
        "container": blob_settings["container"],
        "account": parts["AccountName"],
        "endpoint": parts["BlobEndpoint"],
        "accountKey": KEY,
    }
    with pytest.raises(
        StateError, match=r"(AuthenticationFailed|AuthorizationFailure).*check the credentials"
    ):
        opened(wrong).latest()
    right = wrong | {"accountKey": Secret(parts["AccountKey"], "env:KEY", "")}
    assert opened(right).latest().sequence == 0


@pytest.mark.server
def test_a_shared_access_signature_is_enough(opened, blob_settings, azurite):
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    from azure.storage.blob import ContainerSasPermissions, generate_container_sas  # noqa: PLC0415

    parts = dict(part.split("=", 1) for part in azurite.strip(";").split(";"))
    token = generate_container_sas(
        parts["AccountName"],
        blob_settings["container"],
        parts["AccountKey"],
        permission=ContainerSasPermissions(read=True, write=True, list=True, delete=True, create=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    backend = opened(
        {
            "container": blob_settings["container"],
            "endpoint": parts["BlobEndpoint"],
            "sasToken": Secret(token, "env:SAS", ""),
        }
    )
    assert backend.append(backend.lease(ALICE), [kept("a")]) == 1


@pytest.mark.server
def test_stacks_of_one_container_do_not_meet(opened, blob_settings):
    first, second = opened(blob_settings, StackId("shop")), opened(blob_settings, StackId("shop/log"))
    first.append(first.lease(ALICE), [kept("a")])
    second.append(second.lease(ALICE), [kept("b")])
    assert sorted(first.latest().resources) == ["a"]
    assert sorted(second.latest().resources) == ["b"]
