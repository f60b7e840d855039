"""The OpenStack provider: which kind does what; the cloud is connected at the first call."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from orchestrator.kit import compare
from orchestrator.model.change import Action, PropertyChange
from orchestrator.model.health import Health
from orchestrator.model.ids import Token, TypeName
from orchestrator.model.kind import KindSchema, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Proposal, ReadResult, Ref, Request
from orchestrator.model.quota import Demand, Preflight
from orchestrator.seams.manifest import Context
from providers.openstack import health
from providers.openstack.client import Client
from providers.openstack.kinds.kind import Cloud, Kind
from providers.openstack.kinds.properties import joined
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
        schema = self._kinds[type].schema
        changes = tuple(
            _one_way(type, change)
            for change in compare.propose(schema, prior, want, last).changes
            if last or not _untold(schema, change)
        )
        if any(change.replaces for change in changes):
            return Proposal(Action.REPLACE, changes)
        return Proposal(Action.UPDATE if changes else Action.NOOP, changes)

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


def _untold(schema: KindSchema, change: PropertyChange) -> bool:
    """Whether a difference is only that the cloud never tells the value, and we do not know what was sent."""
    described = schema.spec.properties.get(str(change.path[0]))
    return described is not None and described.write_only


def _one_way(type: TypeName, change: PropertyChange) -> PropertyChange:
    """What a cloud changes in one direction alone must be replaced to go the other way."""
    forbidden = ONE_WAY.get((str(type), str(change.path[0])))
    if forbidden is not None and len(change.path) == 1 and forbidden(change.before, change.after):
        return replace(change, replaces=True)
    return change


def _is_smaller(before: Any, after: Any) -> bool:
    return isinstance(before, int) and isinstance(after, int) and after < before


def _loses(before: Any, after: Any) -> bool:
    """Whether some of the addresses before are not among those after."""
    if not isinstance(before, list | tuple) or not isinstance(after, list | tuple):
        return False
    return list(joined([*before, *after])) != list(joined(after))


ONE_WAY: Final[Mapping[tuple[str, str], Callable[[Any, Any], bool]]] = {
    ("OS::Cinder::Volume", "size"): _is_smaller,
    ("OS::Glance::WebImage", "source"): lambda before, _after: isinstance(before, str),
    ("OS::Neutron::AddressScope", "shared"): lambda before, after: before is True and after is False,
    ("OS::Neutron::SubnetPool", "prefixes"): _loses,
}
"""Which changes no call makes, by kind and property: before and after."""
