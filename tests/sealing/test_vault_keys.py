"""Master keys in Azure Key Vault: the vendor's client, unmodified, on the sandbox's vaults."""

from __future__ import annotations

import base64
import json

import pytest
from azure.keyvault.keys.crypto import KeyWrapAlgorithm, SignatureAlgorithm

from orchestrator.adapters.cipher_aes import AesCipher, Keys
from orchestrator.kit.sealed import KeyNeededError
from orchestrator.kit.simulation.faults import Faults, Rule
from orchestrator.kit.simulation.responders import Responders
from orchestrator.kit.simulation.server import serve
from orchestrator.kit.simulation.tls import loopback_tls
from orchestrator.model.errors import StateError
from providers.azure import sandbox
from providers.azure.keys import open_key
from providers.azure.vaults import Vaults, VaultSettings
from tests.sealing.conftest import STACK

PLACE = "journal/1/1"
BODY = b'{"id":"planted"}'


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    faults, responders = Faults(), Responders("127.69.0.0")
    running = sandbox.start(folder=tmp_path_factory.mktemp("vaults"), faults=faults, responders=responders)
    yield running.settings, faults
    running.close()
    responders.close_all()


@pytest.fixture
def faults(served):
    yield served[1]
    served[1].replace([])


@pytest.fixture
def vaults(served):
    """The vendor's own client of a vault."""
    return Vaults(VaultSettings.of(served[0]), "keys")


@pytest.fixture
def key(served, context, vaults, request):
    """A key as the settings name it, of one vault of the test's own; made by the vendor's client."""
    vault = f"v{abs(hash(request.node.name)) % 10**12}"

    def make(name="state", **more):
        vaults.ask(vault, "create", lambda c: c.create_rsa_key(name, size=2048, **more))
        return open_key({**served[0], "key": f"{vault}/{name}"}, context)

    return make


def again(key):
    """The same key, as another run has it."""
    return open_key(
        {"key": f"{key.vault}/{key.name}", **_settings(key)},
        None,
    )


def _settings(key):
    given = key.vaults.settings
    return {
        "vaultEndpoint": given.endpoint,
        "vaultCertificates": given.certificates,
        "credential": "sandbox",
    }


def test_the_vendors_client_wraps_signs_and_unwraps(vaults, key):
    """Also by the service alone, without the public half on our side."""
    made = key()
    found = vaults.ask(made.vault, "get", lambda c: c.get_key("state"))
    client = vaults.cryptography(found)
    # Of an algorithm by its enum the client does what needs the public half by itself; by its name it asks the vault.
    for oaep, ps256 in (
        (KeyWrapAlgorithm.rsa_oaep_256, SignatureAlgorithm.ps256),
        ("RSA-OAEP-256", "PS256"),
    ):
        wrapped = client.wrap_key(oaep, b"k" * 32)
        assert client.unwrap_key(oaep, wrapped.encrypted_key).key == b"k" * 32
        signature = client.sign(ps256, b"d" * 32).signature
        assert client.verify(ps256, b"d" * 32, signature).is_valid
        assert not client.verify(ps256, b"e" * 32, signature).is_valid


def test_what_a_vault_sealed_another_run_opens_by_two_calls(key):
    master = key()
    sealed = AesCipher(STACK, Keys(master)).seal(BODY, PLACE)
    assert f'"by":"azure-kv:{master.vault}/state/'.encode() in sealed
    later = again(master)
    reader = AesCipher(STACK, Keys(later))
    assert [reader.open(sealed, PLACE) for _ in range(5)] == [BODY] * 5
    reader.seal(BODY, PLACE)
    assert later.vaults.counts == {"getKey": 1, "unwrapKey": 1, "verify": 1}, "verify needs no call"


def test_a_data_key_of_another_stack_is_refused(key):
    master = key()
    made = master.make({"opsctl:stack": "shop/dev"})
    assert master.unwrap(made.by, made.wrapped, {"opsctl:stack": "shop/dev"}) == made.plain
    with pytest.raises(StateError, match="was changed, or is of another stack"):
        master.unwrap(made.by, made.wrapped, {"opsctl:stack": "shop/prod"})


def test_a_data_key_that_somebody_wrapped_by_the_public_half_is_refused(key, vaults):
    """Everybody may have the public half: what only wraps would let whoever writes to the store forge a whole state."""
    master = key()
    made = master.make({})
    public = vaults.cryptography(vaults.ask(master.vault, "get", lambda c: c.get_key("state")))
    forged = public.wrap_key("RSA-OAEP-256", b"evil" * 8).encrypted_key
    body = made.wrapped[: -len(forged)] + forged
    with pytest.raises(StateError, match="was changed"):
        master.unwrap(made.by, body, {})


@pytest.mark.parametrize("wrapped", [b"", b"\1", b"\1\0\x10abc", b"\2\0\1abcdef"])
def test_a_wrapped_key_that_was_cut_off_is_refused(key, wrapped):
    master = key()
    with pytest.raises(StateError, match="cut off or of another form"):
        master.unwrap(master.make({}).by, wrapped, {})


def test_a_rotated_key_reads_what_its_older_version_sealed(key, vaults):
    """Key Vault keeps all versions; a rekey goes over to the newest."""
    master = key()
    old = AesCipher(STACK, Keys(master)).seal(BODY, PLACE)
    vaults.ask(master.vault, "rotate", lambda c: c.create_rsa_key("state", size=2048))
    reader = AesCipher(STACK, Keys(again(master), fresh=True))
    assert reader.open(old, PLACE) == BODY
    new = reader.seal(BODY, PLACE)
    assert json.loads(new)["by"] != json.loads(old)["by"]
    assert AesCipher(STACK, Keys(again(master))).open(new, PLACE) == BODY


def test_another_key_does_not_open_it_and_a_fallback_does(key):
    first, second = key("first"), key("second")
    sealed = AesCipher(STACK, Keys(first)).seal(BODY, PLACE)
    by = json.loads(sealed)["by"]
    with pytest.raises(KeyNeededError, match=f"by the key {by}: .*others: azure-kv"):
        AesCipher(STACK, Keys(second)).open(sealed, PLACE)
    assert AesCipher(STACK, Keys(second, [first])).open(sealed, PLACE) == BODY


def test_a_disabled_key_says_how_it_is_enabled(key, vaults):
    master = key()
    sealed = AesCipher(STACK, Keys(master)).seal(BODY, PLACE)
    vaults.ask(master.vault, "disable", lambda c: c.update_key_properties("state", enabled=False))
    with pytest.raises(StateError, match=r"the key is disabled .*\nhint: az keyvault key set-attributes"):
        AesCipher(STACK, Keys(again(master))).open(sealed, PLACE)
    with pytest.raises(StateError, match="the key is disabled"):
        AesCipher(STACK, Keys(again(master))).seal(BODY, PLACE)


def test_a_key_that_may_not_sign_is_refused_before_anything_is_sealed(key):
    with pytest.raises(StateError, match=r"not permitted on this key.*\nhint: its key_ops must have sign"):
        key(key_operations=["wrapKey", "unwrapKey"]).make({})


def test_a_key_that_is_not_there_says_how_it_is_made(served, context):
    nowhere = open_key({**served[0], "key": "my-vault/none"}, context)
    with pytest.raises(
        StateError, match=r"no such key in the vault\nhint: az keyvault key create --vault-name"
    ):
        nowhere.make({})


def test_the_sandbox_lends_a_key(served, context):
    """Encryption can be tried with nothing but opsctl."""
    cipher = AesCipher(STACK, Keys(open_key({**served[0], "key": "any-vault/opsctl"}, context)))
    assert cipher.open(cipher.seal(BODY, PLACE), PLACE) == BODY


@pytest.mark.parametrize(
    ("operation", "status", "code", "said"),
    [
        ("GET keys", 403, "Forbidden", "needs the role Key Vault Crypto User"),
        ("unwrapkey keys", 403, "ForbiddenByRbac", "needs the role Key Vault Crypto User"),
        ("GET keys", 401, "Unauthorized", "does not take the token .*\nhint: sign in again"),
        ("GET keys", 503, "ServiceUnavailable", "azure-kv .*getKey"),
        ("unwrapkey keys", 500, "InternalError", "azure-kv .*unwrapKey"),
    ],
)
def test_a_refusal_says_what_is_needed(key, faults, operation, status, code, said):
    master = key()
    faults.replace([Rule("error", operation=operation, status=status, code=code)])
    with pytest.raises(StateError, match=said):
        AesCipher(STACK, Keys(master)).seal(BODY, PLACE)


def test_a_vault_that_is_not_there_is_named(context):
    nowhere = {"credential": "sandbox", "vaultEndpoint": "https://127.0.0.1:9/{vault}", "key": "app/state"}
    with pytest.raises(StateError, match="the vault app cannot be reached"):
        open_key(nowhere, context).make({})


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "502 Bad Gateway"])
def test_a_web_page_in_the_place_of_a_vault_is_told_as_one(context, tmp_path, status):
    def portal(_environ, start_response):
        start_response(status, [("Content-Type", "text/html")])
        return [b"<!DOCTYPE html><html>sign in</html>"]

    certificate = tmp_path / "portal.pem"
    server = serve(portal, tls=loopback_tls(certificate))
    reach = {"credential": "sandbox", "vaultCertificates": str(certificate), "key": "app/state"}
    try:
        with pytest.raises(StateError, match="something that is no JSON"):
            open_key({**reach, "vaultEndpoint": f"{server.url}/{{vault}}"}, context).make({})
    finally:
        server.close()


def test_the_wrapped_key_is_short_enough_to_stand_in_every_body(key):
    """It is repeated in each: a signature and a ciphertext, of 256 bytes each."""
    assert len(base64.b64encode(key().make({}).wrapped)) < 700
