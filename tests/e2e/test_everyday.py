"""What happens on an ordinary day, on three clouds, by the real command: drift, gates, saved plans, locks, secrets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

PASSWORD = "e2e-Pa55-0f-n0b0dy-7QxZ"
STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: NAME, id: NAME}
providers:
  aws: {region: eu-west-1, endpoint: sandbox}
  azure: {endpoint: sandbox}
  openstack: {endpoint: sandbox}
params:
  size: {type: string, default: t3.micro}
  health: {type: string, default: "200"}
outputs:
  address: "${address.status.floating_ip_address}"
"""
CLOUDS = """
type: AWS::EC2::VPC
metadata: {name: vpc}
spec: {CidrBlock: 10.11.0.0/16}
---
type: AWS::EC2::Subnet
metadata: {name: subnet}
spec: {VpcId: "${vpc.status.id}", CidrBlock: 10.11.1.0/24, AvailabilityZone: eu-west-1a}
---
type: AWS::EC2::Instance
metadata: {name: machine}
spec:
  ImageId: ami-12345678
  InstanceType: "${params.size}"
  SubnetId: "${subnet.status.id}"
---
type: Microsoft.Resources/resourceGroups
metadata: {name: group}
spec: {name: everyday, location: westeurope, tags: {team: shop}}
---
type: Microsoft.Storage/storageAccounts
metadata: {name: lake}
spec:
  name: everydaylake
  parent: "${group.status.id}"
  location: westeurope
  kind: StorageV2
  sku: {name: Standard_LRS}
  properties: {minimumTlsVersion: TLS1_2}
---
type: OS::Neutron::Net
metadata: {name: net}
spec: {name: everyday}
---
type: OS::Cinder::Volume
metadata: {name: disk}
spec: {name: everyday, size: 2, metadata: {team: shop}}
"""
SERVED = """
type: OS::Neutron::Net
metadata: {name: net}
spec: {name: served}
---
type: OS::Neutron::Subnet
metadata: {name: range}
spec: {name: served, network: "${net.status.id}", cidr: 10.12.0.0/24, ip_version: 4}
---
type: OS::Neutron::Router
metadata: {name: router}
spec: {name: served, external_gateway_info: {network: public}}
---
type: OS::Neutron::RouterInterface
metadata: {name: uplink}
spec: {router: "${router.status.id}", subnet: "${range.status.id}"}
---
type: OS::Neutron::SecurityGroup
metadata: {name: guard}
spec: {name: served}
---
type: OS::Neutron::SecurityGroupRule
metadata: {name: open}
spec:
  security_group: "${guard.status.id}"
  direction: ingress
  protocol: tcp
  port_range_min: 8080
  port_range_max: 8080
  remote_ip_prefix: 0.0.0.0/0
---
type: OS::Neutron::Port
metadata: {name: port}
spec:
  name: served
  network: "${net.status.id}"
  fixed_ips: [{subnet: "${range.status.id}"}]
  security_groups: ["${guard.status.id}"]
---
type: OS::Neutron::FloatingIP
metadata: {name: address}
dependsOn: [uplink]
spec: {floating_network: public}
---
type: OS::Neutron::FloatingIPAssociation
metadata: {name: public}
spec: {floatingip_id: "${address.status.id}", port_id: "${port.status.id}"}
---
type: OS::Nova::Server
metadata: {name: server}
dependsOn: [public, open]
health:
  - http: {url: "http://${address.status.floating_ip_address}:8080/health", expect: {status: 200}}
    within: WITHIN
    interval: 100ms
    onFailure: FAILURE
spec:
  name: served
  image: cirros
  flavor: m1.tiny
  networks: [{port: "${port.status.id}"}]
  metadata: {opsctl-sandbox-http-status: "${params.health}"}
---
type: Local::File
metadata: {name: announcement}
dependsOn: [server]
spec: {path: announcement.txt, content: "open at ${address.status.floating_ip_address}, ${params.health}"}
"""
PLAIN = STACK[: STACK.index("outputs:")]


def documents(text):
    head = "apiVersion: opsctl.dev/v1\nkind: Resource\n"
    return "\n---\n".join(head + each.strip() for each in text.split("---\n")) + "\n"


@pytest.fixture
def clouds(stack):
    """A machine, a network and a store, applied."""
    stack.write("opsctl.yaml", PLAIN.replace("NAME", "everyday"))
    stack.write("clouds.yaml", documents(CLOUDS))
    stack.apply()
    yield stack
    stack.destroy("-p", "size=t3.micro")


@pytest.fixture
def served(stack):
    """A machine behind an HTTP gate; nothing is applied yet."""

    def write(failure, within="1s"):
        stack.write("opsctl.yaml", STACK.replace("NAME", "served"))
        text = SERVED.replace("FAILURE", failure).replace("WITHIN", within)
        stack.write("served.yaml", documents(text))
        return stack

    yield write
    stack.destroy()


def resize(ec2, size):
    """Stop the stack's machine, change its type and start it again, as somebody would by hand."""
    found = ec2.describe_instances(Filters=[{"Name": "tag:opsctl:stack", "Values": ["everyday"]}])
    (machine,) = [
        i["InstanceId"]
        for r in found["Reservations"]
        for i in r["Instances"]
        if i["State"]["Name"] != "terminated"
    ]
    ec2.stop_instances(InstanceIds=[machine])
    wait_for(ec2, machine, "stopped")
    ec2.modify_instance_attribute(InstanceId=machine, InstanceType={"Value": size})
    ec2.start_instances(InstanceIds=[machine])
    wait_for(ec2, machine, "running")


def wait_for(ec2, machine, state):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = ec2.describe_instances(InstanceIds=[machine])["Reservations"][0]["Instances"][0]
        if found["State"]["Name"] == state:
            return
        time.sleep(0.05)
    raise AssertionError(f"{machine} is not {state}")


def test_drift_on_each_cloud_is_named_and_healed(clouds):
    """Property, desired and actual; apply puts back what the spec says, and drift is gone."""
    outside = clouds.sandbox.outside
    resize(outside.ec2, "m5.large")
    lake = "/resourceGroups/everyday/providers/Microsoft.Storage/storageAccounts/everydaylake"
    tls = {"properties": {"minimumTlsVersion": "TLS1_0"}}
    outside.arm("PATCH", outside.subscription + lake, "2023-05-01", tls)
    network = outside.nova.network
    network.update_network(network.find_network("everyday"), name="renamed-by-hand")
    volume = next(v for v in outside.nova.block_storage.volumes() if v.name == "everyday")
    outside.nova.block_storage.set_volume_metadata(volume, team="others")

    drift = clouds.opsctl("drift")
    assert drift.code == 2
    for words in (
        ("machine", "InstanceType", '"t3.micro"', '"m5.large"'),
        ("lake", "properties.minimumTlsVersion", '"TLS1_2"', '"TLS1_0"'),
        ("net", "name", '"everyday"', '"renamed-by-hand"'),
        ("disk", "metadata.team", '"shop"', '"others"'),
    ):
        name, path, desired, actual = words
        block = next(b for b in drift.text.split("\n\n") if b.startswith(f"{name}  "))
        assert f"{path}\n    desired: {desired}\n    actual:  {actual}" in block
    assert set(clouds.changes()) == {"machine", "lake", "net", "disk"}
    clouds.apply()
    assert clouds.opsctl("drift").code == 0
    assert clouds.changes() == {}


def test_what_is_deleted_is_made_again_with_what_must_follow(clouds):
    """The subnet is gone, and with it the machine; the VPC and the other clouds are left alone."""
    outside = clouds.sandbox.outside
    before = outside.inventory()
    nova = outside.nova.block_storage
    nova.delete_volume(next(v for v in nova.volumes() if v.name == "everyday"))
    lake = "/resourceGroups/everyday/providers/Microsoft.Storage/storageAccounts/everydaylake"
    outside.arm("DELETE", outside.subscription + lake, "2023-05-01")
    wait_until(lambda: not [v for v in nova.volumes() if v.name == "everyday"])
    assert {a: c["action"] for a, c in clouds.changes().items()} == {"disk": "create", "lake": "create"}
    clouds.apply()
    assert clouds.changes() == {}
    wait_until(lambda: outside.inventory() == before)


def wait_until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_saved_plan_is_applied_exactly_or_refused(clouds):
    """What it read has changed: refused with 6. Something else has changed: applied, to the letter."""
    saved = str(clouds.folder / "bigger.opsplan")
    assert clouds.opsctl("plan", "-p", "size=m5.xlarge", "-o", saved).code == 0
    resize(clouds.sandbox.outside.ec2, "m5.large")
    refused = clouds.opsctl("apply", saved)
    assert refused.code == 6
    assert "the plan is stale" in refused.text
    assert "machine" in refused.text
    resize(clouds.sandbox.outside.ec2, "t3.micro")
    extra = clouds.sandbox.outside.nova.network.create_network(name="of-somebody-else")
    clouds.write("clouds.yaml", documents(CLOUDS).replace("10.11.1.0/24", "10.11.9.0/24"))
    applied = clouds.opsctl("apply", saved)
    assert applied.code == 0, applied.text
    assert "1 updated" in applied.text
    clouds.sandbox.outside.nova.network.delete_network(extra)
    clouds.write("clouds.yaml", documents(CLOUDS))
    assert clouds.changes("-p", "size=m5.xlarge") == {}


def test_an_absence_that_a_plan_read_is_part_of_it(clouds):
    """The plan would create a bucket; meanwhile somebody made it."""
    bucket = documents("type: AWS::S3::Bucket\nmetadata: {name: logs}\nspec: {BucketName: everyday-logs-0}")
    clouds.write("logs.yaml", bucket)
    saved = str(clouds.folder / "logs.opsplan")
    assert clouds.opsctl("plan", "-o", saved).code == 0
    s3 = clouds.sandbox.outside.s3
    s3.create_bucket(Bucket="everyday-logs-0", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    refused = clouds.opsctl("apply", saved)
    assert refused.code in (1, 6)
    assert "everyday-logs-0" in refused.text or "logs" in refused.text
    s3.delete_bucket(Bucket="everyday-logs-0")
    (clouds.folder / "logs.yaml").unlink()


def test_a_gate_that_fails_halts_what_depends_on_it(served):
    """Exit code 4; the dependent is not started; the gate comes back in the next plan, and can pass then."""
    stack = served("halt")
    failed = stack.opsctl("apply", "--auto-approve", "-p", "health=503")
    assert failed.code == 4, failed.text
    assert "503" in failed.text
    assert not (stack.folder / "announcement.txt").exists()
    changes = stack.changes("-p", "health=503")
    assert {a: c["action"] for a, c in changes.items()} == {"server": "gate", "announcement": "create"}
    stack.apply()
    assert (stack.folder / "announcement.txt").exists()
    assert stack.changes() == {}


def test_a_gate_that_fails_takes_its_step_back(served):
    """A created server is deleted again, an updated one is as it was; the next plan shows the step again."""
    stack = served("undo")
    failed = stack.opsctl("apply", "--auto-approve", "-p", "health=503")
    assert failed.code == 4, failed.text
    wait_until(lambda: not any(line.startswith("openstack server served") for line in stack.inventory()))
    assert {a: c["action"] for a, c in stack.changes().items()} == {
        "server": "create",
        "announcement": "create",
    }
    served("undo", "20s").apply()
    served("undo")
    failed = stack.opsctl("apply", "--auto-approve", "-p", "health=503")
    assert failed.code == 4, failed.text
    server = stack.sandbox.outside.nova.compute.find_server("served")
    assert (
        stack.sandbox.outside.nova.compute.get_server(server).metadata["opsctl-sandbox-http-status"] == "200"
    )
    assert stack.changes() == {}
    assert set(stack.changes("-p", "health=503")) == {"server", "announcement"}


def test_of_two_applies_one_runs_and_the_other_is_told_who(stack):
    """Exit code 5, and who holds the lock since when, while the first is at work."""
    stack.write("opsctl.yaml", PLAIN.replace("NAME", "locked"))
    slow = "type: Local::Command\nmetadata: {name: slow}\nspec: {create: [sh, -c, 'echo here > began; sleep 10']}"
    stack.write("slow.yaml", documents(slow))
    command = [sys.executable, "-m", "orchestrator", "apply", "--auto-approve"]
    first = subprocess.Popen(
        command, cwd=stack.folder, env=stack.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until((stack.folder / "began").exists)
        second = stack.opsctl("apply", "--auto-approve")
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert second.code == 5, second.text
    assert f"{os.uname().nodename}" in second.text
    assert "since" in second.text


SECRET = """
type: AWS::RDS::DBInstance
metadata: {name: database}
spec:
  DBInstanceIdentifier: secret
  DBInstanceClass: db.t3.micro
  Engine: mysql
  AllocatedStorage: "20"
  MasterUsername: admin
  MasterUserPassword: "${secret('env:E2E_PASSWORD')}"
---
type: Microsoft.Resources/resourceGroups
metadata: {name: group}
spec: {name: secret, location: westeurope}
---
type: Microsoft.DBforMySQL/flexibleServers
metadata: {name: server}
spec:
  name: secret
  parent: "${group.status.id}"
  location: westeurope
  sku: {name: Standard_B1ms, tier: Burstable}
  properties:
    administratorLogin: ops
    administratorLoginPassword: "${secret('env:E2E_PASSWORD')}"
    version: 8.0.21
---
type: OS::Neutron::Net
metadata: {name: net}
spec: {name: secret}
---
type: OS::Neutron::Subnet
metadata: {name: range}
spec: {name: secret, network: "${net.status.id}", cidr: 10.13.0.0/24, ip_version: 4}
---
type: OS::Nova::Server
metadata: {name: machine}
dependsOn: [range]
spec:
  name: secret
  image: cirros
  flavor: m1.tiny
  networks: [{network: "${net.status.id}"}]
  user_data: "password ${secret('env:E2E_PASSWORD')}"
---
type: Local::Value
metadata: {name: url}
spec: {value: "mysql://admin:${secret('env:E2E_PASSWORD')}@${database.status.Endpoint.Address}/"}
"""


def test_a_secret_is_in_no_file_and_no_output(stack):
    """Not in state, journal, saved plan, outputs and logs, nor where the sandbox writes; not when something fails."""
    stack.environ["E2E_PASSWORD"] = PASSWORD
    stack.write("opsctl.yaml", PLAIN.replace("NAME", "secret") + 'outputs: {url: "${url.status.value}"}\n')
    stack.write("secret.yaml", documents(SECRET))
    saved = str(stack.folder / "secret.opsplan")
    for arguments in (("plan", "-o", saved), ("plan", "--output", "json"), ("apply", saved)):
        ended = stack.opsctl(*arguments)
        assert ended.code == 0, ended.text
    stack.sandbox.faults.write_text("faults:\n- {kind: error, operation: ModifyDBInstance, status: 400}\n")
    stack.write("secret.yaml", documents(SECRET).replace("db.t3.micro", "db.t3.medium"))
    failed = stack.opsctl("apply", "--auto-approve")
    stack.sandbox.faults.write_text("faults: []\n")
    assert failed.code == 1, failed.text
    for arguments in (("output",), ("output", "--output", "json"), ("show",), ("state", "show"), ("drift",)):
        stack.opsctl(*arguments)
    stack.destroy()
    held = [path for path in stack.files() if PASSWORD.encode() in path.read_bytes()]
    assert held == []
    assert not [text for text in stack.said if PASSWORD in text]
