"""What a stack's state and plans are sealed by, as its stack file says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.adapters import plugins
from orchestrator.adapters.sandbox_host import reachable
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.errors import OpsctlError, ProviderError
from orchestrator.model.ids import StackId
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.keys import KeyContext, MasterKey

_FAMILIES: Final = {"aws-kms": "aws", "azure-kv": "azure"}
"""Whose stand-in serves a source of keys that is not called like its provider."""


def cipher_of(
    encryption: Mapping[str, Any],
    stack: StackId,
    context: KeyContext,
    *,
    rewriting: bool = False,
) -> Cipher:
    """The cipher of a stack: the plain one where it says nothing of encryption.

    When ``rewriting``, what is plain is read all the same, and a fresh data
    key seals. No key is asked for before something is sealed or opened; a setting that is wrong is told now.
    """
    if not encryption:
        return PLAIN
    from orchestrator.adapters.cipher_aes import AesCipher, Keys  # noqa: PLC0415 - only where something is sealed

    key = encryption.get("key")
    primary = None if key is None or key == "none" else _master(key, context)
    fallback = [_master(each, context) for each in encryption.get("fallback") or ()]
    required = encryption.get("required") is not False and primary is not None and not rewriting
    return AesCipher(stack, Keys(primary, fallback, required=required, fresh=rewriting))


def _master(written: Mapping[str, Any], context: KeyContext) -> MasterKey:
    name, setting = next(iter(written.items()))
    if isinstance(setting, Mapping):
        setting = reachable(_FAMILIES.get(name, name), setting)
    opened: MasterKey = plugins.load(plugins.KEYS, name)(setting, context)
    return opened


def key_context(folder: Path, resolve: Callable[..., Mapping[str, Any]]) -> KeyContext:
    """Secrets of keys stand in the settings, so that they are resolved in an untrusted run too."""

    def value(reference: str) -> bytes:
        try:
            return str(resolve([reference], trusted=True)[reference].value).encode()
        except ProviderError as error:
            raise OpsctlError(f"a key cannot be had: {error.message}") from error

    return KeyContext(folder, value)
