"""What the clouds and stores must allow, with the installed plugins' word on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orchestrator.adapters import plugins
from orchestrator.bootstrap.catalogue import catalogue
from orchestrator.bootstrap.ciphers import named_keys
from orchestrator.bootstrap.sessions import read_stack
from orchestrator.engine.permitting import Needed, of_keys, of_resources, of_secrets, of_types
from orchestrator.model.ids import TypeName
from orchestrator.seams.progress import Progress


def permissions_of_types(types: Iterable[TypeName]) -> Sequence[Needed]:
    """By family."""
    return of_types(types, catalogue())


def permissions_of_stack(
    folder: Path, *, environment: str | None, params: Mapping[str, str], progress: Progress
) -> Sequence[Needed]:
    """By provider, then by store of secrets, then by source of keys. Raises InvalidSpecError."""
    blueprint = read_stack(folder, environment=environment, params=params, progress=progress).blueprint
    charter = blueprint.charter
    sources = {name: plugins.load(plugins.SECRETS, name) for name in plugins.installed(plugins.SECRETS)}
    return [
        *of_resources(blueprint.resources, catalogue()),
        *of_secrets(blueprint.resources, charter.outputs, sources),
        *of_keys(named_keys(charter.encryption)),
    ]
