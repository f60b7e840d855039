"""The settings of one configured Azure subscription.

Enters: the provider's block of opsctl.yaml, or what the sandbox says of itself. Leaves: `Settings`. Holds: no
secret; a token is sent over plain HTTP to this machine only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from orchestrator.model.schema import Property

PUBLIC: Final = "https://management.azure.com"
CREDENTIALS: Final = (
    "default",
    "environment",
    "cli",
    "client-secret",
    "managed-identity",
    "workload-identity",
    "sandbox",
)

SCHEMA: Final = Property(
    "object",
    properties={
        "subscription": Property("string", "The id of the subscription; a sandbox has its own."),
        "tenant": Property("string", "The tenant that the subscription must be in."),
        "endpoint": Property("string", f"The Azure Resource Manager to speak to; {PUBLIC} by default."),
        "location": Property("string", "The region that stack files may refer to."),
        "credential": Property("string", "Where tokens come from.", enum=CREDENTIALS),
        "clientId": Property("string", "Who signs in, for client-secret and managed-identity."),
        "clientSecret": Property("string", "By reference, for client-secret.", secret=True),
        "concurrency": Property("integer", "How many calls may be in flight at once.", minimum=1, maximum=64),
        "timeout": Property("number", "Seconds to wait for one answer.", minimum=1, default=120),
        "apiVersions": Property(
            "object", "API versions by type, instead of the pinned ones.", additional=Property("string")
        ),
    },
)
BARE: Final = {"subscription": "none"}
"""Enough to know the kinds."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to connect, as whom."""

    subscription: str
    tenant: str = ""
    endpoint: str = PUBLIC
    credential: str = "default"
    concurrency: int = 8
    client: str = ""
    secret: str = field(default="", repr=False)
    versions: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 120.0
    """Seconds to wait for one answer."""

    @property
    def is_here(self) -> bool:
        """Whether the endpoint is on this machine."""
        return _is_loopback(urlsplit(self.endpoint).hostname)


def _is_loopback(host: str | None) -> bool:
    """Whether a name is this machine itself: all of 127.0.0.0/8 is."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def read(given: Mapping[str, Any]) -> Settings:
    """The settings as a value. Raises ValueError with what is wrong."""
    subscription = given.get("subscription")
    if not isinstance(subscription, str) or not subscription:
        raise ValueError("provider azure: `subscription` is required: the id of the subscription to work in")
    endpoint = str(given.get("endpoint") or PUBLIC).rstrip("/")
    parts = urlsplit(endpoint)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError(f"provider azure: endpoint {endpoint!r} is not a URL")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError(f"provider azure: endpoint {endpoint!r} must be https: tokens travel over it")
    credential = str(given.get("credential") or "default")
    if credential not in CREDENTIALS:
        raise ValueError(f"provider azure: credential {credential!r} is not one of: {', '.join(CREDENTIALS)}")
    if credential == "sandbox" and not _is_loopback(parts.hostname):
        raise ValueError("provider azure: the sandbox's credential works with a sandbox only")
    if credential == "client-secret" and not all(
        given.get(n) for n in ("tenant", "clientId", "clientSecret")
    ):
        raise ValueError("provider azure: client-secret needs tenant, clientId and clientSecret")
    return Settings(
        subscription,
        str(given.get("tenant") or ""),
        endpoint,
        credential,
        int(given.get("concurrency") or 8),
        str(given.get("clientId") or ""),
        str(given.get("clientSecret") or ""),
        {str(name).lower(): str(version) for name, version in (given.get("apiVersions") or {}).items()},
        float(given.get("timeout") or 120.0),
    )
