"""The real OpenStack of `tests/servers/run`, through one wire for each of its services, in a project of our own."""

from __future__ import annotations

import os
import re
import secrets
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
CLOUD: Final = "ostest"
"""Of clouds.yaml: it may make projects."""


class Real:
    """One real cloud; its clocks are real, so that time does not pass faster."""

    cloud = "openstack"
    image = "cirros"
    faster = 1.0
    is_slow = True
    sandbox = None

    def __init__(self, folder: Path, director: Director) -> None:
        self.environ: Mapping[str, str] = {
            n: v for n, v in os.environ.items() if not n.startswith(("OPSCTL", "OS_"))
        }
        file = Path(
            os.environ.get("OS_CLIENT_CONFIG_FILE") or Path.home() / ".cache" / "ostest" / "clouds.yaml"
        )
        given = yaml.safe_load(file.read_text("utf-8"))["clouds"][CLOUD]
        self._folder, self._region = folder, given.get("region_name")
        self._admin = self._connect(given["auth"])
        self._auth = self._move_in(given["auth"])
        self._sdk = self._connect(self._auth)
        self._looking = outside.Outside.over(self._sdk)
        self._wires = [Wire(port, director.reached, director.number) for port in PORTS]

    def _connect(self, auth: Mapping[str, str]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openstack.connect(
                auth=auth, region_name=self._region, load_yaml_config=False, load_envvars=False
            )

    def _move_in(self, admin: Mapping[str, str]) -> Mapping[str, str]:
        """Make a project with a user: nobody else's things are in the inventory, nor in the way."""
        identity, name, password = (
            self._admin.identity,
            f"crash-{secrets.token_hex(4)}",
            secrets.token_hex(16),
        )
        self._project = identity.create_project(name=name)
        self._user = identity.create_user(name=name, password=password)
        role = identity.find_role("member", ignore_missing=False)
        identity.assign_project_role_to_user(self._project, self._user, role)
        return {**admin, "username": name, "password": password, "project_name": name}

    def _move_out(self) -> None:
        """Leave nothing: Neutron keeps a project's default group until somebody deletes it."""
        self.renew()
        for group in self._admin.network.security_groups(project_id=self._project.id):
            self._admin.network.delete_security_group(group)
        self._admin.identity.delete_user(self._user)
        self._admin.identity.delete_project(self._project)

    def providers(self) -> Mapping[str, Mapping[str, Any]]:
        """See the protocol."""
        auth = dict(self._auth)
        auth["auth_url"] = re.sub(r"127\.0\.0\.1|localhost", HOST, auth["auth_url"])
        region = self._region
        return {self.cloud: {**auth, **({"region_name": region} if region else {})}}

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
        self._move_out()
        self._sdk.close()
        self._admin.close()
