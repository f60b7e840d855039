"""Azure Key Vault: the vendor's client, unmodified, on the sandbox's vaults."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.keyvault.secrets import SecretClient

from orchestrator.kit.simulation.faults import Faults, Rule
from orchestrator.kit.simulation.responders import Responders
from orchestrator.model.errors import PermanentError, TransientError
from orchestrator.testing.secrets import one
from providers.azure import sandbox
from providers.azure.secrets import open_vaults


class Asked:
    """A credential that notes what it was asked for."""

    def __init__(self) -> None:
        self.asked = []

    def get_token(self, *scopes, **options):
        self.asked.append((scopes, options.get("tenant_id")))
        return AccessToken("sandbox", 2**31)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    faults, responders = Faults(), Responders("127.68.0.0")
    running = sandbox.start(folder=tmp_path_factory.mktemp("sandbox"), faults=faults, responders=responders)
    yield running, faults
    running.close()
    responders.close_all()


@pytest.fixture
def faults(served):
    yield served[1]
    served[1].replace([])


@pytest.fixture
def settings(served, faults):
    del faults
    return served[0].settings


@pytest.fixture
def vault(request):
    """A vault of the test's own."""
    return f"v{abs(hash(request.node.name)) % 10**12}"


def client(settings, vault, credential=None):
    return SecretClient(
        settings["vaultEndpoint"].format(vault=vault),
        credential or Asked(),
        transport=RequestsTransport(connection_verify=settings["vaultCertificates"]),
        verify_challenge_resource=False,
        retry_total=0,
    )


def test_the_vendors_client_sets_reads_lists_and_deletes(settings, vault):
    """Challenge first; then versions, pages of names, and a deleted secret that is gone."""
    credential = Asked()
    raw = client(settings, vault, credential)
    first = raw.set_secret("db", "one", content_type="text/plain", tags={"a": "b"})
    second = raw.set_secret("db", "two")
    assert credential.asked[0][0] == ("https://vault.azure.net/.default",)
    assert raw.get_secret("db").value == "two"
    assert raw.get_secret("db", first.properties.version).value == "one"
    assert raw.get_secret("db").properties.vault_url == f"https://{vault}.vault.azure.net"
    versions = {p.version for p in raw.list_properties_of_secret_versions("db")}
    assert versions == {first.properties.version, second.properties.version}
    for number in range(30):
        raw.set_secret(f"s{number}", "x")
    assert len(list(raw.list_properties_of_secrets())) == 31
    raw.begin_delete_secret("db")
    with pytest.raises(ResourceNotFoundError):
        raw.get_secret("db")


def test_a_secret_has_the_vaults_own_version(settings, vault):
    raw = client(settings, vault)
    old = raw.set_secret("db", "one").properties.version
    new = raw.set_secret("db", "two").properties.version
    source = open_vaults(settings, Path())
    pinned = f"azure-kv:{vault}/db@{old}"
    found = source.resolve([f"azure-kv:{vault}/db", pinned])
    assert {r: (s.value, s.version) for r, s in found.items()} == {
        f"azure-kv:{vault}/db": ("two", new),
        pinned: ("one", old),
    }


def test_two_fields_of_one_secret_are_one_call(settings, vault):
    client(settings, vault).set_secret("app", '{"user": "me", "db": {"password": "x"}}')
    source = open_vaults(settings, Path())
    found = source.resolve([f"azure-kv:{vault}/app#user", f"azure-kv:{vault}/app#db.password"])
    assert [s.value for s in found.values()] == ["me", "x"]
    assert source.calls == {"GetSecret": 1}


def test_what_is_not_there_is_named_with_the_nearest_name(settings, vault):
    client(settings, vault).set_secret("database", "x")
    source = open_vaults(settings, Path())
    with pytest.raises(
        PermanentError, match=r"no such secret in the vault .*did you mean 'database'"
    ) as caught:
        one(source, f"azure-kv:{vault}/databse")
    assert caught.value.code == "NotFound"
    with pytest.raises(PermanentError, match="no such secret with the version"):
        one(source, f"azure-kv:{vault}/database@{'0' * 32}")


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [(403, "Forbidden", "the role Key Vault Secrets User"), (401, "Unauthorized", "sign in again")],
)
def test_a_refusal_says_what_is_needed(settings, vault, faults, status, code, said):
    faults.replace([Rule("error", operation="GET secrets", status=status, code=code)])
    with pytest.raises(PermanentError, match=said):
        one(open_vaults(settings, Path()), f"azure-kv:{vault}/db")


def test_throttling_passes_by_waiting(settings, vault, faults):
    faults.replace([Rule("throttle", operation="GET secrets")])
    with pytest.raises(TransientError):
        open_vaults(settings, Path()).resolve([f"azure-kv:{vault}/db"])


def test_a_vault_that_is_not_there_is_named():
    nowhere = {"credential": "sandbox", "vaultEndpoint": "https://127.0.0.1:9/{vault}"}
    with pytest.raises(PermanentError, match="the vault app cannot be reached"):
        one(open_vaults(nowhere, Path()), "azure-kv:app/db")


@pytest.mark.parametrize("reference", ["azure-kv:db", "azure-kv:/db", "azure-kv:app/", "azure-kv:app/db/old"])
def test_vault_and_name_are_needed(settings, reference):
    with pytest.raises(PermanentError, match="azure-kv:vault/name"):
        one(open_vaults(settings, Path()), reference)


def test_a_stored_secret_is_read_back_with_its_version(settings, vault):
    """Made where there is none, a new version where there is; other fields stay."""
    sink = open_vaults(settings, Path())
    first = sink.store(f"azure-kv:{vault}/made#password", "one")
    second = sink.store(f"azure-kv:{vault}/made#user", "me")
    found = one(open_vaults(settings, Path()), f"azure-kv:{vault}/made#password")
    assert (found.value, found.version) == ("one", second)
    assert first != second
    with pytest.raises(PermanentError, match="cannot be chosen"):
        sink.store(f"azure-kv:{vault}/made@{first}", "x")


def test_a_name_that_is_deleted_and_recoverable_cannot_be_stored(settings, vault):
    raw = client(settings, vault)
    raw.set_secret("db", "x")
    raw.begin_delete_secret("db")
    with pytest.raises(PermanentError, match="deleted but recoverable"):
        open_vaults(settings, Path()).store(f"azure-kv:{vault}/db", "y")
