"""A local Azure Resource Manager, for trying opsctl and testing it without an account.

Enters: where faults come from and where addresses are handed out. Leaves: a running server on loopback. Holds:
everything is in memory; werkzeug is imported when the sandbox starts and no earlier.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.kit.simulation.faults import Faults
    from orchestrator.kit.simulation.responders import Responders


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers: where, and what a provider needs to connect to it."""

    endpoint: str
    settings: Mapping[str, object]
    close: Callable[[], None]


def start(
    *,
    folder: Path,
    faults: Faults,
    responders: Responders,
    transition_seconds: float = 0.3,
    now: Callable[[], float] = time.monotonic,
    port: int = 0,
) -> Running:
    """Serves the simulator; operations end after `transition_seconds` of `now`. Raises OSError where the port is taken.

    In `folder` lies the certificate of the vaults, which clients must trust.
    """
    from orchestrator.kit.simulation.faults import FaultyApplication  # noqa: PLC0415 - lazy on purpose
    from orchestrator.kit.simulation.server import serve  # noqa: PLC0415
    from orchestrator.kit.simulation.tls import loopback_tls  # noqa: PLC0415

    from .answers import failed, throttled  # noqa: PLC0415
    from .app import SUBSCRIPTION, TENANT, ArmSimulator, operation_name  # noqa: PLC0415
    from .vaults import VaultSimulator  # noqa: PLC0415
    from .vaults import operation_name as vault_operation  # noqa: PLC0415

    simulator = ArmSimulator(
        responders, now=now, transition=transition_seconds, retry_after=int(transition_seconds)
    )
    server = serve(
        FaultyApplication(
            simulator, faults, operation=operation_name, cloud="azure", throttled=throttled, failed=failed
        ),
        port=port,
    )
    certificate = folder / "azure-vaults.pem"
    vaults = serve(
        FaultyApplication(
            VaultSimulator(TENANT),
            faults,
            operation=vault_operation,
            cloud="azure",
            throttled=throttled,
            failed=failed,
        ),
        tls=loopback_tls(certificate),
    )

    def close() -> None:
        server.close()
        vaults.close()

    settings = {
        "endpoint": server.url,
        "vaultEndpoint": f"{vaults.url}/{{vault}}",
        "vaultCertificates": str(certificate),
        "subscription": SUBSCRIPTION,
        "tenant": TENANT,
        "location": "westeurope",
        "credential": "sandbox",
    }
    return Running(server.url, settings, close)
