"""Plugins by entry point: provider families, state backends, secret sources, keys. Loaded by name, when they are needed.

Holds: an unknown name is answered with the nearest known one, and a plugin that cannot be imported is named
with its distribution; neither is ever a traceback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import OpsctlError
from orchestrator.seams.manifest import Manifest

PROVIDERS: Final = "opsctl.providers"
BACKENDS: Final = "opsctl.backends"
SECRETS: Final = "opsctl.secrets"
KEYS: Final = "opsctl.keys"
_WHAT: Final = {
    PROVIDERS: "provider",
    BACKENDS: "state backend",
    SECRETS: "secret source",
    KEYS: "source of keys",
}


class PluginError(OpsctlError):
    """A plugin that is not installed, or that cannot be loaded."""


@cache
def installed(group: str) -> Mapping[str, EntryPoint]:
    """The entry points of a group by name; of two with one name, the first distribution's."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, point)
    return found


@cache
def load(group: str, name: str) -> Any:
    """What a plugin's entry point stands for. Raises PluginError."""
    known = installed(group)
    if name not in known:
        hint = did_you_mean(name, known) or f"installed: {', '.join(sorted(known)) or 'none'}"
        raise PluginError(f"no {_WHAT[group]} {name!r} is installed: {hint}")
    point = known[name]
    try:
        return point.load()
    except Exception as error:
        owner = point.dist.name if point.dist is not None else "an unknown distribution"
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise PluginError(f"the {_WHAT[group]} {name!r} of {owner} cannot be loaded: {reason}") from error


def manifests() -> tuple[Mapping[str, Manifest], Sequence[str]]:
    """The manifest of every provider family that can be loaded, and what is wrong with the others."""
    found: dict[str, Manifest] = {}
    broken: list[str] = []
    for name in installed(PROVIDERS):
        try:
            found[name] = load(PROVIDERS, name)
        except PluginError as error:
            broken.append(str(error))
    return found, broken
