"""What a stack's state and plans are sealed by, as its stack file says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.adapters import plugins
from orchestrator.adapters.sandbox_host import reachable
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.errors import OpsctlError, ProviderError
from orchestrator.model.ids import StackId
from orchestrator.model.schema import check
from orchestrator.model.values import Secret
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.keys import KeyContext, KeyPlugin, MasterKey


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
    packed = encryption.get("compress") is not False
    return AesCipher(stack, Keys(primary, fallback, required=required, fresh=rewriting, packed=packed))


def _master(written: Mapping[str, Any], context: KeyContext) -> MasterKey:
    name, setting = next(iter(written.items()))
    plugin: KeyPlugin = plugins.load(plugins.KEYS, name)
    given = {plugin.short: setting} if plugin.short and isinstance(setting, str) else setting
    hidden = plugin.settings.secret and isinstance(given, str)  # somebody may have written the secret itself
    shown = Secret(given, "") if hidden else given
    if wrong := [v.message for v in check(shown, plugin.settings, ("encryption", name))]:
        raise OpsctlError(f"{'; '.join(wrong)}\nhint: write {name}: {plugin.form}")
    if isinstance(given, Mapping):
        given = _revealed(plugin, reachable(plugin.family, given), context)
    return plugin.open(given, context)


def _revealed(plugin: KeyPlugin, settings: Mapping[str, Any], context: KeyContext) -> Mapping[str, Any]:
    """Credentials are written by reference."""
    known = plugin.settings.properties
    references = {n: str(v) for n, v in settings.items() if n in known and known[n].secret and ":" in str(v)}
    return {**settings, **{name: context.resolve(written).decode() for name, written in references.items()}}


def named_keys(encryption: Mapping[str, Any]) -> Sequence[KeyPlugin]:
    """The sources of the keys that a stack file names, each once."""
    written = [encryption.get("key"), *(encryption.get("fallback") or ())]
    names = dict.fromkeys(name for each in written if isinstance(each, Mapping) for name in each)
    return [plugins.load(plugins.KEYS, name) for name in names]


def key_sources() -> Sequence[KeyPlugin]:
    """Every installed source of keys that can be loaded, by name."""
    return [plugins.load(plugins.KEYS, name) for name in sorted(plugins.installed(plugins.KEYS))]


def key_context(folder: Path, resolve: Callable[..., Mapping[str, Any]]) -> KeyContext:
    """Secrets of keys stand in the settings, so that they are resolved in an untrusted run too."""

    def value(reference: str) -> bytes:
        try:
            return str(resolve([reference], trusted=True)[reference].value).encode()
        except ProviderError as error:
            raise OpsctlError(f"a key cannot be had: {error.message}") from error

    return KeyContext(folder, value)
