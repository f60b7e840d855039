"""A local AWS: moto's server behind a wrapper that adds what moto does not enforce.

In: a folder, faults and responders. Out: an endpoint on loopback for the unmodified boto3. Holds: what the wrapper
adds is listed with its evidence in ``claims.BEHAVIOURS``; everything lives in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.kit.simulation.faults import Faults, FaultyApplication
from orchestrator.kit.simulation.responders import Responders
from orchestrator.kit.simulation.server import Server, serve
from providers.aws.sandbox import wire
from providers.aws.sandbox.application import Application
from providers.aws.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Running:
    """A running sandbox."""

    endpoint: str
    settings: Mapping[str, object]
    """What a provider needs to connect: region, endpoint, and keys that open nothing elsewhere."""
    server: Server
    application: Application

    @property
    def world(self) -> World:
        """What it knows."""
        return self.application.world

    def reset(self) -> None:
        """Forget everything and go on empty, in the same place."""
        self.application.reset()

    def close(self) -> None:
        """Stop serving and forget everything."""
        self.server.close()
        self.world.close()


def start(
    *,
    folder: Path,
    faults: Faults,
    responders: Responders,
    transition_seconds: float = 0.3,
    port: int = 0,
    now: Callable[[], float] = time.monotonic,
) -> Running:
    """Serve a fresh, empty AWS on loopback. Nothing is written to ``folder``."""
    del folder
    world = World(responders=responders, transition_seconds=transition_seconds, now=now)
    application = Application(world)
    faulty = FaultyApplication(
        application, faults, wire.operation, "aws", throttled=wire.throttled, failed=wire.failed
    )
    server = serve(faulty, port=port)
    settings = {
        "region": "eu-central-1",
        "endpoint": server.url,
        "accessKeyId": "sandbox",
        "secretAccessKey": "sandbox",
    }
    return Running(server.url, settings, server, application)
