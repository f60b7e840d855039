"""The kinds of every installed provider, found through their manifests; a family is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from orchestrator.adapters.guarded import fault_of
from orchestrator.adapters.plugins import PluginError
from orchestrator.model.diagnostic import nearest
from orchestrator.model.ids import ProviderName, StackId, TypeName
from orchestrator.model.kind import KindSchema
from orchestrator.seams.manifest import Context, Manifest


class PluginCatalogue:
    """Kinds by type name. ``manifests`` gives the families by name, and what is wrong with the rest."""

    def __init__(self, manifests: Callable[[], tuple[Mapping[str, Manifest], Sequence[str]]]) -> None:
        self._load = manifests
        self._kinds: dict[str, Mapping[TypeName, KindSchema]] = {}
        self._families: dict[TypeName, str] = {}

    @cached_property
    def _loaded(self) -> tuple[Mapping[str, Manifest], Sequence[str]]:
        return self._load()

    @property
    def manifests(self) -> Mapping[str, Manifest]:
        """Every installed provider family."""
        return self._loaded[0]

    @property
    def broken(self) -> Sequence[str]:
        """What is wrong with the families that could not be loaded."""
        return self._loaded[1]

    def providers(self) -> list[Manifest]:
        """The manifests, by family name."""
        return [self.manifests[name] for name in sorted(self.manifests)]

    def family_of(self, type: TypeName) -> str:
        """The family that serves a type, or an empty string."""
        if type not in self._families:
            served = (n for n, m in self.manifests.items() if any(_matches(type, p) for p in m.types))
            self._families[type] = next(served, "")
        return self._families[type]

    def kind(self, type: TypeName) -> KindSchema | None:
        """The schema of a kind, or None where no provider knows it."""
        family = self.family_of(type)
        try:
            return self._of(family).get(type) if family else None
        except PluginError:
            raise
        except Exception as error:  # a plugin may make a kind when it is asked for
            raise PluginError(f"{fault_of(family, error)}, when {type} was asked for") from error

    def types(self, family: str | None = None) -> list[TypeName]:
        """The type names of one family, or of all."""
        families = sorted(self.manifests) if family is None else [family]
        return [type for name in families for type in sorted(self._of(name))]

    def nearest_type(self, type: str) -> str:
        """The known type that is most like the given one, or an empty string."""
        return nearest(type, self.types())

    def _of(self, family: str) -> Mapping[TypeName, KindSchema]:
        if family not in self._kinds:
            context = Context(ProviderName(family), StackId(""), Path())
            manifest = self.manifests[family]
            try:
                self._kinds[family] = manifest.configure(manifest.bare, context).kinds
            except Exception as error:
                raise PluginError(f"{fault_of(family, error)}, when its kinds were asked for") from error
        return self._kinds[family]


def _matches(type: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return type.startswith(pattern[:-1])
    return type == pattern
