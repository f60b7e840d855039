"""Names to ids: a spec may name a network, a flavor or an image, the APIs want ids.

Lookups are made once and kept. An id passes through without a call. A name that fits none or several is an error
that says so.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.model.errors import PermanentError
from providers.openstack.client import Client

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where objects of a collection are looked up by name."""

    service: str
    path: str
    key: str
    query: Mapping[str, Any] = field(default_factory=dict)
    filters: bool = True
    """Whether the service filters by exact name; else the whole list is read once."""
    one: str = ""
    """The name of an object in its envelope, where it is not the list's without its s."""

    @property
    def label(self) -> str:
        """The name of an object in its envelope."""
        return self.one or self.key.removesuffix("s")


PLACES: Final[Mapping[str, Place]] = {
    "network": Place("network", "/networks", "networks"),
    "subnet": Place("network", "/subnets", "subnets"),
    "router": Place("network", "/routers", "routers"),
    "port": Place("network", "/ports", "ports"),
    "subnetpool": Place("network", "/subnetpools", "subnetpools"),
    "address_scope": Place("network", "/address-scopes", "address_scopes"),
    "address_group": Place("network", "/address-groups", "address_groups"),
    "qos_policy": Place("network", "/qos/policies", "policies", one="policy"),
    "loadbalancer": Place("load-balancer", "/lbaas/loadbalancers", "loadbalancers"),
    "listener": Place("load-balancer", "/lbaas/listeners", "listeners"),
    "pool": Place("load-balancer", "/lbaas/pools", "pools"),
    "l7policy": Place("load-balancer", "/lbaas/l7policies", "l7policies", one="l7policy"),
    "security_group": Place("network", "/security-groups", "security_groups"),
    "flavor": Place("compute", "/flavors/detail", "flavors", {"is_public": "None"}, filters=False),
    "image": Place("image", "/images", "images"),
    "volume": Place("volume", "/volumes/detail", "volumes"),
    "server": Place("compute", "/servers/detail", "servers", filters=False),
    "server_group": Place("compute", "/os-server-groups", "server_groups", filters=False),
    "volume_type": Place("volume", "/types", "volume_types", {"is_public": "None"}, filters=False),
    "qos_specs": Place("volume", "/qos-specs", "qos_specs", filters=False),
    "snapshot": Place("volume", "/snapshots/detail", "snapshots"),
    "project": Place("identity", "/projects", "projects"),
    "domain": Place("identity", "/domains", "domains"),
    "user": Place("identity", "/users", "users"),
    "group": Place("identity", "/groups", "groups", {"limit": None}),
    "role": Place("identity", "/roles", "roles", {"limit": None}),
    "zone": Place("dns", "/zones", "zones"),
}


class Names:
    """What was looked up so far."""

    def __init__(self, client: Client) -> None:
        """Start with nothing known."""
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], str] = {}

    def id(self, collection: str, text: str) -> str:
        """Give the id of what is named. Raises PermanentError where it is none, or more than one."""
        if _UUID.fullmatch(text):
            return text
        with self._lock:
            if (collection, text) in self._known:
                return self._known[collection, text]
        ids = self._matches(collection, text)
        if len(ids) != 1:
            what = f"no {collection} is named {text!r}"
            if ids:
                what = f"{len(ids)} {collection}s are named {text!r} ({', '.join(ids)}): use an id"
            raise PermanentError(what, f"look up {collection}", "NotFound" if not ids else "Ambiguous")
        with self._lock:
            self._known[collection, text] = ids[0]
        return ids[0]

    def _matches(self, collection: str, text: str) -> list[str]:
        place = PLACES[collection]
        query: dict[str, Any] = {**place.query, **({"name": text} if place.filters else {})}
        found = self._client.pages(place.service, place.path, place.key, **query)
        return [str(item["id"]) for item in found if text in {item["name"], item["id"]}]

    def spelled(self, collection: str, wanted: Any, actual: str) -> str:
        """Write an id as the spec does: its name there, unless there is evidence that another one is meant.

        A list that is a moment behind must not make a difference, because a difference may replace something.
        """
        if not isinstance(wanted, str) or wanted == actual or _UUID.fullmatch(wanted):
            return actual
        with self._lock:
            if self._known.get((collection, wanted)) == actual:
                return wanted
        ids = self._matches(collection, wanted)
        if not ids:
            return actual if self._has_another_name(collection, wanted, actual) else wanted
        if actual not in ids:
            return actual
        with self._lock:
            self._known[collection, wanted] = actual
        return wanted

    def _has_another_name(self, collection: str, wanted: str, actual: str) -> bool:
        place = PLACES[collection]
        body = self._client.peek(place.service, f"{place.path.removesuffix('/detail')}/{actual}")
        inner = body.get(place.label, body) if body else {}
        return bool(inner) and inner.get("name") != wanted

    def spelled_all(self, collection: str, wanted: Any, actual: Iterable[str]) -> list[str]:
        """Write ids as the spec does, each by whichever wanted name means it."""
        names = [name for name in wanted if isinstance(name, str)] if isinstance(wanted, list | tuple) else []
        plain = [name for name in names if not _UUID.fullmatch(name)]
        return [next((n for n in plain if self.spelled(collection, n, key) == n), key) for key in actual]
