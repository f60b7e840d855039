"""The OpenStack simulator of the sandbox: start it, and connect openstacksdk or the provider to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.kit.simulation.faults import Faults, FaultyApplication
from orchestrator.kit.simulation.responders import Responders
from orchestrator.kit.simulation.server import Server, serve
from providers.openstack.sandbox import seed
from providers.openstack.sandbox.application import Application, failed, operation, throttled
from providers.openstack.sandbox.cloud import REGION, Cloud
from providers.openstack.sandbox.neutron_floating import SERVED_PORTS, refresh


@dataclass(frozen=True, slots=True)
class Running:
    """A started simulator: where it listens and what a client needs to connect."""

    endpoint: str
    settings: Mapping[str, object]
    server: Server
    cloud: Cloud

    def close(self) -> None:
        """Stop listening; everything in it is gone."""
        self.server.close()


class Floating:
    """Makes floating addresses answer, by the shared responders."""

    def __init__(self, responders: Responders) -> None:
        """Keep what was last asked, so that nothing is done twice."""
        self._responders = responders
        self._last: dict[str, tuple[tuple[int, ...], int]] = {}

    def reserve(self, name: str) -> str:
        """Hand out a fresh address on which nothing answers yet."""
        address = self._responders.open(name, ports=SERVED_PORTS)  # one of which all ports are free
        self._responders.set_ports(address, ())
        return address

    def answer(self, address: str, ports: Iterable[int], status: int) -> None:
        """Let exactly these ports answer there."""
        wanted = (tuple(ports), status)
        if self._last.get(address) == wanted:
            return
        self._last[address] = wanted
        self._responders.set_ports(address, wanted[0])
        self._responders.set_status(address, status)

    def release(self, address: str) -> None:
        """Give the address back."""
        self._last.pop(address, None)
        self._responders.close(address)


def start(
    *,
    folder: Path,
    faults: Faults,
    responders: Responders,
    transition_seconds: float = 0.3,
    port: int = 0,
    now: Callable[[], float] = time.monotonic,
) -> Running:
    """Start a simulator on loopback; `folder` is not needed, since nothing of it is kept on disk."""
    del folder
    cloud = Cloud(now=now, transition_seconds=transition_seconds, answering=Floating(responders))
    cloud.on_change = refresh
    project = seed.plant(cloud)
    application = FaultyApplication(
        Application(cloud), faults, operation, "openstack", throttled=throttled, failed=failed
    )
    server = serve(application, port=port)
    settings = {
        "auth_url": f"{server.url}/identity/v3",
        "username": project.user,
        "password": seed.PASSWORD,
        "project_name": project.name,
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "region_name": REGION,
    }
    return Running(server.url, settings, server, cloud)
