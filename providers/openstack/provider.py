"""The OpenStack provider: which kind does what; the cloud is connected at the first call."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from orchestrator.kit import compare
from orchestrator.model.health import Health
from orchestrator.model.ids import Token, TypeName
from orchestrator.model.kind import KindSchema, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Proposal, ReadResult, Ref, Request
from orchestrator.model.quota import Demand, Preflight
from orchestrator.seams.manifest import Context
from providers.openstack import health
from providers.openstack.client import Client
from providers.openstack.kinds.kind import Cloud, Kind
from providers.openstack.names import Names

MODULES: Final = (
    "net",
    "subnet",
    "router",
    "router_interface",
    "port",
    "security_group",
    "security_group_rule",
    "floating_ip",
    "floating_ip_association",
    "address_scope",
    "subnet_pool",
    "address_group",
    "extra_route",
    "trunk",
    "port_forward",
    "rbac_policy",
    "qos.POLICY",
    "qos.BANDWIDTH_LIMIT",
    "qos.DSCP_MARKING",
    "qos.MINIMUM_BANDWIDTH",
    "qos.MINIMUM_PACKET_RATE",
    "octavia.LOAD_BALANCER",
    "octavia.LISTENER",
    "octavia.POOL",
    "octavia.MEMBER",
    "octavia.HEALTH_MONITOR",
    "octavia.L7_POLICY",
    "octavia.L7_RULE",
    "key_pair",
    "server",
    "volume",
    "volume_attachment",
    "image",
    "web_image",
    "compute.SERVER_GROUP",
    "compute.FLAVOR",
    "compute.AGGREGATE",
    "block_storage.TYPE",
    "block_storage.QOS",
    "block_storage.SNAPSHOT",
    "container",
    "stored_object",
    "identity.PROJECT",
    "identity.USER",
    "identity.GROUP",
    "identity.ROLE",
    "identity.CREDENTIAL",
    "identity_links.ASSIGNMENT",
    "identity_links.MEMBERSHIP",
    "dns.ZONE",
    "dns.RECORD_SET",
    "key_manager.SECRET",
    "key_manager.GENERIC",
    "key_manager.CERTIFICATE",
)
CONCURRENCY: Final = 8


class OpenStackProvider:
    """One configured cloud. Safe to share between threads."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        """Keep the settings; nothing is connected yet."""
        self._client = Client(settings, name=str(context.name))
        self._cloud = Cloud(self._client, Names(self._client), time.time, context.folder or Path())
        self._concurrency = int(settings.get("concurrency", CONCURRENCY))
        loaded: list[Kind] = [_kind(name) for name in MODULES]
        self._kinds: dict[TypeName, Kind] = {kind.schema.type: kind for kind in loaded}

    @property
    def kinds(self) -> Mapping[TypeName, KindSchema]:
        """Every kind by its type name."""
        return {name: kind.schema for name, kind in self._kinds.items()}

    @property
    def calls(self) -> Mapping[str, int]:
        """How many HTTP calls were made so far, by operation."""
        return self._client.calls

    @property
    def concurrency(self) -> int:
        """How many calls may be in flight at once."""
        return self._concurrency

    def account(self) -> str:
        """Give the id of the project that the credentials are for."""
        return self._client.project()

    def preflight(self, demands: Sequence[Demand]) -> Preflight:
        """Connect, and ask the services in which something is to be made how much may be."""
        from providers.openstack import quotas  # noqa: PLC0415 - only where something is to be made

        before = self._client.made_here
        self._client.project()
        told = quotas.touched(self._cloud, demands)
        return Preflight(told, self._client.made_here - before)

    def read_many(self, type: TypeName, refs: Sequence[Ref], way: ReadWay) -> ReadResult:
        """Read what is there of `refs`; the calls are those that were made meanwhile."""
        before = self._client.made_here
        found = self._kinds[type].read(self._cloud, refs, way)
        return ReadResult(found, self._client.made_here - before)

    def discover(self, type: TypeName) -> Iterator[Observed]:
        """Read everything of a kind."""
        return self._kinds[type].discover(self._cloud)

    def propose(
        self, type: TypeName, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]
    ) -> Proposal:
        """Say what would bring `prior` to `want`."""
        return compare.propose(self._kinds[type].schema, prior, want, last)

    def begin(self, request: Request, token: Token) -> Done | Pending:
        """Start one effect."""
        return self._kinds[request.type].begin(self._cloud, request, token)

    def poll(self, type: TypeName, handle: Mapping[str, Any]) -> Done | Pending:
        """Go on with what `begin` started."""
        return self._kinds[type].poll(self._cloud, handle)

    def find(self, intent: Intent) -> Observed | None:
        """Find what an interrupted intent made or meant."""
        return self._kinds[intent.type].find(self._cloud, intent)

    def assess(self, type: TypeName, observed: Observed) -> Health:
        """Give the cloud's own word on readiness."""
        return health.assess(observed, reports=self._kinds[type].schema.readiness)


def _kind(name: str) -> Kind:
    """Load a kind by its module, or by `module.NAME` where a module has several."""
    module, _, attribute = name.partition(".")
    loaded: Kind = getattr(
        importlib.import_module(f"providers.openstack.kinds.{module}"), attribute or "KIND"
    )
    return loaded
