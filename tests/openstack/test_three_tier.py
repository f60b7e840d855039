"""The example of three tiers on a real OpenStack: made, left alone, changed behind our back, healed, and gone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml

from tests.crash.command import Launcher, Stack
from tests.openstack.conftest import connected

EXAMPLE = Path(__file__).parents[2] / "examples" / "openstack-three-tier"
WHOLE = os.environ.get("OPSCTL_CONFORMANCE") == "whole"
"""Whether Octavia and Swift are there; else the example goes without its front and its bucket."""
ON_CLOUD = ("-e", "cloud", "-p", "published=false")
"""The load balancer's address has no port of its own there: Octavia runs without a network behind it."""


@pytest.fixture
def example(tmp_path, real_project):
    """The example in a folder, and the real cloud's own client in the same project."""
    folder = tmp_path / "stack"
    shutil.copytree(EXAMPLE, folder)
    settings = real_project.settings("admin")
    login = {name: value for name, value in settings.items() if name != "region_name"}
    clouds = {"clouds": {"three-tier": {"region_name": settings["region_name"], "auth": login}}}
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump(clouds))
    if not WHOLE:
        for name in ("front.yaml", "bucket.yaml"):
            (folder / name).unlink()
        stack = folder / "opsctl.yaml"
        stack.write_text(stack.read_text().partition("outputs:")[0])
    launcher, raw = Launcher(), connected(settings)
    kept = {n: v for n, v in os.environ.items() if not n.startswith("OS_")}
    stack = Stack(folder, {**kept, "OS_CLIENT_CONFIG_FILE": str(tmp_path / "clouds.yaml")}, launcher)
    yield stack, raw
    left = stack.opsctl("destroy", "--auto-approve", *ON_CLOUD)
    assert left.code == 0, left.text
    raw.close()
    launcher.close()


def there(raw):
    """Everything that the example is made of, in the whole cloud: an administrator sees it."""
    found = {("server", s.id) for s in raw.compute.servers(all_projects=True)}
    found |= {("network", n.id) for n in raw.network.networks()}
    found |= {("subnet", n.id) for n in raw.network.subnets()}
    found |= {("router", r.id) for r in raw.network.routers()}
    found |= {("port", p.id) for p in raw.network.ports() if not p.device_owner.startswith("network:dhcp")}
    found |= {("address", i.id) for i in raw.network.ips()}
    found |= {("volume", v.id) for v in raw.block_storage.volumes(all_projects=True)}
    if WHOLE:
        found |= {("balancer", b.id) for b in raw.load_balancer.load_balancers()}
        found |= {("container", c.name) for c in raw.object_store.containers()}
    return found


def ours(raw, found):
    """Of these, what no other test that runs meanwhile has made."""
    project = raw.current_project_id
    mine = {("server", s.id) for s in raw.compute.servers()} | {
        ("volume", v.id) for v in raw.block_storage.volumes()
    }
    mine |= {("network", n.id) for n in raw.network.networks(project_id=project)}
    mine |= {("subnet", n.id) for n in raw.network.subnets(project_id=project)}
    mine |= {("router", r.id) for r in raw.network.routers(project_id=project)}
    mine |= {("port", p.id) for p in raw.network.ports(project_id=project)}
    mine |= {("address", i.id) for i in raw.network.ips(project_id=project)}
    return {each for each in found if each in mine or each[0] in ("balancer", "container")}


@pytest.mark.server
def test_three_tiers_live_on_a_real_cloud_and_leave_it_as_it_was(example):
    """Plan, apply, plan (empty), drift (named), heal, destroy: nothing of ours is left, and what others have stays."""
    stack, raw = example
    net = raw.network.create_network(name="somebody-elses")
    before = there(raw)
    stack.apply(*ON_CLOUD)
    assert stack.changes(*ON_CLOUD) == {}
    made = there(raw) - before
    assert {kind for kind, _ in made} >= {"server", "network", "subnet", "router", "port", "volume"}

    tier = next(n for n in raw.network.networks() if n.name == "three-tier-app")
    raw.network.update_network(tier, name="changed by hand")
    group = raw.network.find_security_group("three-tier-web", project_id=raw.current_project_id)
    opened = next(r for r in group.security_group_rules if r["direction"] == "ingress")
    raw.network.delete_security_group_rule(opened["id"])
    assert set(stack.changes(*ON_CLOUD)) == {'tier["app"]', "web-group"}
    drifted = stack.opsctl("drift", *ON_CLOUD)
    assert drifted.code == 2, drifted.text
    assert "changed by hand" in drifted.text
    stack.apply(*ON_CLOUD)
    assert raw.network.get_network(tier.id).name == "three-tier-app"
    assert stack.changes(*ON_CLOUD) == {}

    stack.destroy(*ON_CLOUD)
    assert ours(raw, there(raw)) == ours(raw, before)
    assert raw.network.get_network(net.id).name == "somebody-elses"
    raw.network.delete_network(net)
