"""The example of three tiers on a real OpenStack: made, left alone, changed behind our back, healed, and gone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml

from tests.crash.command import Launcher, Stack
from tests.openstack.conftest import Project, connected

EXAMPLE = Path(__file__).parents[2] / "examples" / "openstack-three-tier"
WHOLE = os.environ.get("OPSCTL_CONFORMANCE") == "whole"
"""Whether Octavia and Swift are there; else the example goes without its front and its bucket."""
ON_CLOUD = ("-e", "cloud", "-p", "published=false")
"""The load balancer's address has no port of its own there: Octavia runs without a network behind it."""


@pytest.fixture
def example(tmp_path):
    """The example in a folder, and the real cloud's own client in the same project, which nothing else uses."""
    project = Project()
    folder = tmp_path / "stack"
    shutil.copytree(EXAMPLE, folder)
    settings = project.settings("admin")
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
    project.close()


def there(raw):
    """Everything in the project of what the example is made of."""
    mine = {"project_id": raw.current_project_id}
    found = {("server", s.id) for s in raw.compute.servers()}
    found |= {("network", n.id) for n in raw.network.networks(**mine)}
    found |= {("subnet", n.id) for n in raw.network.subnets(**mine)}
    found |= {("router", r.id) for r in raw.network.routers(**mine)}
    found |= {("port", p.id) for p in raw.network.ports(**mine)}
    found |= {("group", g.id) for g in raw.network.security_groups(**mine)}
    found |= {("address", i.id) for i in raw.network.ips(**mine)}
    found |= {("volume", v.id) for v in raw.block_storage.volumes()}
    if WHOLE:
        found |= {("balancer", b.id) for b in raw.load_balancer.load_balancers(**mine)}
        found |= {("container", c.name) for c in raw.object_store.containers()}
    return found


@pytest.fixture
def others(example):
    """What somebody else has in the project, which goes at the end."""
    _, raw = example
    net = raw.network.create_network(name="somebody-elses")
    port = raw.network.create_port(network_id=net.id, name="somebody-elses")
    group = raw.network.create_security_group(name="somebody-elses")
    volume = raw.block_storage.create_volume(name="somebody-elses", size=1)
    raw.block_storage.wait_for_status(volume, "available", wait=120)
    yield {("network", net.id), ("port", port.id), ("group", group.id), ("volume", volume.id)}
    raw.network.delete_port(port)
    raw.network.delete_network(net)
    raw.network.delete_security_group(group)
    raw.block_storage.delete_volume(volume)
    raw.block_storage.wait_for_delete(volume, wait=120)


@pytest.mark.server
def test_three_tiers_live_on_a_real_cloud_and_leave_it_as_it_was(example, others):
    """Plan, apply, plan (empty), drift (named), heal, destroy: nothing of ours is left, and what others have stays."""
    stack, raw = example
    before = there(raw)
    assert before >= others
    stack.apply(*ON_CLOUD)
    assert stack.changes(*ON_CLOUD) == {}
    made = there(raw) - before
    assert {kind for kind, _ in made} >= {"server", "network", "subnet", "router", "port", "volume"}

    tier = next(
        n for n in raw.network.networks(project_id=raw.current_project_id) if n.name == "three-tier-app"
    )
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
    assert there(raw) == before
