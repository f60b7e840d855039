"""A stack of every Azure kind through the whole pipeline: planned, applied, drifted, healed, destroyed."""

from __future__ import annotations

import pytest

from orchestrator import bootstrap
from orchestrator.adapters.silent import Silent
from orchestrator.engine import applying, planning
from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.change import Action
from orchestrator.model.errors import InvalidSpecError
from orchestrator.seams.state import Holder
from tests.severed import assert_nothing_seems_gone

STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: shop, id: shop}
providers:
  azure: {endpoint: "URL", subscription: SUBSCRIPTION, credential: sandbox}
params:
  size: {type: string, default: Standard_B1s}
outputs:
  address: "${ip.status.properties.ipAddress}"
  database: "${server.status.properties.fullyQualifiedDomainName}"
"""
RESOURCE = "apiVersion: opsctl.dev/v1\nkind: Resource\n"
RESOURCES = """
type: Microsoft.Resources/resourceGroups
metadata: {name: group}
spec: {name: shop, location: westeurope, tags: {app: shop}}
---
type: Microsoft.Network/virtualNetworks
metadata: {name: net}
spec:
  name: net
  parent: "${group.status.id}"
  location: "${group.status.location}"
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
---
type: Microsoft.Network/virtualNetworks/subnets
metadata: {name: subnet}
forEach: {web: 10.0.1.0/24, db: 10.0.2.0/24}
spec:
  name: "${each.key}"
  parent: "${net.status.id}"
  properties: {addressPrefix: "${each.value}", networkSecurityGroup: {id: "${guard.status.id}"}}
---
type: Microsoft.Network/networkSecurityGroups
metadata: {name: guard}
spec:
  name: guard
  parent: "${group.status.id}"
  location: westeurope
  properties:
    securityRules:
      - name: http
        properties:
          {priority: 100, direction: Inbound, access: Allow, protocol: Tcp, sourceAddressPrefix: 10.0.0.0/8,
           sourcePortRange: "*", destinationAddressPrefix: "*", destinationPortRange: "8080"}
---
type: Microsoft.Network/publicIPAddresses
metadata: {name: ip}
spec: {name: ip, parent: "${group.status.id}", location: westeurope, sku: {name: Standard}}
---
type: Microsoft.Network/networkInterfaces
metadata: {name: nic}
spec:
  name: nic
  parent: "${group.status.id}"
  location: West Europe
  properties:
    ipConfigurations:
      - name: one
        properties: {subnet: {id: "${subnet['web'].status.id}"}, publicIPAddress: {id: "${ip.status.id}"}}
---
type: Microsoft.Compute/disks
metadata: {name: data}
spec:
  name: data
  parent: "${group.status.id}"
  location: westeurope
  sku: {name: Standard_LRS}
  properties: {creationData: {createOption: Empty}, diskSizeGB: 10}
---
type: Microsoft.Compute/virtualMachines
metadata: {name: machine}
spec:
  name: machine
  parent: "${group.status.id}"
  location: westeurope
  properties:
    hardwareProfile: {vmSize: "${params.size}"}
    storageProfile:
      imageReference: {publisher: Debian, offer: debian-12, sku: "12", version: latest}
      osDisk: {createOption: FromImage, deleteOption: Delete}
      dataDisks: [{lun: 0, createOption: Attach, managedDisk: {id: "${data.status.id}"}}]
    osProfile:
      computerName: machine
      adminUsername: ops
      adminPassword: "${secret('env:MACHINE_PASSWORD')}"
    networkProfile: {networkInterfaces: [{id: "${nic.status.id}"}]}
---
type: Microsoft.Storage/storageAccounts
metadata: {name: lake}
spec:
  name: lake0001
  parent: "${group.status.id}"
  location: westeurope
  kind: StorageV2
  sku: {name: Standard_LRS}
  properties: {minimumTlsVersion: TLS1_2}
---
type: Microsoft.Storage/storageAccounts/blobServices/containers
metadata: {name: raw}
spec: {name: raw, parent: "${lake.status.id}"}
---
type: Microsoft.DBforMySQL/flexibleServers
metadata: {name: server}
spec:
  name: shop-db
  parent: "${group.status.id}"
  location: westeurope
  sku: {name: Standard_B1ms, tier: Burstable}
  properties:
    administratorLogin: ops
    administratorLoginPassword: "${secret('env:DATABASE_PASSWORD')}"
    version: 8.0.21
---
type: Microsoft.DBforMySQL/flexibleServers/databases
metadata: {name: orders}
spec: {name: orders, parent: "${server.status.id}", properties: {charset: utf8mb4, collation: utf8mb4_unicode_ci}}
---
type: Microsoft.DBforMySQL/flexibleServers/firewallRules
metadata: {name: office}
spec: {name: office, parent: "${server.status.id}", properties: {startIpAddress: 10.0.0.1, endIpAddress: 10.0.0.9}}
"""
HOLDER = Holder("tests")


class Shop:
    """The stack in a folder; every use opens it anew, as a command does."""

    def __init__(self, folder, cloud):
        self.folder, self.cloud = folder, cloud
        text = STACK.replace("URL", cloud.server.url).replace("SUBSCRIPTION", cloud.subscription)
        (folder / "opsctl.yaml").write_text(text)
        self.write(RESOURCES)

    def write(self, text):
        documents = [RESOURCE + each.strip() for each in text.split("---\n")]
        (self.folder / "shop.yaml").write_text("\n---\n".join(documents) + "\n")

    def _open(self, **options):
        return bootstrap.open_stack(self.folder, progress=Silent(), **options)

    def plan(self, **options):
        session = self._open(**options)
        try:
            return planning.plan(session.blueprint, session.workspace)
        finally:
            session.close()

    def apply(self, **options):
        session = self._open(**options)
        try:
            return applying.apply(session.blueprint, session.workspace, holder=HOLDER, approve=lambda _: True)
        finally:
            session.close()


def changes(planned):
    """What a plan would do, but for nothing and reading."""
    return {
        each.change.address: each.change
        for each in planned.steps
        if each.change is not None and each.change.action not in (Action.NOOP, Action.READ)
    }


@pytest.fixture
def shop(tmp_path, make_cloud, monkeypatch):
    monkeypatch.setenv("MACHINE_PASSWORD", "plain-text-1!")
    monkeypatch.setenv("DATABASE_PASSWORD", "plain-text-2!")
    return Shop(tmp_path, make_cloud(transition=0.05))


def test_a_stack_of_every_kind_lives_and_dies(shop):
    """Apply makes it, the next plan is empty, a resize behind our back is named and healed, destroy leaves nothing."""
    applied = shop.apply()
    assert_done(applied)
    assert applied.outputs["address"] in shop.cloud.addresses.statuses
    assert changes(shop.plan()) == {}

    bigger = {"properties": {"hardwareProfile": {"vmSize": "Standard_B4ms"}}}
    shop.cloud.compute.virtual_machines.begin_update("shop", "machine", bigger).result()
    drifted = changes(shop.plan())
    assert list(drifted) == ["machine"]
    (change,) = drifted["machine"].properties
    assert (change.before, change.after) == ("Standard_B4ms", "Standard_B1s")
    assert shop.apply().exit_code == 0
    assert changes(shop.plan()) == {}

    assert shop.apply(params={"size": "Standard_B2s"}).exit_code == 0
    assert_done(shop.apply(destroy=True))
    assert shop.cloud.world.resources == {}


def test_an_answer_that_is_cut_in_its_head_is_not_taken_for_an_empty_one(shop, monkeypatch):
    """Whichever call of a plan it is: nothing is thought to be gone, and the call is made again."""
    assert shop.apply().exit_code == 0
    assert_nothing_seems_gone(shop.cloud.faults, lambda: changes(shop.plan()), monkeypatch)


def test_what_is_deleted_behind_our_back_is_made_again(shop):
    """The container, and only it."""
    assert shop.apply().exit_code == 0
    shop.cloud.storage.blob_containers.delete("shop", "lake0001", "raw")
    assert {address: each.action for address, each in changes(shop.plan()).items()} == {"raw": Action.CREATE}
    assert shop.apply().exit_code == 0
    assert changes(shop.plan()) == {}


def test_subnets_are_in_their_network_or_documents_of_their_own(shop):
    """Both at once: an error with the line of the list, and where the other one stands."""
    inline = "{addressSpace: {addressPrefixes: [10.0.0.0/16]}, subnets: []}"
    shop.write(RESOURCES.replace("{addressSpace: {addressPrefixes: [10.0.0.0/16]}}", inline))
    with pytest.raises(InvalidSpecError) as caught:
        shop.plan()
    (first, *_) = caught.value.diagnostics
    assert "net.spec.properties.subnets" in first.message
    assert "never both" in first.hint
    assert first.position is not None


LOOKUP = """apiVersion: opsctl.dev/v1
kind: Data
type: Microsoft.Resources/resourceGroups
metadata: {name: theirs}
spec: {name: theirs}
"""


def test_a_group_of_somebody_else_is_looked_up_and_left_alone(shop):
    """By its name alone; what it tells is used, and nothing is done to it."""
    shop.cloud.resources.resource_groups.create_or_update("theirs", {"location": "northeurope"})
    (shop.folder / "shop.yaml").write_text(LOOKUP)
    stack = shop.folder / "opsctl.yaml"
    stack.write_text(
        stack.read_text().partition("outputs:")[0] + "outputs: {place: '${theirs.status.location}'}\n"
    )
    applied = shop.apply()
    assert_done(applied)
    assert applied.outputs == {"place": "northeurope"}
    assert_done(shop.apply(destroy=True))
    assert shop.cloud.resources.resource_groups.check_existence("theirs")


ABSTRACT = """apiVersion: opsctl.dev/v1
kind: DatabaseInstance
metadata: {name: orders}
provider: azure
spec: {engine: mysql, region: westeurope, password: "${secret('env:DATABASE_PASSWORD')}", labels: {app: shop}}
---
apiVersion: opsctl.dev/v1
kind: ObjectStore
metadata: {name: assets}
provider: azure
spec: {name: shopassets0, region: westeurope, labels: {app: shop}}
---
apiVersion: opsctl.dev/v1
kind: Network
metadata: {name: inner}
provider: azure
spec: {region: europe, subnets: {web: 10.40.1.0/24, data: 10.40.2.0/24}, dnsServers: [10.40.1.9], external: false}
---
apiVersion: opsctl.dev/v1
kind: Volume
metadata: {name: spare}
provider: azure
spec: {region: westeurope, sizeGb: 8, labels: {app: shop}}
"""


def test_the_abstract_types_expand_to_what_azure_takes(shop):
    """A database and a store: made, left alone by the next plan, and taken down."""
    (shop.folder / "shop.yaml").write_text(ABSTRACT)
    stack = shop.folder / "opsctl.yaml"
    stack.write_text(stack.read_text().partition("outputs:")[0])
    stack.write_text(
        stack.read_text() + 'outputs: {subnets: "${inner.status.subnets}", disk: "${spare.status.volume}"}\n'
    )
    applied = shop.apply()
    assert_done(applied)
    assert [id.rpartition("/")[2] for id in applied.outputs["subnets"]] == ["data", "web"]
    made = shop.cloud.compute.disks.get("opsctl-shop-spare", "spare")
    assert (made.id, made.disk_size_gb) == (applied.outputs["disk"], 8)
    assert changes(shop.plan()) == {}
    assert_done(shop.apply(destroy=True))
    assert shop.cloud.world.resources == {}


def test_no_secret_rests_in_the_folder(shop):
    """Neither state nor journal holds a password."""
    assert shop.apply().exit_code == 0
    for path in shop.folder.rglob("*"):
        assert not path.is_file() or b"plain-text" not in path.read_bytes(), path


TROUBLE = [
    Rule("lost-answer", "PUT *", probability=0.4),
    Rule("lost-request", "PUT *", probability=0.5, times=2),
    Rule("error", "GET *", status=503, code="ServerTimeout", probability=0.1),
    Rule("stale", "GET Microsoft.*", seconds=0.3, probability=0.5),
]


def test_lost_answers_and_stale_reads_lose_nothing(shop):
    """Answers are cut off, requests vanish, reads lag: everything is made once, and everything goes."""
    shop.cloud.faults.replace(TROUBLE)
    assert_done_in_the_end(shop.apply)
    assert sum(shop.cloud.faults.hit()) > 5
    shop.cloud.faults.replace([])
    assert changes(shop.plan()) == {}
    kinds = [each.rules.type for each in shop.cloud.world.resources.values()]
    made = {each: kinds.count(each) for each in kinds}
    assert made["Microsoft.Network/virtualNetworks/subnets"] == 2
    assert made["Microsoft.Compute/disks"] == 2  # ours, and the machine's own
    shop.cloud.faults.replace([*TROUBLE, Rule("lost-answer", "DELETE *", probability=0.5, times=2)])
    assert_done_in_the_end(lambda: shop.apply(destroy=True))
    assert shop.cloud.world.resources == {}


def assert_done_in_the_end(apply, runs=4):
    """By chance one call may lose every one of its tries: then the step is left to the next run, as its message says."""
    applied = apply()
    while applied.exit_code != 0 and runs > 1:
        runs, applied = runs - 1, apply()
    assert_done(applied)


def assert_done(applied):
    troubles = {address: each.message for address, each in applied.outcomes.items() if each.message}
    assert applied.exit_code == 0, troubles
