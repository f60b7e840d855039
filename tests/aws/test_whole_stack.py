"""A stack of every AWS kind through the whole pipeline: planned, applied, drifted, healed, destroyed."""

import pytest

from orchestrator import bootstrap
from orchestrator.adapters.silent import Silent
from orchestrator.engine import applying, planning
from orchestrator.model.change import Action
from orchestrator.seams.state import Holder
from tests.severed import assert_nothing_seems_gone

STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: shop, id: shop}
providers:
  aws: {region: eu-central-1, endpoint: "URL", accessKeyId: sandbox, secretAccessKey: sandbox}
params:
  size: {type: string, default: t3.micro}
outputs:
  address: "${machine.status.PublicIp}"
  database: "${database.status.Endpoint.Address}"
"""
RESOURCE = "apiVersion: opsctl.dev/v1\nkind: Resource\n"
RESOURCES = """
type: AWS::EC2::VPC
metadata: {name: net}
spec: {CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true, Tags: [{Key: app, Value: shop}]}
---
type: AWS::EC2::Subnet
metadata: {name: subnet}
forEach: {a: 10.0.1.0/24, b: 10.0.2.0/24}
spec: {VpcId: "${net.status.VpcId}", CidrBlock: "${each.value}", AvailabilityZone: "eu-central-1${each.key}"}
---
type: AWS::EC2::InternetGateway
metadata: {name: gateway}
spec: {}
---
type: AWS::EC2::VPCGatewayAttachment
metadata: {name: attachment}
spec: {VpcId: "${net.status.id}", InternetGatewayId: "${gateway.status.id}"}
---
type: AWS::EC2::RouteTable
metadata: {name: table}
spec: {VpcId: "${net.status.id}"}
---
type: AWS::EC2::Route
metadata: {name: out}
dependsOn: [attachment]
spec: {RouteTableId: "${table.status.id}", DestinationCidrBlock: 0.0.0.0/0, GatewayId: "${gateway.status.id}"}
---
type: AWS::EC2::SubnetRouteTableAssociation
metadata: {name: uses}
spec: {RouteTableId: "${table.status.id}", SubnetId: "${subnet['a'].status.id}"}
---
type: AWS::EC2::SecurityGroup
metadata: {name: web}
spec:
  GroupDescription: who may come in
  VpcId: "${net.status.id}"
  SecurityGroupIngress:
    - {IpProtocol: tcp, FromPort: 8080, ToPort: 8080, CidrIp: 10.0.0.0/8, Description: the office}
---
type: AWS::EC2::SecurityGroup
metadata: {name: data}
spec: {GroupDescription: rules of their own, VpcId: "${net.status.id}"}
---
type: AWS::EC2::SecurityGroupIngress
metadata: {name: mysql}
spec:
  GroupId: "${data.status.id}"
  IpProtocol: tcp
  FromPort: 3306
  ToPort: 3306
  SourceSecurityGroupId: "${web.status.id}"
---
type: AWS::EC2::SecurityGroupEgress
metadata: {name: dns}
spec: {GroupId: "${data.status.id}", IpProtocol: udp, FromPort: 53, ToPort: 53, CidrIp: 10.0.0.2/32}
---
type: AWS::EC2::Instance
metadata: {name: machine}
dependsOn: [out, uses]
health:
  - http: {url: "http://${self.status.PublicIp}:8080/health", expect: {status: 200}}
    within: 30s
    interval: 100ms
spec:
  ImageId: ami-12345678
  InstanceType: "${params.size}"
  NetworkInterfaces:
    - DeviceIndex: "0"
      SubnetId: "${subnet['a'].status.id}"
      AssociatePublicIpAddress: true
      GroupSet: ["${web.status.id}"]
  MetadataOptions: {HttpTokens: required}
  UserData: "#!/bin/sh"
---
type: AWS::RDS::DBSubnetGroup
metadata: {name: zones}
spec: {DBSubnetGroupDescription: two zones, SubnetIds: ["${subnet['a'].status.id}", "${subnet['b'].status.id}"]}
---
type: AWS::RDS::DBInstance
metadata: {name: database}
spec:
  Engine: mysql
  EngineVersion: "8.0"
  DBInstanceClass: db.t3.micro
  AllocatedStorage: "20"
  StorageEncrypted: true
  MasterUsername: ops
  MasterUserPassword: "${secret('env:DATABASE_PASSWORD')}"
  DBSubnetGroupName: "${zones.status.id}"
  VPCSecurityGroups: ["${data.status.id}"]
---
type: AWS::S3::Bucket
metadata: {name: lake}
spec: {VersioningConfiguration: {Status: Enabled}, Tags: [{Key: app, Value: shop}]}
"""
HOLDER = Holder("tests")


class Shop:
    """The stack in a folder; every use opens it anew, as a command does."""

    def __init__(self, folder, cloud):
        self.folder, self.cloud = folder, cloud
        (folder / "opsctl.yaml").write_text(STACK.replace("URL", cloud.running.endpoint))
        documents = [RESOURCE + each.strip() for each in RESOURCES.split("---\n")]
        (folder / "shop.yaml").write_text("\n---\n".join(documents) + "\n")

    def plan(self, **options):
        session = bootstrap.open_stack(self.folder, progress=Silent(), **options)
        try:
            return planning.plan(session.blueprint, session.workspace)
        finally:
            session.close()

    def apply(self, **options):
        session = bootstrap.open_stack(self.folder, progress=Silent(), **options)
        try:
            return applying.apply(session.blueprint, session.workspace, holder=HOLDER, approve=lambda _: True)
        finally:
            session.close()


def changes(planned):
    """What a plan would do, but for nothing and reading."""
    return {
        each.change.address: each.change
        for each in planned.steps
        if each.change.action not in (Action.NOOP, Action.READ)
    }


def done(applied):
    return applied.exit_code == 0, {a: o.message for a, o in applied.outcomes.items() if o.message}


@pytest.fixture
def shop(tmp_path, ticking, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "plain-text-1")
    return Shop(tmp_path, ticking)


def left(cloud):
    """What the account holds that a new account does not."""
    ec2, rds = cloud.client("ec2"), cloud.client("rds")
    machines = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    return {
        "networks": [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]],
        "machines": [i["InstanceId"] for i in machines if i["State"]["Name"] != "terminated"],
        "gateways": ec2.describe_internet_gateways()["InternetGateways"],
        "databases": rds.describe_db_instances()["DBInstances"],
        "zones": rds.describe_db_subnet_groups()["DBSubnetGroups"],
        "buckets": cloud.client("s3").list_buckets()["Buckets"],
    }


def test_a_stack_of_every_kind_lives_and_dies(shop):
    """Apply makes it, the next plan is empty, drift is named and healed, a resize keeps the id, destroy leaves nothing."""
    applied = shop.apply()
    assert done(applied) == (True, {})
    assert applied.outputs["address"].startswith("127.")
    assert applied.outputs["database"].startswith("127.")
    assert changes(shop.plan()) == {}

    ec2 = shop.cloud.client("ec2")
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "tag:opsctl:address", "Values": ["web"]}])[
        "SecurityGroups"
    ]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])
    drifted = changes(shop.plan())
    assert {a: [c.path for c in change.properties] for a, change in drifted.items()} == {
        "web": [("SecurityGroupIngress",)]
    }
    assert done(shop.apply()) == (True, {})
    assert changes(shop.plan()) == {}

    resized = changes(shop.plan(params={"size": "t3.small"}))
    assert {a: change.action for a, change in resized.items()} == {"machine": Action.UPDATE}
    assert done(shop.apply(params={"size": "t3.small"}))[0]
    assert changes(shop.plan(params={"size": "t3.small"})) == {}

    assert done(shop.apply(destroy=True)) == (True, {})
    assert {name: found for name, found in left(shop.cloud).items() if found} == {}


def test_an_answer_that_is_cut_in_its_head_is_not_taken_for_an_empty_one(shop, monkeypatch):
    """Whichever call of a plan it is: nothing is thought to be gone, and the call is made again."""
    assert shop.apply().exit_code == 0
    assert_nothing_seems_gone(shop.cloud.faults, lambda: changes(shop.plan()), monkeypatch)


def test_what_is_deleted_behind_our_back_is_made_again(shop):
    """The route, and only it."""
    assert done(shop.apply()) == (True, {})
    ec2 = shop.cloud.client("ec2")
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "tag:opsctl:address", "Values": ["table"]}])[
        "RouteTables"
    ]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    assert {address: each.action for address, each in changes(shop.plan()).items()} == {"out": Action.CREATE}
    assert done(shop.apply()) == (True, {})
    assert changes(shop.plan()) == {}
    for path in shop.folder.rglob("*"):
        assert not path.is_file() or b"plain-text" not in path.read_bytes(), path
