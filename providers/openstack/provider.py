"""The OpenStack provider: which kind does what; the cloud is connected at the first call."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from orchestrator.kit.kinds import KindProvider
from orchestrator.model.quota import Demand, Preflight
from orchestrator.seams.manifest import Context
from providers.openstack import health
from providers.openstack.catalogue import Catalogue
from providers.openstack.client import Client
from providers.openstack.kinds.kind import Cloud
from providers.openstack.names import Names

CONCURRENCY: Final = 8


class OpenStackProvider(KindProvider[Cloud]):
    """One configured cloud; nothing is connected before the first call."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        """Keep the settings."""
        client = Client(settings, name=str(context.name))
        super().__init__(
            Cloud(client, Names(client), time.time, context.folder or Path()),
            client,
            Catalogue(),
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
