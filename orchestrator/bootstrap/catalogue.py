"""What the installed providers know: their kinds, and the abstract types that ship."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from orchestrator.adapters import plugins
from orchestrator.adapters.package_data import folder as packaged
from orchestrator.adapters.plugin_catalogue import PluginCatalogue
from orchestrator.kit.findings import Findings
from orchestrator.model.diagnostic import nearest
from orchestrator.model.document import Document
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema
from orchestrator.model.schema import Property
from orchestrator.model.stack import Stack
from orchestrator.stages.compose.composites import gather


@cache
def opsctl_version() -> str:
    """The installed version."""
    try:
        return version("opsctl-orchestrator")
    except PackageNotFoundError:
        return "0+unknown"


@cache
def catalogue() -> PluginCatalogue:
    """The kinds of every installed provider."""
    return PluginCatalogue(plugins.manifests)


@cache
def abstract_types() -> Mapping[TypeName, KindSchema]:
    """The abstract types that ship, with the clouds that they can be placed on in their summary."""
    from orchestrator.kit.yaml_positions import read  # noqa: PLC0415 - only where somebody asks for them

    files = [file for place in type_folders() for file in sorted(place.glob("*.yaml"))]
    parsed = [found for file in files for found in read(file.read_text("utf-8"), str(file)).documents]
    types = gather([Document(p.body, p.source) for p in parsed], Findings())
    return {
        TypeName(name): KindSchema(
            TypeName(name),
            type.schema,
            type.status,
            summary=f"{type.schema.description} Placed on: {', '.join(sorted(type.clouds)) or 'nothing yet'}.",
            abstract=True,
        )
        for name, type in types.items()
    }


def unknown_type(name: str) -> str | None:
    """None for a type that a policy may name; else the nearest type that there is, or an empty string.

    A plain word may be an abstract type of some team's own, which a shared policy knows and this stack does not have.
    It counts as a mistake only where one that ships is meant.
    """
    if catalogue().kind(TypeName(name)) is not None or name in abstract_types():
        return None
    if name.isidentifier() and "_" not in name:
        return nearest(name, abstract_types()) or None
    return catalogue().nearest_type(name)


def schemas() -> Path:
    """The folder of the JSON Schemas of results."""
    return packaged("schemas")


def settings_schemas() -> dict[str, Property]:
    """What each family says of its settings; of a plugin that cannot be loaded nothing is known here."""
    unknown = dict.fromkeys(plugins.installed(plugins.PROVIDERS), Property("object", additional=Property()))
    return {**unknown, **{name: m.settings for name, m in catalogue().manifests.items()}}


def source_schemas(stack: Stack) -> dict[str, Property]:
    """What each installed source of secrets says of its settings; only those are loaded that the stack names."""
    named = {name.partition(".")[0] for name in stack.secrets}
    known = plugins.installed(plugins.SECRETS)
    return {n: plugins.load(plugins.SECRETS, n).settings if n in named else Property("object") for n in known}


def type_folders() -> list[Path]:
    """The abstract types that ship: their schemas, and every installed provider's side of them."""
    sides = [m.composites for m in catalogue().providers() if m.composites is not None]
    return [packaged("types"), *sides]
