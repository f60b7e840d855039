"""Several OpenStack clouds in one stack, by their names in clouds.yaml: each resource lives where its provider says."""

from __future__ import annotations

import json

import pytest

from orchestrator.cli.running import run
from providers.openstack.sandbox import keystone_store as store
from tests.openstack.conftest import Simulated

STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: pair, id: pair}
providers:
  openstack: {cloud: north}
  openstack.south: {cloud: SOUTH, region: RegionOne}
outputs: {far: "${far.status.id}"}
"""
RESOURCES = """apiVersion: opsctl.dev/v1
kind: Resource
type: OS::Neutron::Net
metadata: {name: near}
spec: {name: near}
---
apiVersion: opsctl.dev/v1
kind: Resource
type: OS::Neutron::Net
provider: openstack.south
metadata: {name: far}
spec: {name: far, tags: ["beside-${near.status.id}"]}
---
apiVersion: opsctl.dev/v1
kind: Network
provider: openstack.south
metadata: {name: whole}
spec: {subnets: {web: 10.40.1.0/24}}
"""


class Pair:
    """Two simulated clouds, a clouds.yaml that names them, and one stack over both."""

    def __init__(self, folder, capsys, north, south) -> None:
        self.folder, self._capsys = folder, capsys
        self.north, self.south = north, south
        clouds = {name: cloud(each) for name, each in (("north", north), ("south", south))}
        (folder.parent / "clouds.yaml").write_text(json.dumps({"clouds": clouds}))
        self.stack()
        (folder / "nets.yaml").write_text(RESOURCES)

    def stack(self, **changes: str) -> None:
        text = STACK.replace("SOUTH", changes.pop("south", "south"))
        for name, value in changes.items():
            text = text.replace(f"{name}: RegionOne", f"{name}: {value}")
        (self.folder / "opsctl.yaml").write_text(text)

    def run(self, *arguments: str):
        self._capsys.readouterr()
        code = run(["-C", str(self.folder), *arguments], {})
        return code, *self._capsys.readouterr()


def cloud(simulated: Simulated) -> dict[str, object]:
    auth = {key: value for key, value in simulated.settings.items() if key != "region_name"}
    return {"region_name": "RegionOne", "auth": auth}


def nets(simulated: Simulated) -> set[str]:
    return {net["name"] for net in simulated.cloud.table("networks").values()} - {"public"}


@pytest.fixture
def pair(tmp_path, monkeypatch, capsys):
    sides = []
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
        sides.append(Simulated(tmp_path / name))
    (tmp_path / "stack").mkdir()
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    yield Pair(tmp_path / "stack", capsys, *sides)
    for each in sides:
        each.close()


def test_two_clouds_are_planned_applied_watched_and_cleared_in_one_stack(pair):
    """Calls are counted by cloud, an edge leads from one to the other, drift and destroy find each in its own."""
    code, out, err = pair.run("plan")
    assert code == 0, err
    assert "Plan: 6 to create." in out
    code, out, err = pair.run("apply", "--auto-approve")
    assert code == 0, err
    assert "openstack.south" in out
    assert (nets(pair.north), nets(pair.south)) == ({"near"}, {"far", "pair-whole"})
    (near,) = (n for n in pair.north.cloud.table("networks").values() if n["name"] == "near")
    (far,) = (n for n in pair.south.cloud.table("networks").values() if n["name"] == "far")
    assert f"beside-{near['id']}" in far["tags"]
    assert pair.run("plan", "--detailed-exitcode")[0] == 0

    far["admin_state_up"] = False
    code, out, err = pair.run("drift", "--output", "json")
    assert (code, [change["address"] for change in json.loads(out)["changes"]]) == (2, ["far"]), err

    code, out, err = pair.run("destroy", "--auto-approve")
    assert code == 0, err
    assert (nets(pair.north), nets(pair.south)) == (set(), set())


def test_a_cloud_that_refuses_us_leaves_the_other_and_the_state_alone(pair):
    """At plan already: which of the two, and why; nothing is made in either."""
    for wrong, said in (
        ({"south": "soutth"}, "did you mean 'south'?"),
        (
            {"region": "RegionOn"},
            "Valid choices are RegionOne. Please note that region names are case sensitive. (did you mean 'RegionOne'?)",
        ),
    ):
        pair.stack(**wrong)
        code, _, err = pair.run("plan")
        assert code == 1
        assert "error: nothing can be done in openstack.south" in err
        assert said in err
        assert "in openstack:" not in err
        code, _, err = pair.run("apply", "--auto-approve")
        assert (code, said in err) == (1, True)
    assert (nets(pair.north), nets(pair.south)) == (set(), set())
    pair.stack()
    assert pair.run("apply", "--auto-approve")[0] == 0


def test_without_clouds_yaml_the_plan_says_what_is_missing(pair):
    """Also a plan that would read nothing."""
    (pair.folder.parent / "clouds.yaml").unlink()
    code, _, err = pair.run("plan")
    assert code == 1
    assert "Cloud north was not found" in err
    assert "There is no clouds.yaml (looked for in OS_CLIENT_CONFIG_FILE, this folder" in err
    assert "set cloud (a name in clouds.yaml), or auth_url" in err


def test_a_provider_that_is_taken_out_while_it_has_resources_is_an_error_that_lists_them(pair):
    assert pair.run("apply", "--auto-approve")[0] == 0
    text = (pair.folder / "opsctl.yaml").read_text()
    text = "".join(
        line for line in text.splitlines(keepends=True) if "south" not in line and "outputs" not in line
    )
    (pair.folder / "opsctl.yaml").write_text(text)
    (pair.folder / "nets.yaml").write_text(RESOURCES.partition("---")[0])
    code, _, err = pair.run("plan")
    assert code == 1
    assert "openstack.south is not configured any more" in err
    assert "far" in err


def test_a_password_that_expires_in_the_middle_of_a_run_is_named_and_the_next_run_goes_on(pair):
    """What was half made is found again, nothing is made twice; the other cloud is not concerned."""
    south = pair.south.cloud
    demo = next(user for user in store.table(south, "users").values() if user["name"] == "demo")
    password, add, made = demo["_password"], south.add, []

    def expiring(table, body):
        """With the first network, all tokens are gone, and the password is another."""
        if table == "networks":
            made.append(body["id"])
            south.tokens.clear()
            demo["_password"] = "another"
        return add(table, body)

    south.add = expiring
    code, _, err = pair.run("apply", "--auto-approve")
    assert code == 1
    assert "The request you have made requires authentication" in err
    assert len(made) > 0, "it was in the middle"
    assert nets(pair.north) == {"near"}
    code, _, err = pair.run("plan")
    assert (code, "is the password right and not expired" in err) == (1, True), err
    south.add, demo["_password"] = add, password
    code, _, err = pair.run("apply", "--auto-approve")
    assert code == 0, err
    assert nets(pair.south) == {"far", "pair-whole"}
    assert pair.run("plan", "--detailed-exitcode")[0] == 0
