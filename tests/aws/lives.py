"""A life of every kind, beside the provider: what is wanted, what is done by raw boto3, and other values."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from orchestrator.kit.sample import resolved, without
from providers.aws.conformance import databases
from providers.aws.kinds import all_kinds


@dataclass(frozen=True)
class World:
    """What the cases build on: raw objects, made beside the provider."""

    cloud: object
    ec2: object
    rds: object
    s3: object
    vpc: str
    subnets: list
    group: str
    groups: list
    gateways: list
    table: str


@pytest.fixture
def world(cloud, ec2, rds, network):
    return World(
        cloud,
        ec2,
        rds,
        cloud.client("s3"),
        network.vpc,
        network.subnets,
        network.group,
        [
            network.group,
            ec2.create_security_group(VpcId=network.vpc, GroupName="h", Description="d")["GroupId"],
        ],
        [ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"] for _ in range(2)],
        ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"],
    )


@dataclass(frozen=True)
class Case:
    """One kind: what is wanted, each change behind our back with the property it must show in, other values."""

    type: str
    want: Callable
    drifts: dict = field(default_factory=dict)
    """By property: what raw boto3 does to it, given the world and the object."""
    updates: dict = field(default_factory=dict)
    """By property: another wanted value."""


def tags(*pairs):
    return [{"Key": key, "Value": value} for key, value in pairs]


def ec2_tag(world, seen):
    world.ec2.create_tags(Resources=[seen.id], Tags=tags(("made", "by hand")))


def ec2_untag(world, seen):
    world.ec2.delete_tags(Resources=[seen.id], Tags=[{"Key": "app"}])


def vpc_attribute(name, value):
    return lambda world, seen: world.ec2.modify_vpc_attribute(VpcId=seen.id, **{name: {"Value": value}})


def subnet_attribute(name):
    return lambda world, seen: world.ec2.modify_subnet_attribute(SubnetId=seen.id, **{name: {"Value": True}})


def swap_gateway(world, seen):
    network, old = seen.spec["VpcId"], seen.spec["InternetGatewayId"]
    world.ec2.detach_internet_gateway(VpcId=network, InternetGatewayId=old)
    world.ec2.attach_internet_gateway(VpcId=network, InternetGatewayId=world.gateways[1])


def swap_route(world, seen):
    table, block = seen.id.split("|")
    world.ec2.replace_route(RouteTableId=table, DestinationCidrBlock=block, GatewayId=world.gateways[1])


HTTP = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8", "Description": "web"}
RAW_HTTP = {
    "IpProtocol": "tcp",
    "FromPort": 80,
    "ToPort": 80,
    "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "other"}],
}
RAW_SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def open_ssh(world, seen):
    world.ec2.authorize_security_group_ingress(GroupId=seen.id, IpPermissions=[RAW_SSH])


def close_egress(world, seen):
    world.ec2.revoke_security_group_egress(
        GroupId=seen.id, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )


def reword(world, seen):
    asked = {"GroupId": seen.spec["GroupId"], "IpPermissions": [RAW_HTTP]}
    world.ec2.update_security_group_rule_descriptions_ingress(**asked)


def reword_egress(world, seen):
    asked = {"GroupId": seen.spec["GroupId"], "IpPermissions": [RAW_HTTP]}
    world.ec2.update_security_group_rule_descriptions_egress(**asked)


def instance_attribute(**change):
    return lambda world, seen: world.ec2.modify_instance_attribute(InstanceId=seen.id, **change)


def swap_groups(world, seen):
    world.ec2.modify_instance_attribute(InstanceId=seen.id, Groups=[world.groups[1]])


def stop(world, seen):
    world.ec2.stop_instances(InstanceIds=[seen.id])


def resize(world, seen):
    world.ec2.stop_instances(InstanceIds=[seen.id])
    world.cloud.pass_time()
    world.ec2.modify_instance_attribute(InstanceId=seen.id, InstanceType={"Value": "t3.large"})
    world.ec2.start_instances(InstanceIds=[seen.id])


def metadata(world, seen):
    world.ec2.modify_instance_metadata_options(InstanceId=seen.id, HttpTokens="optional")


def modify_db(**change):
    return lambda world, seen: world.rds.modify_db_instance(
        DBInstanceIdentifier=seen.id, ApplyImmediately=True, **change
    )


def swap_db_groups(world, seen):
    modify_db(VpcSecurityGroupIds=[world.groups[1]])(world, seen)


def rds_tag(name):
    return lambda world, seen: world.rds.add_tags_to_resource(
        ResourceName=seen.status[name], Tags=tags(("made", "by hand"))
    )


def rename_subnet_group(world, seen):
    world.rds.modify_db_subnet_group(
        DBSubnetGroupName=seen.id, DBSubnetGroupDescription="by hand", SubnetIds=world.subnets
    )


def another_subnet(world, seen):
    third = world.ec2.create_subnet(
        VpcId=world.vpc, CidrBlock="10.0.7.0/24", AvailabilityZone="eu-central-1c"
    )
    subnets = [*world.subnets, third["Subnet"]["SubnetId"]]
    world.rds.modify_db_subnet_group(
        DBSubnetGroupName=seen.id,
        DBSubnetGroupDescription=seen.spec["DBSubnetGroupDescription"],
        SubnetIds=subnets,
    )


def version_bucket(world, seen):
    world.s3.put_bucket_versioning(Bucket=seen.id, VersioningConfiguration={"Status": "Suspended"})


def open_bucket(world, seen):
    world.s3.delete_public_access_block(Bucket=seen.id)


def encrypt_bucket(world, seen):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    world.s3.put_bucket_encryption(Bucket=seen.id, ServerSideEncryptionConfiguration={"Rules": [rule]})


def tag_bucket(world, seen):
    given = world.s3.get_bucket_tagging(Bucket=seen.id)["TagSet"]
    world.s3.put_bucket_tagging(Bucket=seen.id, Tagging={"TagSet": [*given, *tags(("made", "by hand"))]})


KINDS = all_kinds("eu-central-1")
APP = tags(("app", "shop"))

DATABASE = next(sample for sample in databases.SAMPLES if sample.type == "AWS::RDS::DBInstance")
SAID_ALIKE = (
    "MaxAllocatedStorage",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "PubliclyAccessible",
    "StorageType",
    "DBInstanceClass",
    "BackupRetentionPeriod",
    "MultiAZ",
    "DeletionProtection",
    "CopyTagsToSnapshot",
    "AutoMinorVersionUpgrade",
)
"""What the API calls as the property is called."""

CASES = [
    Case(
        "AWS::EC2::VPC",
        lambda w: {"CidrBlock": "10.9.0.0/16", "EnableDnsHostnames": True, "Tags": APP},
        {
            "EnableDnsHostnames": vpc_attribute("EnableDnsHostnames", value=False),
            "EnableDnsSupport": vpc_attribute("EnableDnsSupport", value=False),
            "Tags": ec2_tag,
        },
        {"Tags": tags(("app", "shop2"), ("new", "x")), "EnableDnsHostnames": False},
    ),
    Case(
        "AWS::EC2::Subnet",
        lambda w: {
            "VpcId": w.vpc,
            "CidrBlock": "10.0.9.0/24",
            "AvailabilityZone": "eu-central-1b",
            "Tags": APP,
        },
        {
            "MapPublicIpOnLaunch": subnet_attribute("MapPublicIpOnLaunch"),
            "AssignIpv6AddressOnCreation": subnet_attribute("AssignIpv6AddressOnCreation"),
            "Tags": ec2_untag,
        },
        {"MapPublicIpOnLaunch": True, "Tags": []},
    ),
    Case(
        "AWS::EC2::InternetGateway",
        lambda w: {"Tags": APP},
        {"Tags": ec2_tag},
        {"Tags": tags(("app", "x"))},
    ),
    Case(
        "AWS::EC2::VPCGatewayAttachment",
        lambda w: {"VpcId": w.vpc, "InternetGatewayId": w.gateways[0]},
        {"InternetGatewayId": swap_gateway},
    ),
    Case(
        "AWS::EC2::RouteTable",
        lambda w: {"VpcId": w.vpc, "Tags": APP},
        {"Tags": ec2_untag},
    ),
    Case(
        "AWS::EC2::Route",
        lambda w: {"RouteTableId": w.table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": w.gateways[0]},
        {"GatewayId": swap_route},
    ),
    Case(
        "AWS::EC2::SubnetRouteTableAssociation",
        lambda w: {"SubnetId": w.subnets[0], "RouteTableId": w.table},
        {},
    ),
    Case(
        "AWS::EC2::SecurityGroup",
        lambda w: {
            "GroupDescription": "web",
            "VpcId": w.vpc,
            "SecurityGroupIngress": [
                HTTP,
                {"IpProtocol": "all", "SourceSecurityGroupId": w.group},
            ],
            "SecurityGroupEgress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}],
            "Tags": APP,
        },
        {"SecurityGroupIngress": open_ssh, "SecurityGroupEgress": close_egress, "Tags": ec2_tag},
        {
            "SecurityGroupIngress": [
                HTTP | {"Description": "said otherwise"},
                HTTP | {"FromPort": 443, "ToPort": 443},
            ],
            "SecurityGroupEgress": [
                {"IpProtocol": "TCP", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8"}
            ],
        },
    ),
    Case(
        "AWS::EC2::SecurityGroupIngress",
        lambda w: {"GroupId": w.group, **HTTP},
        {"Description": reword},
    ),
    Case(
        "AWS::EC2::SecurityGroupEgress",
        lambda w: {"GroupId": w.group, **HTTP},
        {"Description": reword_egress},
        {"Description": "said otherwise"},
    ),
    Case(
        "AWS::EC2::Instance",
        lambda w: {
            "ImageId": "ami-12345678",
            "InstanceType": "t3.micro",
            "SubnetId": w.subnets[0],
            "SecurityGroupIds": [w.group],
            "MetadataOptions": {"HttpTokens": "required"},
            "UserData": "#!/bin/sh\ntrue\n",
            "Tags": APP,
        },
        {
            "State": stop,
            "InstanceType": resize,
            "Monitoring": lambda w, seen: w.ec2.monitor_instances(InstanceIds=[seen.id]),
            "EbsOptimized": instance_attribute(EbsOptimized={"Value": True}),
            "SecurityGroupIds": swap_groups,
            "SourceDestCheck": instance_attribute(SourceDestCheck={"Value": False}),
            "MetadataOptions": metadata,
            "Tags": ec2_tag,
        },
        {"InstanceType": "t3.small", "SourceDestCheck": False, "State": {"Name": "stopped"}},
    ),
    Case(
        "AWS::RDS::DBSubnetGroup",
        lambda w: {
            "DBSubnetGroupName": "Main",
            "DBSubnetGroupDescription": "d",
            "SubnetIds": w.subnets,
            "Tags": APP,
        },
        {
            "DBSubnetGroupDescription": rename_subnet_group,
            "SubnetIds": another_subnet,
            "Tags": rds_tag("DBSubnetGroupArn"),
        },
        {"DBSubnetGroupDescription": "said otherwise", "Tags": []},
    ),
    Case(
        "AWS::RDS::DBInstance",
        lambda w: resolved(without(DATABASE.full, "DBInstanceIdentifier"), lambda _of: w.group),
        {
            **{name: modify_db(**{name: DATABASE.updates[name]}) for name in SAID_ALIKE},
            "Port": modify_db(DBPortNumber=3399),
            "AllocatedStorage": modify_db(AllocatedStorage=21),
            "EnableCloudwatchLogsExports": modify_db(
                CloudwatchLogsExportConfiguration={"EnableLogTypes": ["error"]}
            ),
            "EngineVersion": modify_db(EngineVersion="8.4", AllowMajorVersionUpgrade=True),
            "VPCSecurityGroups": swap_db_groups,
            "Tags": rds_tag("DBInstanceArn"),
        },
        {
            "DBInstanceClass": "db.t3.small",
            "AllocatedStorage": 30,
            "EnableCloudwatchLogsExports": ["slowquery", "error"],
            "Tags": tags(("app", "x")),
        },
    ),
    Case(
        "AWS::S3::Bucket",
        lambda w: {
            "BucketName": "opsctl-test-bucket",
            "VersioningConfiguration": {"Status": "Enabled"},
            "Tags": APP,
        },
        {
            "VersioningConfiguration": version_bucket,
            "PublicAccessBlockConfiguration": open_bucket,
            "BucketEncryption": encrypt_bucket,
            "Tags": tag_bucket,
        },
        {
            "VersioningConfiguration": {"Status": "Suspended"},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
            "Tags": [],
        },
    ),
]

EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.type.replace("::", "-"))
