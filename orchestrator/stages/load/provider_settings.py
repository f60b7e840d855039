"""The settings of every configured provider and secret source, checked against what its family says that they are.

Enters: a loaded stack, and the schema of each installed family. Leaves: a diagnostic for every key or value that
does not fit, at its line in opsctl.yaml or in the environment's overlay. Holds: nothing is connected, no secret
is resolved; what the sandbox will fill in is not missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrator.kit.findings import Findings
from orchestrator.model.diagnostic import Diagnostic, did_you_mean
from orchestrator.model.duration import PATTERN
from orchestrator.model.ids import Path, ProviderName, family
from orchestrator.model.schema import Property, check
from orchestrator.model.stack import Stack
from orchestrator.stages.load.places import Place, placed

COMMON: Final[Mapping[str, Property]] = {
    "endpoint": Property("string", "`sandbox` for the local stand-in, or another address"),
    "expectAccount": Property(("string", "integer"), "refuse to write in another account"),
    "quotas": Property(
        "string",
        "where a quota does not suffice: refuse to apply, or warn and go as far as it lets us",
        enum=("refuse", "warn"),
        default="refuse",
    ),
    "giveUpAfter": Property("string", "how long one call is tried again, such as 5m", pattern=PATTERN),
}
"""Settings that the core reads, of every provider."""


def check_providers(stack: Stack, families: Mapping[str, Property]) -> list[Diagnostic]:
    """Everything that is wrong with the provider settings. ``families`` has the schemas of those installed."""
    place: Any = stack.source
    found = Findings()
    for name, settings in stack.providers.items() if place is not None else ():
        at: Path = ("providers", name)
        schema = families.get(family(name))
        if schema is None:
            hint = did_you_mean(family(name), families) or f"installed: {', '.join(sorted(families))}"
            found.error(f"no provider {family(name)!r} is installed", place.key_position(at), hint)
        else:
            _check_one(name, settings, schema, place, found)
    return found.diagnostics


def _check_one(
    name: ProviderName, settings: Mapping[str, Any], schema: Property, place: Place, found: Findings
) -> None:
    at: Path = ("providers", name)
    filled = settings.get("endpoint") == "sandbox"
    known = {**COMMON, **dict(_known(schema, filled=filled))}
    found.violations(check(settings, replace(schema, properties=known), at), placed(place))


def _known(schema: Property, *, filled: bool) -> Iterator[tuple[str, Property]]:
    """The family's own settings; the sandbox gives what would be required otherwise."""
    for name, each in schema.properties.items():
        yield name, replace(each, required=each.required and not filled)


SOURCE: Final[Mapping[str, Property]] = {
    "provider": Property("string", "the provider instance whose settings it takes, such as aws.eu"),
    "key": Property("string", "a reference to a key, for versions of secrets that have none: env:NAME"),
    "untrusted": Property("boolean", "whether an untrusted plan may read from it", default=False),
    "endpoint": Property("string", "`sandbox` for the local stand-in, or another address"),
}
"""Settings that the core reads, of every secret source."""


def check_secrets(stack: Stack, sources: Mapping[str, Property]) -> list[Diagnostic]:
    """Everything that is wrong with the settings of secret sources. ``sources`` has the schemas of those installed."""
    place: Any = stack.source
    found = Findings()
    for name, settings in stack.secrets.items() if place is not None else ():
        at: Path = ("secrets", name)
        schema = sources.get(family(ProviderName(name)))
        if schema is None:
            hint = did_you_mean(name, sources) or f"installed: {', '.join(sorted(sources))}"
            found.error(f"no secret source {name!r} is installed", place.key_position(at), hint)
        else:
            known = {**SOURCE, **schema.properties}
            found.violations(check(settings, replace(schema, properties=known), at), placed(place))
    return found.diagnostics
