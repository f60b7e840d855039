"""The runner is killed at a write on the wire, again and again: nothing is lost and nothing made twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from orchestrator.kit.simulation.faults import Rule

STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: shop, id: shop}
providers:
  azure: {endpoint: "URL", subscription: SUBSCRIPTION, credential: sandbox}
"""
RESOURCES = """
type: Microsoft.Resources/resourceGroups
metadata: {name: group}
spec: {name: shop, location: westeurope}
---
type: Microsoft.Network/virtualNetworks
metadata: {name: net}
spec:
  name: net
  parent: "${group.status.id}"
  location: westeurope
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
---
type: Microsoft.Network/virtualNetworks/subnets
metadata: {name: subnet}
forEach: {web: 10.0.1.0/24, db: 10.0.2.0/24}
spec: {name: "${each.key}", parent: "${net.status.id}", properties: {addressPrefix: "${each.value}"}}
---
type: Microsoft.Network/networkInterfaces
metadata: {name: nic}
spec:
  name: nic
  parent: "${group.status.id}"
  location: westeurope
  properties: {ipConfigurations: [{name: one, properties: {subnet: {id: "${subnet['web'].status.id}"}}}]}
---
type: Microsoft.Storage/storageAccounts
metadata: {name: lake}
spec: {name: lake0001, parent: "${group.status.id}", location: westeurope, kind: StorageV2, sku: {name: Standard_LRS}}
---
type: Microsoft.Storage/storageAccounts/blobServices/containers
metadata: {name: raw}
spec: {name: raw, parent: "${lake.status.id}"}
"""
WANTED = {
    "/subscriptions/S/resourcegroups/shop",
    "…/microsoft.network/virtualnetworks/net",
    "…/microsoft.network/virtualnetworks/net/subnets/web",
    "…/microsoft.network/virtualnetworks/net/subnets/db",
    "…/microsoft.network/networkinterfaces/nic",
    "…/microsoft.storage/storageaccounts/lake0001",
    "…/microsoft.storage/storageaccounts/lake0001/blobservices/default",
    "…/microsoft.storage/storageaccounts/lake0001/blobservices/default/containers/raw",
}


class Wire:
    """Counts the writes before the simulator sees them, and kills their sender at the one it is told."""

    def __init__(self, cloud, monkeypatch):
        self.cloud, self.kill_at, self.writes, self.process = cloud, 0, 0, None
        self.lock = threading.Lock()
        strike = cloud.faults.strike

        def watched(family, operation):
            with self.lock:
                self.writes += operation.startswith(("PUT", "PATCH", "DELETE"))
                if 0 < self.kill_at == self.writes:
                    os.kill(self.process.pid, signal.SIGKILL)
            return strike(family, operation)

        monkeypatch.setattr(cloud.faults, "strike", watched)

    def run(self, folder, *arguments, kill_at=0):
        """One command in a process of its own; its exit code and what it said."""
        self.writes, self.kill_at = 0, kill_at
        command = [sys.executable, "-m", "orchestrator", *arguments, "--auto-approve"]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said, _ = self.process.communicate(timeout=120)
        return self.process.returncode, said


@pytest.fixture
def cloud(make_cloud):
    return make_cloud(transition=0.1)


@pytest.fixture
def folder(tmp_path, cloud):
    text = STACK.replace("URL", cloud.server.url).replace("SUBSCRIPTION", cloud.subscription)
    (tmp_path / "opsctl.yaml").write_text(text)
    head = "apiVersion: opsctl.dev/v1\nkind: Resource\n"
    documents = [head + each.lstrip() for each in RESOURCES.split("---\n")]
    (tmp_path / "shop.yaml").write_text("---\n".join(documents))
    return tmp_path


def there(cloud):
    group = f"/subscriptions/{cloud.subscription}/resourcegroups/shop"
    return {
        key.replace(f"{group}/providers", "…").replace(cloud.subscription, "S")
        for key in cloud.world.resources
    }


def test_killed_at_writes_it_ends_with_exactly_what_was_wanted(cloud, folder, monkeypatch):
    """Each run dies at a write that still takes effect; the next settles it. The last leaves nothing to do."""
    cloud.faults.add(Rule("stale", "GET Microsoft.*", seconds=0.2))
    wire = Wire(cloud, monkeypatch)
    for kill_at in (1, 1, 2, 1):
        code, said = wire.run(folder, "apply", kill_at=kill_at)
        assert code == -signal.SIGKILL, said
    code, said = wire.run(folder, "apply")
    assert code == 0, said
    assert there(cloud) == WANTED
    assert (wire.run(folder, "apply")[0], wire.writes) == (0, 0)
    code, said = wire.run(folder, "destroy", kill_at=2)
    assert code == -signal.SIGKILL, said
    code, said = wire.run(folder, "destroy")
    assert code == 0, said
    assert there(cloud) == set()
