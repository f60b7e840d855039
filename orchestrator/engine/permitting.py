"""What the clouds must allow for a stack: the permissions of its kinds, of its secrets, and of its keys.

Enters: resources as composed, and what the stack file says of secrets and keys. Leaves: one list for each that is asked,
a configured provider or a store. Holds: nothing is asked of anybody; what a service wants beside its own operation (a key
of KMS that a volume is encrypted by) is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.model.expression import templates_in
from orchestrator.model.ids import ProviderName, TypeName, family
from orchestrator.model.kind import only_reads
from orchestrator.model.resource import Desired, Mode
from orchestrator.seams.catalogue import Catalogue
from orchestrator.seams.keys import KeyPlugin
from orchestrator.seams.secrets import SecretPlugin


@dataclass(frozen=True, slots=True)
class Needed:
    """What one cloud or store must allow. ``by``: what needs each permission, in order."""

    name: str
    """The provider (``aws.eu``), or ``secrets aws-sm``, ``encryption aws-kms``."""
    family: str
    """Whose permissions they are; empty for a store that is of no cloud."""
    by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    planning: frozenset[str] = frozenset()
    """Those of them that a plan needs; an apply needs all."""

    def names(self, *, planning: bool = False) -> Sequence[str]:
        """The permissions, those that a plan needs first; or these alone."""
        found = [name for name in self.by if not planning or name in self.planning]
        return sorted(found, key=lambda name: (name not in self.planning, name))


def of_types(types: Iterable[TypeName], catalogue: Catalogue) -> Sequence[Needed]:
    """What these types need, by family."""
    asked: dict[str, set[TypeName]] = {}
    for type in types:
        asked.setdefault(catalogue.family_of(type), set()).add(type)
    return [_of_kinds(name, name, _gathered(found, catalogue)) for name, found in sorted(asked.items())]


def of_resources(resources: Iterable[Desired], catalogue: Catalogue) -> Sequence[Needed]:
    """What the resources of a stack need, by provider."""
    asked: dict[ProviderName, set[TypeName]] = {}
    looked_up: dict[ProviderName, set[TypeName]] = {}
    for resource in resources:
        if resource.mode in (Mode.MANAGED, Mode.DATA):
            into = asked if resource.mode is Mode.MANAGED else looked_up
            into.setdefault(resource.provider, set()).add(resource.type)
    needed = []
    for name in sorted({*asked, *looked_up}):
        made = _gathered(asked.get(name, ()), catalogue)
        read = _gathered(looked_up.get(name, ()), catalogue)
        found = {**{p: by for p, by in read.items() if only_reads(p)}, **made}
        needed.append(_of_kinds(name, family(name), found))
    return needed


def of_secrets(
    resources: Sequence[Desired], outputs: object, plugin_of: Mapping[str, SecretPlugin]
) -> Sequence[Needed]:
    """What the stores of the stack's secrets must allow; ``plugin_of`` by scheme."""
    read: dict[str, set[str]] = {}
    stored: dict[str, set[str]] = {}
    settings = [gate.settings for r in resources for gate in r.gates]
    for value in (outputs, *(r.spec for r in resources), *settings):
        for _, template in templates_in(value):
            for reference in (each for expression in template.expressions for each in expression.secrets):
                read.setdefault(reference.partition(":")[0], set()).add(reference)
    for resource in resources:
        for reference in resource.sinks.values():
            stored.setdefault(reference.partition(":")[0], set()).add(reference)
    needed = []
    for scheme in sorted({*read, *stored}):
        plugin = plugin_of.get(scheme.partition(".")[0])
        if plugin is None or not plugin.permissions:
            continue
        asked = sorted(read.get(scheme, set()) | stored.get(scheme, set()))
        by = dict.fromkeys(plugin.permissions, asked)
        if scheme in stored:
            by |= dict.fromkeys(plugin.storing, sorted(stored[scheme]))
        needed.append(Needed(f"secrets {scheme}", plugin.family, by, frozenset(plugin.permissions)))
    return needed


def of_keys(plugins: Iterable[KeyPlugin]) -> Sequence[Needed]:
    """What the services of the stack's keys must allow."""
    named = [plugin for plugin in plugins if plugin.permissions]
    by = ("state and plans",)
    return [
        Needed(f"encryption {p.name}", p.family, dict.fromkeys(p.permissions, by), frozenset(p.permissions))
        for p in named
    ]


def _of_kinds(name: str, family: str, by: Mapping[str, Sequence[str]]) -> Needed:
    return Needed(name, family, by, frozenset(filter(only_reads, by)))


def _gathered(types: Iterable[TypeName], catalogue: Catalogue) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for type in sorted(types):
        kind = catalogue.kind(type)
        for permission in kind.permissions if kind is not None else ():
            found.setdefault(permission, []).append(type)
    return dict(sorted(found.items()))
