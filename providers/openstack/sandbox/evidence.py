"""What this simulator claims about the real cloud, and who says so.

What the real cloud answered lies beside this file (`recorded/`), call by call; the tests compare the simulator with
it, and with server tests the real cloud. What that does not cover is listed by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from orchestrator.kit.simulation.evidence import Behaviour

FOLDER: Final = Path(__file__).parent / "recorded"
_SERVICES: Final = {
    "compute": "compute",
    "network": "network",
    "image": "image",
    "block_storage": "volume",
    "load_balancer": "load-balancer",
    "identity": "identity",
    "object_store": "object-store",
}
"""What the SDK calls a service, and what the simulator does."""
_DOCUMENTED: Final = {
    "key-manager": "vendor-doc:Barbican Key Manager API v1",
    "dns": "vendor-doc:Designate API reference v2",
}
"""Services that the real cloud of the recordings has not."""
_REAL = "recorded:keystone, nova, neutron, cinder, glance and octavia of release 2026.1"
_SDK = "sdk:openstacksdk 4.22, unmodified"

FURTHER = (
    Behaviour("version documents and microversion headers", _REAL),
    Behaviour("tokens by password, catalogue, 401 bodies", _REAL),
    Behaviour("406 for a microversion that is not served", _REAL),
    Behaviour("shapes of old microversions", "vendor-doc:REST API Version History of nova"),
    Behaviour("revision numbers and If-Match", _REAL),
    Behaviour("pages by marker and limit with links", _REAL),
    Behaviour("quotas: nova 403, neutron 409, cinder 413", _REAL),
    Behaviour("flavors: made, extra specs, access to private ones, refusals", _REAL),
    Behaviour("host aggregates: hosts, metadata, refusals", _REAL),
    Behaviour("server groups", _REAL),
    Behaviour("volume types: extra specs, access; QoS specs and their association", _REAL),
    Behaviour("snapshots: creating, available, deleting, 404; a volume with one cannot go", _REAL),
    Behaviour("projects, users, groups, roles: made, changed, deleted, conflicts of names", _REAL),
    Behaviour("grants and memberships by PUT, HEAD and DELETE", _REAL),
    Behaviour("application credentials: the secret is told once; implied roles come along", _REAL),
    Behaviour("images: made, sent data, changed by JSON patches, deleted", _REAL),
    Behaviour("containers: headers, metadata added and removed, 409 while not empty", _REAL),
    Behaviour("objects: ETags, metadata replaced by a POST, static large objects", _REAL),
    Behaviour("servers from volumes, in server groups", _REAL),
    Behaviour("zones and record sets: PENDING, ACTIVE, refusals", "vendor-doc:Designate API reference v2"),
    Behaviour("containers of secrets", "vendor-doc:Barbican Key Manager API v1"),
    Behaviour(
        "secrets: stored, listed by name, payload by content type", "vendor-doc:Barbican Key Manager API v1"
    ),
    Behaviour("a load balancer's address is a port of its network", "vendor-doc:Octavia API v2, vip_port_id"),
    Behaviour("lists, waits and finds of the client library", _SDK),
    Behaviour("throttling: 429 with Retry-After", "vendor-doc:oslo.limit and deployment proxies"),
    Behaviour("a floating address answers by its server's state and its rules", "none"),
    Behaviour("how long a transition takes", "none"),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the simulator, and the statuses of the real cloud's answers that it is held to."""

    service: str
    method: str
    rule: str
    statuses: tuple[int, ...]

    @property
    def behaviour(self) -> Behaviour:
        """The operation as a claim."""
        said = _DOCUMENTED.get(self.service, "none")
        return Behaviour(f"{self.method} {self.service} {self.rule}", _REAL if self.statuses else said)


def recordings() -> Mapping[str, Mapping[str, Any]]:
    """What the real cloud answered, by walk and label."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json"))}


@cache
def operations() -> tuple[Operation, ...]:
    """Every operation behind a token, by service and rule."""
    from providers.openstack.sandbox.application import Addresses  # noqa: PLC0415 - it imports all of the simulator

    addresses = Addresses()
    # Octavia answers at /v2 and at /v2.0: that is one operation.
    places = [place for place in addresses.all() if not place[2].startswith("/v2/lbaas")]
    found: dict[tuple[str, str, str], set[int]] = {place: set() for place in places}
    for call in _calls():
        place = addresses.place(_SERVICES[call["service"]], call["method"], call["path"])
        if place is not None:
            found[place].add(int(call["status"]))
    return tuple(Operation(*place, tuple(sorted(statuses))) for place, statuses in sorted(found.items()))


def _calls() -> Iterator[Mapping[str, Any]]:
    return (call for walk in recordings().values() for call in walk.values() if "path" in call)


def behaviours() -> tuple[Behaviour, ...]:
    """Every claim: each operation, and what is no operation."""
    return (*(operation.behaviour for operation in operations()), *FURTHER)
