"""The OpenStack provider: which kind does what; the cloud is connected at the first call."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from orchestrator.kit.kinds import Kind, KindProvider
from orchestrator.model.quota import Demand, Preflight
from orchestrator.seams.manifest import Context
from providers.openstack import health
from providers.openstack.client import Client
from providers.openstack.kinds.kind import Cloud
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


class OpenStackProvider(KindProvider[Cloud]):
    """One configured cloud; nothing is connected before the first call."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        """Keep the settings."""
        client = Client(settings, name=str(context.name))
        super().__init__(
            Cloud(client, Names(client), time.time, context.folder or Path()),
            client,
            map(_kind, MODULES),
            account=client.project,
            assess=lambda schema, observed: health.assess(observed, reports=schema.readiness),
            concurrency=int(settings.get("concurrency", CONCURRENCY)),
        )

    def preflight(self, demands: Sequence[Demand]) -> Preflight:
        """Connect, and ask the services in which something is to be made how much may be."""
        from providers.openstack import quotas  # noqa: PLC0415 - only where something is to be made

        before = self._client.made_here
        self.account()
        told = quotas.touched(self._cloud, demands)
        return Preflight(told, self._client.made_here - before)


def _kind(name: str) -> Kind[Cloud]:
    """Load a kind by its module, or by `module.NAME` where a module has several."""
    module, _, attribute = name.partition(".")
    loaded: Kind[Cloud] = getattr(
        importlib.import_module(f"providers.openstack.kinds.{module}"), attribute or "KIND"
    )
    return loaded
