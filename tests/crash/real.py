"""The real OpenStack of `tests/servers/run`, through one wire for each of its services."""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import openstack
import yaml
from openstack import exceptions

from tests.crash.command import outside
from tests.crash.director import Director
from tests.crash.wire import HOST, Wire

PORTS: Final = (5000, 9292, 9696, 8774, 8776)
CLOUD: Final = "ostest-demo"


class Real:
    """One real cloud; its clocks are real, so that time does not pass faster."""

    cloud = "openstack"
    image = "cirros"
    faster = 1.0

    def __init__(self, folder: Path, director: Director) -> None:
        self.environ: Mapping[str, str] = {
            n: v for n, v in os.environ.items() if not n.startswith(("OPSCTL", "OS_"))
        }
        file = Path(
            os.environ.get("OS_CLIENT_CONFIG_FILE") or Path.home() / ".cache" / "ostest" / "clouds.yaml"
        )
        self._given = yaml.safe_load(file.read_text("utf-8"))["clouds"][CLOUD]
        self._folder = folder
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._sdk = openstack.connect(
                auth=self._given["auth"],
                region_name=self._given.get("region_name"),
                load_yaml_config=False,
                load_envvars=False,
            )
        self._looking = outside.Outside.over(self._sdk)
        self._wires = [Wire(port, director.reached, director.number) for port in PORTS]

    def provider(self) -> Mapping[str, Any]:
        """See the protocol."""
        auth = dict(self._given["auth"])
        auth["auth_url"] = re.sub(r"127\.0\.0\.1|localhost", HOST, auth["auth_url"])
        region = self._given.get("region_name")
        return {**auth, **({"region_name": region} if region else {})}

    def inventory(self) -> Counter[str]:
        """See the protocol."""
        return Counter(self._looking.openstack())

    def renew(self) -> None:
        """Delete all that the journeys make, whoever knows of it."""
        with suppress(exceptions.SDKException):
            for server in self._sdk.compute.servers():
                self._sdk.compute.delete_server(server)
                self._sdk.compute.wait_for_delete(server)
        network, own = self._sdk.network, {"project_id": self._sdk.current_project_id}
        for things, delete in (
            (self._sdk.block_storage.volumes(), self._sdk.block_storage.delete_volume),
            (network.ports(**own), network.delete_port),
            (network.networks(**own), network.delete_network),
            (network.security_groups(**own), network.delete_security_group),
        ):
            for thing in things:
                with suppress(exceptions.SDKException):  # the default group stays, as does what others have
                    delete(thing)

    def close(self) -> None:
        """See the protocol."""
        for wire in self._wires:
            wire.close()
        self._sdk.close()
