"""OpenStack by openstacksdk: Heat's types and property names, the cloud's own APIs.

Enters: settings (a cloud of clouds.yaml, OS_* variables, or written out) and the stack. Leaves: a Provider.
Importing this package imports neither the SDK nor the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.model.schema import Property
from orchestrator.seams.manifest import Context, Manifest
from orchestrator.seams.provider import Provider


def _configure(settings: Mapping[str, Any], context: Context) -> Provider:
    from providers.openstack.provider import OpenStackProvider  # noqa: PLC0415 - imported when it is configured

    return OpenStackProvider(settings, context)


def _text(description: str, *, secret: bool = False) -> Property:
    return Property("string", description, secret=secret)


SETTINGS = Property(
    "object",
    properties={
        "cloud": _text("the name of a cloud in clouds.yaml"),
        "auth_url": _text("Keystone's address, with /v3"),
        "username": _text("the user's name"),
        "password": _text("the user's password, by reference", secret=True),
        "project_name": _text("the project to work in"),
        "project_id": _text("the project to work in, by id"),
        "user_domain_name": _text("the user's domain"),
        "project_domain_name": _text("the project's domain"),
        "application_credential_id": _text("an application credential in place of a user"),
        "application_credential_secret": _text("its secret, by reference", secret=True),
        "region_name": _text("the region; also called region"),
        "region": _text("the region"),
        "interface": Property("string", "which endpoints to use", enum=("public", "internal", "admin")),
        "cacert": _text("a file of trusted certificates"),
        "endpoint": _text("`sandbox` for the local simulator, or Keystone's address"),
        "concurrency": Property("integer", "calls in flight at once", minimum=1, maximum=64, default=8),
        "page": Property(
            "integer", "objects that a list asks for at once", minimum=1, maximum=1000, default=1000
        ),
        "timeout": Property("number", "seconds to wait for one answer", minimum=1, default=60),
    },
)

manifest = Manifest(
    family="openstack",
    summary="OpenStack clouds: networks, servers, volumes, images",
    types=("OS::*",),
    configure=_configure,
    settings=SETTINGS,
    composites=Path(__file__).parent / "composites",
    sandbox="providers.openstack.sandbox",
    conformance="providers.openstack.conformance",
)
