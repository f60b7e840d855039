"""The AWS provider: CloudFormation's types over boto3. Importing it imports no SDK."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.model.schema import Property
from orchestrator.seams.manifest import Context, Manifest
from orchestrator.seams.provider import Provider

_SETTINGS: Final = Property(
    "object",
    properties={
        "region": Property("string", required=True, description="the region, such as eu-central-1"),
        "endpoint": Property("string", description="another endpoint for every service, or sandbox"),
        "profile": Property("string", description="a profile of the shared AWS configuration"),
        "accessKeyId": Property("string", description="by reference; without keys, the usual chain of AWS"),
        "secretAccessKey": Property("string", secret=True, description="by reference"),
        "sessionToken": Property("string", secret=True, description="by reference"),
        "timeout": Property("number", description="seconds to wait for one answer", minimum=1, default=60),
        "expectAccount": Property(("string", "integer"), description="refuse to write in another account"),
    },
)


def _configure(settings: Mapping[str, Any], context: Context) -> Provider:
    from providers.aws.client import Client, Settings  # noqa: PLC0415 - the manifest is read before it is needed
    from providers.aws.kinds import all_kinds  # noqa: PLC0415
    from providers.aws.provider import AwsProvider  # noqa: PLC0415

    region = settings.get("region")
    if not isinstance(region, str) or not region:
        raise ValueError(f"provider {context.name}: region is required")
    return AwsProvider(Client(Settings.of(settings)), all_kinds(region))


_COMPOSITES: Final = Path(__file__).parent / "composites"

manifest: Final = Manifest(
    family="aws",
    summary="Amazon Web Services, by CloudFormation's types",
    types=("AWS::*",),
    configure=_configure,
    settings=_SETTINGS,
    bare={"region": "us-east-1"},
    composites=_COMPOSITES if _COMPOSITES.is_dir() else None,
    sandbox="providers.aws.sandbox",
    conformance="providers.aws.conformance",
)
