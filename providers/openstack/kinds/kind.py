"""What every kind can do, and what it works with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.model.errors import TransientError
from orchestrator.model.ids import Token
from orchestrator.model.marker import PROVISIONAL, Marker
from providers.openstack.client import Client
from providers.openstack.names import Names

Body = Mapping[str, Any]
Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cloud:
    """One configured cloud with what was looked up in it."""

    client: Client
    names: Names
    now: Callable[[], float]
    """Seconds since the epoch, for deadlines that another process may go on with."""
    folder: Path = field(default_factory=Path)
    """The stack's folder: files that a spec names count from there."""


def working(what: str) -> TransientError:
    """Say that what was found is not finished: it is looked at again, and taken as it is then."""
    return TransientError(f"{what} is still being worked on", "settle", "Busy", retry_after=0.5)


def provisional(token: Token) -> str:
    """Name an object until it carries its marker."""
    return f"{PROVISIONAL}{token}"


def chosen_name(spec: Spec, marker: Marker) -> str:
    """Give the spec's name, or one made from the address and the incarnation."""
    if isinstance(spec.get("name"), str):
        return str(spec["name"])
    readable = re.sub(r"[^a-zA-Z0-9-]+", "-", marker.address).strip("-")
    return f"{readable}-{str(marker.uid)[:8]}"
