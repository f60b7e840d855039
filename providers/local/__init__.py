"""The reference provider: values, files and commands on this machine, without a network.

Enters: settings and the stack's folder. Leaves: a Provider. Importing this package imports nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.schema import Property
from orchestrator.seams.manifest import Context, Manifest
from orchestrator.seams.provider import Provider


def _configure(settings: Mapping[str, Any], context: Context) -> Provider:
    from providers.local.provider import LocalProvider  # noqa: PLC0415 - imported when it is configured

    return LocalProvider(context, outside=bool(settings.get("outside", False)))


manifest = Manifest(
    family="local",
    summary="values, files and commands on this machine",
    types=("Local::*",),
    configure=_configure,
    settings=Property(
        "object",
        properties={
            "outside": Property(
                "boolean", "whether files may lie outside of the stack's folder", default=False
            ),
        },
    ),
    conformance="providers.local.conformance",
)
