"""Azure Resource Manager: types, names and bodies are ARM's own.

Enters: the provider's settings. Leaves: a configured provider. Holds: importing this package imports neither
the vendor's SDK nor the sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.seams.manifest import Context, Manifest
from orchestrator.seams.provider import Provider

from . import settings


def configure(given: Mapping[str, Any], _context: Context) -> Provider:
    """A provider for one subscription. Raises ValueError where the settings are wrong."""
    from .provider import AzureProvider  # noqa: PLC0415 - paid on first use

    return AzureProvider(settings.read(given))


manifest = Manifest(
    family="azure",
    summary="Microsoft Azure, by Azure Resource Manager",
    types=("Microsoft.*",),
    configure=configure,
    settings=settings.SCHEMA,
    bare=settings.BARE,
    composites=Path(__file__).parent / "composites",
    sandbox="providers.azure.sandbox",
    conformance="providers.azure.conformance",
)
