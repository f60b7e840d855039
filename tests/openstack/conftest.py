"""A simulated cloud per test, and openstacksdk connected to it, unmodified."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import openstack
import pytest

from orchestrator.kit.simulation.faults import Faults
from orchestrator.kit.simulation.responders import Responders
from providers.openstack import sandbox


class Simulated:
    """A running simulator with a clock that tests move by hand."""

    def __init__(self, folder) -> None:
        self.time = 0.0
        self.faults = Faults()
        self.responders = Responders()
        self.running = sandbox.start(
            folder=folder,
            faults=self.faults,
            responders=self.responders,
            transition_seconds=1.0,
            now=lambda: self.time,
        )
        self.cloud = self.running.cloud
        self.settings = self.running.settings

    def wait(self, seconds: float = 5.0) -> None:
        """Let time pass."""
        self.time += seconds

    def connect(self, **more: object) -> openstack.connection.Connection:
        auth = {k: v for k, v in self.settings.items() if k != "region_name"} | more
        region = self.settings["region_name"]
        with warnings.catch_warnings():  # of its own optional parts
            warnings.simplefilter("ignore")
            return openstack.connect(
                auth=auth, region_name=region, load_yaml_config=False, load_envvars=False
            )

    def close(self) -> None:
        self.running.close()
        self.responders.close_all()


@pytest.fixture
def simulated(tmp_path) -> Iterator[Simulated]:
    made = Simulated(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sdk(simulated) -> Iterator[openstack.connection.Connection]:
    connection = simulated.connect()
    yield connection
    connection.close()


@pytest.fixture
def settled(simulated) -> Callable[[], None]:
    """Let everything that changes by itself happen."""
    return simulated.wait
