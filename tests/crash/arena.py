"""Where a machine runs: one cloud behind a wire, what opsctl needs to reach it, and a look past the wire."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from orchestrator.bootstrap import catalogue
from orchestrator.model.ids import ProviderName, family
from tests.crash.command import Sandbox
from tests.crash.director import Director
from tests.crash.wire import HOST, Wire

STALE = """faults:
- {kind: stale, cloud: aws, operation: "Describe*", seconds: 0.1}
- {kind: stale, cloud: azure, operation: "GET Microsoft.*", seconds: 0.1}
- {kind: stale, cloud: openstack, operation: "GET *", seconds: 0.1}
"""
ADDRESS: Final = {"aws": "endpoint", "azure": "endpoint", "openstack": "auth_url"}
"""The setting of each provider that says where its cloud is."""
FASTER = 10.0
"""Time passes this much faster for opsctl: reads that lag by 0.1 s lag by one of its seconds."""

_NAMED = re.compile(r"-[0-9a-f]{10}\b")
"""The end of a name that opsctl generates for an incarnation."""


class Arena(Protocol):
    """One cloud, as a machine uses it."""

    cloud: str
    """The key of its journey."""
    environ: Mapping[str, str]
    faster: float
    image: str
    sandbox: Sandbox | None
    """The process of its simulators, where it has one."""
    is_slow: bool
    """A call may take longer than the time for which opsctl looks for what it made."""

    def providers(self) -> Mapping[str, Mapping[str, Any]]:
        """The settings of the stack's providers: through the wire."""

    def inventory(self) -> Counter[str]:
        """What is there, by the vendor's SDK, past the wire."""

    def renew(self) -> None:
        """Empty it, whatever is there."""

    def close(self) -> None:
        """End what was started."""


def stack_file(name: str, state: Mapping[str, Any], arena: Arena) -> str:
    """An ``opsctl.yaml`` for the arena's clouds, with the state where it is said to be."""
    stack = {
        "apiVersion": "opsctl.dev/v1",
        "kind": "Stack",
        "metadata": {"name": name, "id": name},
        "state": state,
        "providers": arena.providers(),
    }
    return json.dumps(stack)


class Simulated:
    """A sandbox of its own, with stale reads: one of its clouds, or ``mixed``: all."""

    faster = FASTER
    image = "cirros"
    is_slow = False

    def __init__(self, cloud: str, folder: Path, director: Director, *, stale: bool = True) -> None:
        self.cloud = cloud
        self._clouds = tuple(ADDRESS) if cloud == "mixed" else (cloud,)
        self._folder, self._director, self._stale = folder, director, stale
        self._start()

    def _start(self) -> None:
        self.sandbox = Sandbox(self._folder, transition=0.03)
        if self._stale:
            self.sandbox.faults.write_text(STALE)
        self.environ = self.sandbox.environ
        self._settings = {cloud: self.sandbox.settings(cloud) for cloud in self._clouds}
        ports = [self._port(cloud) for cloud in self._clouds]
        self._wires = [Wire(port, self._director.reached, self._director.number) for port in ports]

    def _port(self, cloud: str) -> int:
        return urlsplit(self._settings[cloud][ADDRESS[cloud]]).port or 80

    def providers(self) -> Mapping[str, Mapping[str, Any]]:
        """See the protocol."""
        return {cloud: self._provider(cloud) for cloud in self._clouds}

    def _provider(self, cloud: str) -> Mapping[str, Any]:
        port = self._port(cloud)
        more = {"region": "eu-west-1"} if cloud == "aws" else {}
        text = json.dumps({**self._settings[cloud], **more})
        known = catalogue().manifests[family(ProviderName(cloud))].settings.properties
        settings = json.loads(text.replace(f"127.0.0.1:{port}", f"{HOST}:{port}"))
        return {name: value for name, value in settings.items() if name in known or name == "region"}

    def inventory(self) -> Counter[str]:
        """See the protocol."""
        return Counter(
            _NAMED.sub("-…", line) for line in self.sandbox.outside.inventory(*self._clouds).elements()
        )

    def renew(self) -> None:
        """See the protocol."""
        self.close()
        self._start()

    def close(self) -> None:
        """See the protocol."""
        for wire in self._wires:
            wire.close()
        self.sandbox.down()
