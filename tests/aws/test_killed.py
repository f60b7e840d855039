"""Killed from outside at chosen bytes on the wire, with stale reads on: nothing lost, nothing made twice."""

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
  aws: {region: eu-central-1, endpoint: "URL", accessKeyId: sandbox, secretAccessKey: sandbox}
"""
RESOURCES = """
type: AWS::EC2::VPC
metadata: {name: net}
spec: {CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true}
---
type: AWS::EC2::Subnet
metadata: {name: subnet}
spec: {VpcId: "${net.status.id}", CidrBlock: 10.0.1.0/24, MapPublicIpOnLaunch: true}
---
type: AWS::EC2::RouteTable
metadata: {name: table}
spec: {VpcId: "${net.status.id}"}
---
type: AWS::EC2::SubnetRouteTableAssociation
metadata: {name: uses}
spec: {RouteTableId: "${table.status.id}", SubnetId: "${subnet.status.id}"}
---
type: AWS::EC2::SecurityGroup
metadata: {name: web}
spec:
  GroupDescription: web
  VpcId: "${net.status.id}"
  SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 10.0.0.0/8}]
---
type: AWS::EC2::Instance
metadata: {name: machine}
spec:
  ImageId: ami-12345678
  InstanceType: t3.micro
  SubnetId: "${subnet.status.id}"
  SecurityGroupIds: ["${web.status.id}"]
---
type: AWS::S3::Bucket
metadata: {name: lake}
spec: {VersioningConfiguration: {Status: Enabled}}
"""
WRITES = ("Create", "Run", "Modify", "Authorize", "Associate", "Put", "Delete", "Revoke")


class Wire:
    """Sees every call before the simulator does, and kills the caller at the one that it is told."""

    def __init__(self, cloud, monkeypatch):
        self.kill_at, self.seen, self.process, self.lock = 0, 0, None, threading.Lock()
        real = cloud.faults.strike

        def strike(family, operation):
            with self.lock:
                self.seen += operation.startswith(WRITES)
                if self.process is not None and 0 < self.kill_at == self.seen:
                    os.kill(self.process.pid, signal.SIGKILL)
            return real(family, operation)

        monkeypatch.setattr(cloud.faults, "strike", strike)

    def apply(self, folder, *, kill_at):
        """Run the command; whether it was killed, or its exit code and what it said."""
        self.seen, self.kill_at = 0, kill_at
        command = [sys.executable, "-m", "orchestrator", "apply", "--auto-approve"]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said, _ = self.process.communicate(timeout=120)
        return self.process.returncode, said


@pytest.fixture
def folder(tmp_path, ticking):
    (tmp_path / "opsctl.yaml").write_text(STACK.replace("URL", ticking.running.endpoint))
    head = "apiVersion: opsctl.dev/v1\nkind: Resource\n"
    (tmp_path / "shop.yaml").write_text(
        "---\n".join(head + each.lstrip() for each in RESOURCES.split("---\n"))
    )
    return tmp_path


def counted(cloud):
    """How many objects of each sort carry our marker, or are ours by name."""
    ec2 = cloud.client("ec2")
    ours = {"Filters": [{"Name": "tag:opsctl:stack", "Values": ["shop"]}]}
    machines = [i for r in ec2.describe_instances(**ours)["Reservations"] for i in r["Instances"]]
    associations = [a for t in ec2.describe_route_tables(**ours)["RouteTables"] for a in t["Associations"]]
    return {
        "networks": len(ec2.describe_vpcs(**ours)["Vpcs"]),
        "all networks": sum(not v["IsDefault"] for v in ec2.describe_vpcs()["Vpcs"]),
        "subnets": len(ec2.describe_subnets(**ours)["Subnets"]),
        "tables": len(ec2.describe_route_tables(**ours)["RouteTables"]),
        "associations": len(associations),
        "groups": len(ec2.describe_security_groups(**ours)["SecurityGroups"]),
        "machines": len(machines),
        "buckets": len(cloud.client("s3").list_buckets()["Buckets"]),
    }


def test_killed_again_and_again_it_ends_with_exactly_what_was_wanted(ticking, folder, monkeypatch):
    """Invariants 4 and 5: the runner dies at a write, which still takes effect; the next one settles it."""
    ticking.faults.add(Rule("stale", operation="Describe*", seconds=0.6))
    ticking.faults.add(Rule("latency", seconds=0.02))
    wire = Wire(ticking, monkeypatch)
    for kill_at in (1, 3, 4, 2):
        code, said = wire.apply(folder, kill_at=kill_at)
        assert code == -signal.SIGKILL, said
    code, said = wire.apply(folder, kill_at=0)
    assert code == 0, said
    ticking.faults.replace([])
    assert counted(ticking) == dict.fromkeys(counted(ticking), 1)
    code, said = wire.apply(folder, kill_at=0)
    assert (code, wire.seen) == (0, 0), said
