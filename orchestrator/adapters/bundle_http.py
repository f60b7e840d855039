"""Bundles from an OPA bundle server, or any web server: ``GET`` with an ETag (docs: "Bundle Service API").

Enters: an address, and the ETag of what is there already. Leaves: the tarball's bytes, or None where nothing changed.
Holds: a token goes to the named host only, never to where it redirects; plain HTTP is for loopback only.
"""

from __future__ import annotations

import http.client
import ipaddress
import ssl
import urllib.error
import urllib.request
from typing import Final
from urllib.parse import urlsplit

from orchestrator.model.errors import OpsctlError

_LARGEST: Final = 64 << 20
_SECONDS: Final = 30.0


def fetch(address: str, *, etag: str = "", token: str = "", ca: str = "") -> tuple[bytes, str] | None:
    """The bundle and its ETag; None where the server says that it is the one with ``etag``. Raises OpsctlError."""
    _check(address)
    request = urllib.request.Request(address, headers={"Accept": "application/gzip, */*"})  # noqa: S310 - checked above
    if etag:
        request.add_header("If-None-Match", etag)
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    context = ssl.create_default_context(cafile=ca or None) if address.startswith("https:") else None
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS, context=context) as answer:  # noqa: S310 - as above
            body = answer.read(_LARGEST + 1)
            if len(body) > _LARGEST:
                raise OpsctlError(f"the bundle {address} has more than {_LARGEST >> 20} MiB")
            return body, answer.headers.get("ETag") or ""
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.NOT_MODIFIED:
            return None
        raise OpsctlError(
            f"the bundle server answered HTTP {error.code} {error.reason} for {address}"
        ) from error
    except urllib.error.URLError as error:
        raise OpsctlError(f"the bundle server of {address} cannot be reached: {error.reason}") from error
    except TimeoutError as error:
        raise OpsctlError(
            f"the bundle server of {address} did not answer within {_SECONDS:g} seconds"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise OpsctlError(f"the bundle server of {address} broke off: {error}") from error


def _check(address: str) -> None:
    parts = urlsplit(address)
    if parts.username or parts.password:
        raise OpsctlError(
            f"policies from {parts.hostname}: no password in an address\nhint: write token: env:NAME"
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise OpsctlError(f"policies from {address}: plain HTTP is for loopback only\nhint: write https://")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
