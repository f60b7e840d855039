"""The provider acme. Importing this package imports neither the HTTP client nor the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.schema import Property
from orchestrator.seams.manifest import Context, Manifest
from orchestrator.seams.provider import Provider


def _configure(settings: Mapping[str, Any], _context: Context) -> Provider:
    from opsctl_acme.kinds import KINDS  # noqa: PLC0415 - imported when it is configured
    from orchestrator.kit.rest.client import RestClient  # noqa: PLC0415
    from orchestrator.kit.rest.provider import RestProvider  # noqa: PLC0415

    token = {"X-Token": settings["token"]} if settings.get("token") else {}
    client = RestClient(str(settings.get("endpoint", "")), token)
    return RestProvider(
        client,
        KINDS,
        account=lambda c: str(c.ask("GET", "/account")["id"]),
        page=int(settings.get("page", 100)),
    )


manifest = Manifest(
    family="acme",
    summary="boxes of Acme",
    types=("Acme::*",),
    configure=_configure,
    settings=Property(
        "object",
        properties={
            "endpoint": Property("string", "`sandbox`, or the address of the service", required=True),
            "token": Property("string", "who you are, by reference", secret=True),
            "page": Property(
                "integer", "objects that a list asks for at once", minimum=1, maximum=100, default=100
            ),
        },
    ),
    sandbox="opsctl_acme.sandbox",
    conformance="opsctl_acme.conformance",
)
