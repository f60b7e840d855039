"""The abstract types on OpenStack: made, unchanged when nothing changed, and gone; the database's first start is sound."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from orchestrator import bootstrap
from orchestrator.adapters.silent import Silent
from orchestrator.engine import applying, planning
from orchestrator.seams.state import Holder
from tests.severed import assert_nothing_seems_gone

STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: shop, id: shop}
providers:
  openstack: {auth_url: "URL", username: demo, password: sandbox, project_name: demo, region: RegionOne, user_domain_name: Default, project_domain_name: Default}
outputs:
  lake: "${lake.status.endpoint}"
  subnets: "${inner.status.subnets}"
  disk: "${disk.status.volume}"
  front: "${front.status.address}"
  inside: "${inside.status.address}"
  orders: "${orders.status.host}:${orders.status.port}"
"""
RESOURCES = """apiVersion: opsctl.dev/v1
kind: ObjectStore
metadata: {name: lake}
provider: openstack
spec: {name: shoplake1, labels: {app: shop}}
---
apiVersion: opsctl.dev/v1
kind: Network
metadata: {name: inner}
provider: openstack
spec: {subnets: {web: 10.40.1.0/24, data: 10.40.2.0/24}, labels: {app: shop}}
---
apiVersion: opsctl.dev/v1
kind: Volume
metadata: {name: disk}
provider: openstack
spec: {sizeGb: 2, labels: {app: shop}}
---
apiVersion: opsctl.dev/v1
kind: LoadBalancer
metadata: {name: front}
provider: openstack
dependsOn: [inner]
spec:
  subnet: "${inner.status.subnets[1]}"
  members: [a, b]
  addresses: {a: 10.40.1.20, b: 10.40.1.21}
  memberPort: 8080
  healthPath: /health
  labels: {app: shop}
---
apiVersion: opsctl.dev/v1
kind: LoadBalancer
metadata: {name: inside}
provider: openstack
dependsOn: [inner]
spec: {subnet: "${inner.status.subnets[0]}", protocol: TCP, port: 5432, public: false}
---
apiVersion: opsctl.dev/v1
kind: DatabaseInstance
metadata: {name: orders}
provider: openstack
spec: {engine: ENGINE, password: "${secret('env:DATABASE_PASSWORD')}", cidr: 10.20.0.0/16}
"""


class Shop:
    """The stack in a folder; every use opens it anew, as a command does."""

    def __init__(self, folder: Path, url: str, engine: str) -> None:
        self.folder = folder
        (folder / "opsctl.yaml").write_text(STACK.replace("URL", url))
        (folder / "shop.yaml").write_text(RESOURCES.replace("ENGINE", engine))

    def run(self, stage, **options):
        session = bootstrap.open_stack(self.folder, progress=Silent(), **options)
        try:
            return stage(session)
        finally:
            session.close()

    def changes(self):
        planned = self.run(lambda s: planning.plan(s.blueprint, s.workspace))
        return {change.address: change.action for change in planned.plan.pending}

    def apply(self, **options):
        holder = Holder("tests")
        return self.run(
            lambda s: applying.apply(s.blueprint, s.workspace, holder=holder, approve=lambda _: True),
            **options,
        )


PASSWORD = 'it\'s a \\ "word" $HOME'


@pytest.fixture(params=["mysql", "postgres"])
def shop(tmp_path, simulated, monkeypatch, request) -> Shop:
    monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)
    simulated.cloud.now, simulated.cloud.transition = time.monotonic, 0.05
    made = Shop(tmp_path, str(simulated.settings["auth_url"]), request.param)
    made.engine = request.param
    return made


def check_balancers(outputs, sdk) -> None:
    """One for the world, one for the inside: a public address only where it is wanted, monitors that fit."""
    balancers = {b.name: b for b in sdk.load_balancer.load_balancers()}
    assert set(balancers) == {"shop-front", "shop-inside"}
    (public,) = (ip for ip in sdk.network.ips() if ip.port_id == balancers["shop-front"].vip_port_id)
    assert outputs["front"] == public.floating_ip_address
    assert outputs["inside"] == balancers["shop-inside"].vip_address
    pools = {p.name: p.id for p in sdk.load_balancer.pools()}
    members = list(sdk.load_balancer.members(pools["shop-front"]))
    assert {(m.address, m.protocol_port) for m in members} == {("10.40.1.20", 8080), ("10.40.1.21", 8080)}
    monitors = {m.pools[0]["id"]: (m.type, m.url_path) for m in sdk.load_balancer.health_monitors()}
    assert monitors == {pools["shop-front"]: ("HTTP", "/health"), pools["shop-inside"]: ("TCP", None)}
    listeners = {
        x.name: (x.protocol, x.protocol_port, x.default_pool_id) for x in sdk.load_balancer.listeners()
    }
    assert listeners == {
        "shop-front": ("HTTP", 80, pools["shop-front"]),
        "shop-inside": ("TCP", 5432, pools["shop-inside"]),
    }


def test_the_abstract_types_live_on_openstack(shop, simulated, sdk):
    applied = shop.apply()
    assert applied.exit_code == 0, {a: o.message for a, o in applied.outcomes.items() if o.message}
    assert applied.outputs["lake"].endswith("/shoplake1")
    assert [sdk.network.get_subnet(id).cidr for id in applied.outputs["subnets"]] == [
        "10.40.2.0/24",
        "10.40.1.0/24",
    ]
    assert sdk.block_storage.get_volume(applied.outputs["disk"]).size == 2
    check_balancers(applied.outputs, sdk)
    assert applied.outputs["orders"].endswith(":3306" if shop.engine == "mysql" else ":5432")
    (server,) = sdk.compute.servers()
    disks = [v for v in sdk.block_storage.volumes() if v.size == 20]
    assert [v.attachments[0]["server_id"] for v in disks] == [server.id], (
        "its disk is there from the first start"
    )
    assert shop.changes() == {}
    gone = shop.apply(destroy=True)
    assert gone.exit_code == 0, {a: o.message for a, o in gone.outcomes.items() if o.message}
    assert list(sdk.compute.servers()) == []
    assert list(sdk.load_balancer.load_balancers()) == []
    assert list(sdk.object_store.containers()) == []
    assert [n.name for n in sdk.network.networks()] == ["public"]


def test_an_answer_that_is_cut_in_its_head_is_not_taken_for_an_empty_one(shop, simulated, monkeypatch):
    """Whichever call of a plan it is, a token's too: nothing is thought to be gone, and the call is made again."""
    assert shop.apply().exit_code == 0
    assert_nothing_seems_gone(simulated.faults, shop.changes, monkeypatch)


def scripts(config) -> dict[str, str]:
    return {file["path"]: file["content"] for file in config["write_files"]}


def test_the_first_start_of_a_database_is_what_cloud_init_and_a_shell_can_read(shop, simulated, sdk):
    """Whatever is in the password: it stands alone in a file, and the scripts are sound."""
    assert shop.apply().exit_code == 0
    (server,) = sdk.compute.servers()
    told = simulated.cloud.table("servers")[server.id]["_user_data"]
    assert told.startswith("#cloud-config\n")
    config = yaml.safe_load(told)
    assert config["packages"] == ["mysql-server" if shop.engine == "mysql" else "postgresql"]
    files = scripts(config)
    assert files["/etc/opsctl/password"] == f"{PASSWORD}\n"
    assert f"engine={shop.engine}\n" in files["/etc/opsctl/database"]
    assert [f["permissions"] for f in config["write_files"][:2]] == ["0600", "0600"]
    for path, text in files.items():
        if text.startswith("#!/bin/sh"):
            checked = subprocess.run(
                [shutil.which("sh"), "-n"], input=text, text=True, capture_output=True, check=False
            )
            assert (checked.returncode, checked.stderr) == (0, ""), path
    (command,) = config["runcmd"][0]
    assert command in files
