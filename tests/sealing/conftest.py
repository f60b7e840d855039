"""Keys to seal by."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from orchestrator.adapters.cipher_aes import AesCipher, Keys
from orchestrator.adapters.keys_local import open_file
from orchestrator.model.ids import StackId
from orchestrator.seams.keys import DataKey, KeyContext, MasterKey

STACK = StackId("shop/dev")


class Counted:
    """A master key that counts what it is asked."""

    def __init__(self, inner: MasterKey) -> None:
        self.inner = inner
        self.about = inner.about
        self.made = 0
        self.unwrapped = 0

    def may_open(self, by: str) -> bool:
        return self.inner.may_open(by)

    def make(self, context: Mapping[str, str]) -> DataKey:
        self.made += 1
        return self.inner.make(context)

    def unwrap(self, by: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        self.unwrapped += 1
        return self.inner.unwrap(by, wrapped, context)


MakeKey = Callable[[str], Counted]


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyContext:
    """Secrets come from the environment."""
    monkeypatch.setenv("PASS", "correct horse battery staple")
    return KeyContext(tmp_path, lambda reference: os.environ[reference.removeprefix("env:")].encode())


@pytest.fixture
def file_key(context: KeyContext) -> MakeKey:
    """A key file by a name, made at its first use."""

    def make(name: str) -> Counted:
        path = context.folder / name
        if not path.exists():
            path.touch(0o600)
            path.write_bytes(base64.b64encode(os.urandom(32)) + b"\n")
        return Counted(open_file(name, context))

    return make


@pytest.fixture
def cipher(file_key: MakeKey) -> AesCipher:
    return AesCipher(STACK, Keys(file_key("state.key")))
