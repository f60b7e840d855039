"""Master keys in KMS, by the unmodified SDK on the sandbox's account."""

from __future__ import annotations

import pytest

from orchestrator.adapters.cipher_aes import AesCipher, Keys
from orchestrator.kit.sealed import KeyNeededError
from orchestrator.kit.simulation.faults import Faults
from orchestrator.kit.simulation.responders import Responders
from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from providers.aws import sandbox
from providers.aws.client import Client, Settings
from providers.aws.keys import open_key

STACK = StackId("shop/dev")
PLACE = "journal/1/1"
BODY = b'{"id":"planted"}'


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    responders = Responders("127.67.9.0")
    running = sandbox.start(folder=tmp_path_factory.mktemp("kms"), faults=Faults(), responders=responders)
    yield running.settings
    running.close()
    responders.close_all()


@pytest.fixture
def raw(account):
    return Client(Settings.of(account))


@pytest.fixture
def key(account, context, raw):
    """A key of the account as the settings name it: one of its own for each call."""

    def make():
        made = raw.call("kms", "CreateKey", {})["KeyMetadata"]
        return open_key({"keyId": made["KeyId"], **account}, context), made["Arn"]

    return make


def test_what_kms_sealed_another_run_opens_by_one_call(account, context, key):
    master, arn = key()
    sealed = AesCipher(STACK, Keys(master)).seal(BODY, PLACE)
    assert f'"by":"aws-kms:{arn}"'.encode() in sealed
    later = open_key({"keyId": arn, **account}, context)
    reader = AesCipher(STACK, Keys(later))
    assert [reader.open(sealed, PLACE) for _ in range(5)] == [BODY] * 5
    reader.seal(BODY, PLACE)
    assert sum(later.client.counts.values()) == 1


def test_another_stack_is_refused_by_kms_itself(key):
    """The stack is the encryption context."""
    master, _ = key()
    made = master.make({"opsctl:stack": "shop/dev"})
    assert master.unwrap(made.by, made.wrapped, {"opsctl:stack": "shop/dev"}) == made.plain
    with pytest.raises(KeyNeededError):
        master.unwrap(made.by, made.wrapped, {"opsctl:stack": "shop/prod"})


def test_another_key_does_not_open_it_and_the_wanted_one_is_named(key):
    first, arn = key()
    second, _ = key()
    sealed = AesCipher(STACK, Keys(first)).seal(BODY, PLACE)
    with pytest.raises(StateError, match=arn):
        AesCipher(STACK, Keys(second)).open(sealed, PLACE)
    assert AesCipher(STACK, Keys(second, [first])).open(sealed, PLACE) == BODY


def test_a_key_that_is_not_there_says_what_is_needed(account, context):
    master = open_key({"keyId": "alias/none", **account}, context)
    with pytest.raises(
        StateError, match=r"aws-kms alias/none: .*\nhint: the credentials need kms:GenerateDataKey"
    ):
        AesCipher(STACK, Keys(master)).seal(BODY, PLACE)


def test_the_sandbox_lends_a_key(account, context):
    """Encryption can be tried with nothing but opsctl."""
    cipher = AesCipher(STACK, Keys(open_key({"keyId": "alias/opsctl", **account}, context)))
    assert cipher.open(cipher.seal(BODY, PLACE), PLACE) == BODY
