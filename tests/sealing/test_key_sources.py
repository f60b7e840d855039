"""Every source of keys: what all of them promise, and how their settings are checked."""

from __future__ import annotations

import json

import pytest

from orchestrator.adapters.cipher_aes import AesCipher, Keys
from orchestrator.bootstrap.ciphers import cipher_of, key_sources
from orchestrator.model.errors import OpsctlError, StateError
from tests.sealing.conftest import STACK

SERVICES = [plugin for plugin in key_sources() if plugin.short]


def test_every_source_says_what_it_is_and_how_it_is_written():
    known = {plugin.name: plugin for plugin in key_sources()}
    assert set(known) == {"passphrase", "file", "aws-kms", "azure-kv", "vault-transit"}
    for plugin in known.values():
        assert plugin.summary.endswith(".")
        assert plugin.form
        for name, property in plugin.settings.properties.items():
            assert property.description, f"{plugin.name}.{name}"


@pytest.mark.parametrize("plugin", SERVICES, ids=lambda plugin: plugin.name)
@pytest.mark.parametrize("wrong", [None, [], {}, {"region": 1}])
def test_a_setting_without_a_key_says_what_to_write(plugin, wrong, context):
    with pytest.raises(OpsctlError, match=f"hint: write {plugin.name}: "):
        cipher_of({"key": {plugin.name: wrong}}, STACK, context)


@pytest.mark.parametrize("plugin", SERVICES, ids=lambda plugin: plugin.name)
def test_a_setting_that_nobody_knows_is_named(plugin, context):
    """A slip in ``region`` would ask another region's keys."""
    setting = {plugin.short: "my-vault/opsctl", "regoin": "x"}
    with pytest.raises(OpsctlError, match="regoin"):
        cipher_of({"key": {plugin.name: setting}}, STACK, context)


class WrapsOnly:
    """A key whose identity may wrap, and not unwrap."""

    about = "the key"

    def may_open(self, by):
        return True

    def make(self, context):
        return self.inner.make(context)

    def unwrap(self, by, wrapped, context):
        raise StateError("the key: it is not allowed: unwrapKey")


def test_nothing_is_sealed_by_a_key_that_opens_nothing_for_us(file_key):
    """A state that its own writer could not read would be a lost one."""
    key = WrapsOnly()
    key.inner = file_key("state.key")
    with pytest.raises(StateError, match="not allowed"):
        AesCipher(STACK, Keys(key)).seal(json.dumps({"a": 1}).encode(), "journal/1/1")
