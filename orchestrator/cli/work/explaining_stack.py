"""explain state and explain encryption: two sections of opsctl.yaml, whose keys come from what is installed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from orchestrator.bootstrap.backends import LEASE, backend_settings
from orchestrator.bootstrap.ciphers import key_sources
from orchestrator.model.schema import Property


@dataclass(frozen=True, slots=True)
class Section:
    """A section, or one way to write it."""

    name: str
    summary: str
    settings: Property
    example: str
    ways: Mapping[str, Section] = field(default_factory=dict)
    """The backends, or the sources of keys, each with settings of its own."""
    needs: tuple[str, ...] = ()
    """What the identity in use must be allowed."""


def section(name: str) -> Section | None:
    """``state`` or ``encryption``; None where it is neither."""
    return SECTIONS[name]() if name in SECTIONS else None


def _state() -> Section:
    known = backend_settings()
    common = {
        "backend": Property("string", "which of those below", enum=tuple(known), default="sqlite"),
        "lease": Property(
            ("string", "number"),
            "after how long without a sign of life a run counts as dead",
            default=f"{LEASE:.0f}s",
        ),
    }
    ways = {
        name: Section(
            f"state.{name}",
            settings.description or "a backend of another package",
            replace(settings, properties={**settings.properties, "lease": common["lease"]}),
            _STATES.get(name, f"state:\n  backend: {name}"),
        )
        for name, settings in known.items()
    }
    summary = "Where opsctl keeps what it knows of the stack, its journal and its history (docs/state.md)."
    return Section("state", summary, Property("object", properties=common), _STATES["s3"], ways)


def _encryption() -> Section:
    sources = key_sources()
    names = ", ".join(source.name for source in sources)
    key = Property(("object", "string"), f"the key that seals: one of {names}; or none", required=True)
    settings = Property(
        "object",
        properties={
            "key": key,
            "fallback": Property(
                "array", "keys that older bodies are read by", items=Property("object", names)
            ),
            "required": Property("boolean", "refuse what is not encrypted", default=True),
            "compress": Property("boolean", "make bodies smaller before they are sealed", default=True),
        },
    )
    ways = {
        source.name: Section(
            f"encryption.{source.name}",
            source.summary,
            source.settings,
            f"encryption:\n  key: {{{source.name}: {_written(source.form)}}}",
            needs=source.permissions,
        )
        for source in sources
    }
    summary = "How state, journal and saved plans are encrypted where they rest (docs/security.md); without it: not at all."
    example = "encryption:\n  key: {passphrase: env:OPSCTL_PASSPHRASE}\n  fallback: [{file: ../keys/old.key}]"
    return Section("encryption", summary, settings, example, ways)


def _written(form: str) -> str:
    """A setting as it is written, without what the form says of it in words."""
    return form if form.startswith("{") else re.split("[,:] ", form)[0]


SECTIONS: Final = {"state": _state, "encryption": _encryption}
_STATES: Final = {
    "sqlite": "state:\n  backend: sqlite\n  path: .opsctl/state.db",
    "s3": "state:\n  backend: s3\n  bucket: my-states\n  region: eu-central-1",
    "azureblob": "state:\n  backend: azureblob\n  account: mystates\n  container: states",
    "postgresql": "state:\n  backend: postgresql\n  url: env:STATE_URL\n  sslmode: verify-full",
    "http": (
        "state:\n  backend: http\n  address: https://git.example.com/state/shop\n"
        "  lock_address: https://git.example.com/state/shop/lock\n  password: env:STATE_TOKEN"
    ),
}
