"""Master keys in Vault's transit engine: hvac, unmodified, on a fake Vault that encrypts for real."""

from __future__ import annotations

import base64
import json

import hvac
import pytest

from orchestrator.adapters.cipher_aes import AesCipher, Keys
from orchestrator.adapters.keys_vault import open_key
from orchestrator.kit.sealed import KeyNeededError
from orchestrator.kit.simulation.server import serve
from orchestrator.model.errors import StateError
from orchestrator.testing.vault import ROOT, FakeVault
from tests.sealing.conftest import STACK

PLACE = "journal/1/1"
BODY = b'{"id":"planted"}'


@pytest.fixture
def vault():
    made = FakeVault()
    server = made.serve()
    made.url = server.url
    yield made
    server.close()


@pytest.fixture
def raw(vault):
    """The vendor's own client."""
    return hvac.Client(url=vault.url, token=ROOT)


@pytest.fixture
def opened(vault, raw, context):
    def opened(name="state", *, token=ROOT, make=True, **more):
        if make:
            raw.secrets.transit.create_key(name)
        return open_key({"address": vault.url, "token": token, "key": name, **more}, context)

    return opened


def test_hvac_makes_rotates_and_reads_a_key(raw):
    """What the fake answers is what the vendor's client expects."""
    raw.secrets.transit.create_key("db")
    plain = base64.b64encode(b"x").decode()
    first = raw.secrets.transit.encrypt_data("db", plaintext=plain)["data"]["ciphertext"]
    raw.secrets.transit.rotate_key("db")
    second = raw.secrets.transit.encrypt_data("db", plaintext=plain)["data"]["ciphertext"]
    assert (first[:9], second[:9]) == ("vault:v1:", "vault:v2:")
    for ciphertext in (first, second):
        assert raw.secrets.transit.decrypt_data("db", ciphertext=ciphertext)["data"]["plaintext"] == plain
    assert raw.secrets.transit.read_key("db")["data"]["latest_version"] == 2


def test_what_vault_sealed_another_run_opens_by_one_call(vault, opened):
    sealed = AesCipher(STACK, Keys(opened())).seal(BODY, PLACE)
    assert json.loads(sealed)["by"] == "vault-transit:transit/state"
    vault.asked.clear()
    reader = AesCipher(STACK, Keys(opened(make=False)))
    assert [reader.open(sealed, PLACE) for _ in range(5)] == [BODY] * 5
    reader.seal(BODY, PLACE)
    assert vault.asked == ["POST /v1/transit/decrypt/state"]


def test_another_stack_is_refused_by_vault_itself(opened):
    master = opened()
    made = master.make({"opsctl:stack": "shop/dev"})
    assert master.unwrap(made.by, made.wrapped, {"opsctl:stack": "shop/dev"}) == made.plain
    with pytest.raises(KeyNeededError, match="message authentication failed"):
        master.unwrap(made.by, made.wrapped, {"opsctl:stack": "shop/prod"})


def test_a_rotated_key_reads_what_its_older_version_sealed(raw, opened):
    """Until Vault is told that the older one opens nothing any more."""
    old = AesCipher(STACK, Keys(opened())).seal(BODY, PLACE)
    raw.secrets.transit.rotate_key("state")
    reader = AesCipher(STACK, Keys(opened(), fresh=True))
    assert reader.open(old, PLACE) == BODY
    new = reader.seal(BODY, PLACE)
    assert base64.b64decode(json.loads(new)["key"]).startswith(b"vault:v2:")
    raw.secrets.transit.update_key_configuration("state", min_decryption_version=2)
    later = AesCipher(STACK, Keys(opened()))
    assert later.open(new, PLACE) == BODY
    with pytest.raises(KeyNeededError, match="disallowed by policy"):
        later.open(old, PLACE)


def test_another_key_does_not_open_it_and_a_fallback_does(opened):
    sealed = AesCipher(STACK, Keys(opened("first"))).seal(BODY, PLACE)
    with pytest.raises(
        KeyNeededError, match=r"vault-transit:transit/first: .*others: vault-transit transit/second"
    ):
        AesCipher(STACK, Keys(opened("second"))).open(sealed, PLACE)
    assert AesCipher(STACK, Keys(opened("second"), [opened("first")])).open(sealed, PLACE) == BODY


def test_a_key_that_is_not_there_is_not_made_by_a_slip_of_the_pen(vault, opened):
    """Vault makes the key that somebody encrypts with, where its token may create."""
    with pytest.raises(
        StateError, match=r"no such key, or no such engine\nhint: vault write -f transit/keys/stat"
    ):
        AesCipher(STACK, Keys(opened("stat", make=False))).seal(BODY, PLACE)
    assert vault.transit.keys == {}


def test_a_key_that_does_not_authenticate_is_refused(raw, opened):
    raw.secrets.transit.create_key("rsa", key_type="rsa-2048")
    with pytest.raises(StateError, match=r"must be one of AEAD .*\nhint: vault write"):
        opened("rsa", make=False).make({})


@pytest.mark.parametrize(
    ("allowed", "lacking"),
    [(("transit/decrypt/",), "encrypt"), (("transit/encrypt/", "transit/keys/"), "decrypt")],
)
def test_a_lack_of_rights_says_which_are_needed_before_anything_is_sealed(vault, opened, allowed, lacking):
    vault.tokens["narrow"] = allowed
    with pytest.raises(
        StateError, match=f'path "transit/{lacking}/state" {{ capabilities = \\["update"\\] }}'
    ):
        AesCipher(STACK, Keys(opened(token="narrow"))).seal(BODY, PLACE)


def test_the_rights_to_encrypt_and_decrypt_are_enough(vault, opened):
    vault.tokens["narrow"] = ("transit/encrypt/", "transit/decrypt/")
    cipher = AesCipher(STACK, Keys(opened(token="narrow")))
    assert cipher.open(cipher.seal(BODY, PLACE), PLACE) == BODY


def test_a_token_that_has_expired_is_told_as_one(opened):
    with pytest.raises(StateError, match="not valid, or has expired: sign in again"):
        opened(token="hvs.old").make({})


def test_a_vault_that_is_sealed_or_down_is_named(vault, opened, context):
    master = opened()
    vault.sealed = True
    with pytest.raises(StateError, match="sealed or in maintenance"):
        master.make({})
    with pytest.raises(StateError, match="cannot be reached"):
        open_key({"address": "http://127.0.0.1:9", "token": "x", "key": "state"}, context).make({})


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "502 Bad Gateway"])
def test_a_web_page_in_the_place_of_vault_is_told_as_one(context, status):
    def portal(_environ, start_response):
        start_response(status, [("Content-Type", "text/html")])
        return [b"<!DOCTYPE html><html>sign in</html>"]

    server = serve(portal)
    try:
        with pytest.raises(StateError, match="answers with a web page"):
            open_key({"address": server.url, "token": "x", "key": "state"}, context).make({})
    finally:
        server.close()
