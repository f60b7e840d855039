"""The state backend that a stack names, with its credentials looked up and its lease's time read."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.adapters import plugins
from orchestrator.adapters.chained import ChainedState
from orchestrator.adapters.sandbox_host import reachable
from orchestrator.adapters.secret_sources import SecretSources
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.duration import seconds
from orchestrator.model.errors import StateError
from orchestrator.model.plan import Charter
from orchestrator.model.schema import Property
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.clock import Clock
from orchestrator.seams.state import StateBackend

LEASE: Final = 30.0
"""Seconds of a lease where the stack does not say."""
_COMMON: Final = ("backend", "lease")
_FAMILIES: Final = {"s3": "aws"}
"""Whose stand-in serves a backend, where it is not called like its provider."""
_SHORTEST, _LONGEST = 1.0, 3600.0


def open_state_backend(
    charter: Charter, folder: Path, clock: Clock, secrets: SecretSources, cipher: Cipher
) -> StateBackend:
    """Where the state of a stack is kept, with a chain of hashes for the audit.

    Raises OpsctlError where the settings are wrong.
    """
    opened = backend_of(charter.state, charter, folder, clock, secrets, cipher=cipher)
    secrets.noticed += [Diagnostic(note, severity=Severity.NOTE) for note in opened.notes]
    return ChainedState(opened)


def backend_of(
    state: Mapping[str, Any],
    charter: Charter,
    folder: Path,
    clock: Clock,
    secrets: SecretSources,
    *,
    cipher: Cipher,
) -> StateBackend:
    """The backend that a block ``state:`` describes, for the stack of ``charter``; ``cipher`` seals what it stores."""
    lease_time(state)
    name = str(state.get("backend", "sqlite"))
    settings = reachable(_FAMILIES.get(name, name), {k: v for k, v in state.items() if k not in _COMMON})
    opened: StateBackend = plugins.load(plugins.BACKENDS, name)(
        _revealed(settings, secrets), stack=charter.id, folder=folder, clock=clock, cipher=cipher
    )
    return opened


def lease_time(state: Mapping[str, Any]) -> float:
    """``state.lease`` in seconds. Raises StateError where it is none, or none that a run could live with."""
    try:
        wanted = seconds(state.get("lease", LEASE))
    except ValueError as error:
        raise StateError(f"state.lease: {error}") from None
    if not _SHORTEST <= wanted <= _LONGEST:
        raise StateError(
            f"state.lease is {state['lease']}: write a time from 1s to 1h (without it: {LEASE:.0f}s)"
        )
    return wanted


def backend_settings() -> Mapping[str, Property]:
    """The settings of every installed backend that says them, by its name; what all of them take is LEASE's."""
    found: dict[str, Property] = {}
    for name in sorted(plugins.installed(plugins.BACKENDS)):
        module = sys.modules[plugins.load(plugins.BACKENDS, name).__module__]
        settings = getattr(module, "SETTINGS", None)
        found[name] = (
            settings if isinstance(settings, Property) else Property("object", additional=Property())
        )
    return found


def place_settings(place: str, folder: Path) -> Mapping[str, Any]:
    """A block ``state:`` from what a person writes for a place: a YAML file that has one, or an address.

    Raises StateError where it is neither.
    """
    scheme, _, rest = place.partition(":")
    path = rest.removeprefix("//")
    first, _, key = path.partition("/")
    match scheme:
        case "sqlite" if rest:
            return {"backend": "sqlite", "path": rest}
        case "s3" if first:
            return {"backend": "s3", "bucket": first, **({"key": key} if key else {})}
        case "azblob" if key:
            container, _, prefix = key.partition("/")
            found = {"backend": "azureblob", "account": first, "container": container}
            return {**found, **({"key": prefix} if prefix else {})}
        case "postgresql" | "postgres":
            return {"backend": "postgresql", "url": place}
        case "http" | "https":
            return {"backend": "http", "address": place, "lock_address": place}
    if not (folder / place).is_file():
        raise StateError(
            f"{place} is no file, and no address of a state (sqlite:PATH, s3://…, postgresql://…)"
        )
    return _block(folder / place)


def _block(path: Path) -> Mapping[str, Any]:
    """The block of a file such as the opsctl.yaml of before."""
    import yaml  # noqa: PLC0415 - lazy: for migrations only

    try:
        written = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise StateError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    block = written.get("state") if isinstance(written, dict) else None
    if not isinstance(block, dict):
        raise StateError(f"{path} has no block state: (as the opsctl.yaml of before has)")
    return {"backend": "sqlite", **block}


def _revealed(settings: Mapping[str, Any], secrets: SecretSources) -> Mapping[str, Any]:
    """References (``env:NAME``, ``file:PATH``) looked up: the plain value is in memory only."""
    schemes = plugins.installed(plugins.SECRETS)
    references = [
        value
        for value in settings.values()
        if isinstance(value, str) and value.partition(":")[0] in schemes and value.partition(":")[2]
    ]
    found = secrets.resolve(references, trusted=True) if references else {}
    return {
        name: found.get(value, value) if isinstance(value, str) else value for name, value in settings.items()
    }
