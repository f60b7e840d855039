"""Every example works: validated, planned, applied, planned to nothing, destroyed without a trace."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.published import fits_what_is_published

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/opsctl.yaml"))


@pytest.fixture
def example(stack):
    """A copy of an example, ready to run."""

    def copy(name):
        left_out = shutil.ignore_patterns("*.py", "__pycache__", ".opsctl")
        shutil.copytree(EXAMPLES / name, stack.folder, dirs_exist_ok=True, ignore=left_out)
        stack.environ["SHOP_DB_PASSWORD"] = "only-for-a-test"
        return stack

    return copy


def allow_data_loss(stack):
    path = stack.folder / "opsctl.yaml"
    path.write_text(path.read_text().replace("  data:\n", '  data:\n    data_loss_allowed: ["*"]\n'))


def files(stack):
    return {p for p in stack.folder.rglob("*") if p.is_file() and ".opsctl" not in p.parts}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_lives_and_leaves_nothing(name, example):
    """The plan after apply has no action but no-op and read; destroy leaves clouds and folder as they were.

    What policies see of either plan fits the schemas that are published, of the stage and of each type.
    """
    stack = example(name)
    seen = str(stack.folder.parent / "input.json")
    before, written = stack.inventory(), files(stack)
    assert stack.opsctl("validate").code == 0
    planned = stack.opsctl("plan", "--detailed-exitcode", "--save-input", seen)
    assert planned.code == 2, planned.text
    checked = fits_what_is_published(seen)
    stack.apply()
    again = stack.opsctl("plan", "--output", "json", "--save-input", seen)
    assert fits_what_is_published(seen) >= checked
    assert again.document["empty"]
    assert {c["action"] for c in again.document["changes"]} <= {"no-op", "read"}
    if "data_loss_allowed" not in (stack.folder / "opsctl.yaml").read_text() and name == "multi-cloud":
        assert stack.opsctl("destroy", "--auto-approve").code == 3
        allow_data_loss(stack)
    stack.destroy()
    assert stack.inventory() == before
    assert files(stack) == written
    assert stack.state()["resources"] == []


def test_every_example_says_what_it_is():
    """Each has a README, and there are some."""
    assert len(NAMES) >= 4
    assert [name for name in NAMES if not (EXAMPLES / name / "README.md").is_file()] == []


@pytest.mark.parametrize("provider", ["azure", "openstack"])
def test_the_same_database_runs_on_another_cloud(provider, example):
    """One line is changed; it is made, planned to nothing, and gone again."""
    stack = example("multi-cloud")
    text = (stack.folder / "shop.yaml").read_text()
    database = text.split("---\n", 1)[0].replace("provider: aws", f"provider: {provider}")
    stack.write("shop.yaml", database)
    stack.write("opsctl.yaml", (stack.folder / "opsctl.yaml").read_text().split("outputs:")[0])
    allow_data_loss(stack)
    before = stack.inventory()
    stack.apply()
    assert stack.changes() == {}
    stack.destroy()
    assert stack.inventory() == before


MACHINE = """apiVersion: opsctl.dev/v1
kind: ComputeInstance
metadata: {name: web}
provider: CLOUD
health:
  - http: {url: "http://${self.status.address}:8080/health", expect: {status: 200}}
    within: 20s
    interval: 250ms
spec: {image: "IMAGE", region: europe, size: "${params.size}", sshKey: "KEY", userData: "#cloud-config\\n"}
"""
STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: placed, id: placed-CLOUD}
providers:
  CLOUD: {endpoint: sandbox}
params: {size: {type: string, default: small}}
"""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMKoNQXK2v1qmVJ4mPGkOZnYcNNpHIEjgjmgNm0d5Vyo ops"
IMAGES = {"azure": "Debian:debian-12:12:latest", "openstack": "cirros"}


@pytest.mark.parametrize("cloud", IMAGES)
def test_a_machine_runs_on_another_cloud(cloud, stack):
    """Made behind its HTTP gate with a key to sign in, resized in place, and gone again."""
    stack.write("opsctl.yaml", STACK.replace("CLOUD", cloud))
    text = MACHINE.replace("CLOUD", cloud).replace("IMAGE", IMAGES[cloud]).replace("KEY", KEY)
    stack.write("web.yaml", text)
    before = stack.inventory()
    stack.apply()
    assert stack.changes() == {}
    bigger = ("-p", "size=medium")
    assert {a: c["action"] for a, c in stack.changes(*bigger).items()} == {"web/server": "update"}
    stack.apply(*bigger)
    assert stack.changes(*bigger) == {}
    stack.destroy()
    assert stack.inventory() == before


def test_the_gates_example_is_taken_back(example):
    """What its README says: exit code 4, the note is still of release 1, and the change is still to do."""
    stack = example("gates")
    stack.apply()
    failed = stack.opsctl("apply", "--auto-approve", "-p", "release=2", "-p", "health=503")
    assert failed.code == 4, failed.text
    assert "release 1" in (stack.folder / "released.txt").read_text()
    assert set(stack.changes("-p", "release=2")) == {"api/server", "note"}
    stack.destroy()


def test_the_policies_example_denies(example):
    """What its README says: its tests pass, one folder is allowed, another is denied with 3."""
    stack = example("policies")
    assert stack.opsctl("policy", "test", "policies").code == 0
    assert stack.opsctl("plan", "-p", "folder=drafts").code == 0
    denied = stack.opsctl("plan", "-p", "folder=private")
    assert denied.code == 3
    assert "only public, drafts are allowed" in denied.text
    assert "pages.yaml" in denied.text
    assert stack.opsctl("apply", "--auto-approve", "-p", "folder=private").code == 3


def test_the_secrets_example_rotates(example):
    """What its README says: another month is another password, and the database follows."""
    stack = example("secrets")
    stack.apply()
    later = ("-p", "month=2026-12")
    assert {a: c["action"] for a, c in stack.changes(*later).items()} == {
        "password": "replace",
        "database": "update",
    }
    stack.apply(*later)
    assert stack.changes(*later) == {}
    stack.destroy(*later)


def test_a_lost_state_of_three_clouds_is_rebuilt_and_its_plan_is_empty(example):
    """The state is deleted, and made again from markers, names and the spec; nothing in a cloud is touched."""
    stack = example("multi-cloud")
    allow_data_loss(stack)
    stack.apply()
    there = stack.inventory()
    before = {r["address"]: (r["id"], r["dependencies"], r["gate"]) for r in stack.state()["resources"]}
    shutil.rmtree(stack.folder / ".opsctl")
    looked = stack.opsctl("state", "rebuild", "--dry-run")
    assert looked.code == 0, looked.text
    assert not (stack.folder / ".opsctl").exists()
    done = stack.opsctl("state", "rebuild", "--auto-approve", "--output", "json")
    assert done.code == 0, done.text
    assert done.document["missing"] == []
    assert done.document["orphans"] == []
    after = {r["address"]: (r["id"], r["dependencies"], r["gate"]) for r in stack.state()["resources"]}
    assert after.keys() == before.keys()
    clouds = {a: what for a, what in before.items() if not what[0].startswith("value-")}
    assert {a: after[a] for a in clouds} == clouds
    planned = stack.opsctl("plan", "--detailed-exitcode")
    assert planned.code == 0, planned.text
    assert stack.inventory() == there
    again = stack.opsctl("state", "rebuild", "--auto-approve")
    assert again.code == 1
    assert "--force" in again.text
    stack.destroy()
